// Taking events in: what each one changes about the instance it speaks of.

import Health
import Lifecycle
import Rollouts
import Scaling
import Statistics
import Vocabulary

extension Fleet {
    mutating func take(_ event: FleetEvent, _ now: Instant) {
        asOf = max(asOf, now)
        switch event {
        case .spawned(let id): spawned(id, now)
        case .spawnFailed(let id, let reason): spawnFailed(id, reason, now)
        case .adopted(let id, let release, let startedAt): adopt(id, release, startedAt, now)
        case .inventoryComplete: hasInventory = true
        case .exited(let id, let description): exited(id, description, now)
        case .probed(let id, let pass, let detail): probed(id, pass, detail, now)
        case .probeNotSent(let id, let detail): probeNotSent(id, detail, now)
        case .load(let sample): takeLoad(sample, now)
        case .drained(let id): drained(id, now)
        case .drainExpired(let id): drainExpired(id, now)
        case .policyChanged(let changed): adoptPolicy(changed, now)
        }
    }

    // MARK: Processes

    private mutating func spawned(_ id: InstanceID, _ now: Instant) {
        guard let index = index(of: id) else {
            // Given up on before it was there. Its exit will be forgotten like any other.
            orders.append(.kill(id))
            return
        }
        if let action = members[index].life.spawned(now: now) { perform(action, index, now) }
    }

    private mutating func spawnFailed(_ id: InstanceID, _ reason: String, _ now: Instant) {
        orders.append(.forget(id))
        guard let index = index(of: id) else { return }
        let member = members.remove(at: index)
        note(.instanceFailed, "\(id) could not be started: \(reason)", instance: id, release: member.release)
        guard !member.life.isLeaving else { return }
        countFailedStart(member, byDeadline: false, reason, now)
    }

    private mutating func adopt(_ id: InstanceID, _ release: ReleaseName, _ startedAt: Instant, _ now: Instant) {
        guard index(of: id) == nil else { return }
        nextOrdinal = max(nextOrdinal, min(id.ordinal, FleetSnapshot.countMax) + 1)
        let member = FleetMember(
            id: id, release: release,
            life: .adopted(policy: policy.lifecycle, startedAt: startedAt, now: now),
            health: HealthMachine(
                policy: policy.health, random: random.split("probes of \(id)"), now: now),
            attempt: 0)
        let place = members.firstIndex { $0.id > id } ?? members.endIndex
        members.insert(member, at: place)
        note(.instanceAdopted, "\(id) outlived the server before", instance: id, release: release)
        if isStopping || membersBefore.contains(where: { $0.id == id && $0.isLeaving }) {
            leave(place, because: "it was being stopped", now)
        }
    }

    private mutating func exited(_ id: InstanceID, _ description: String, _ now: Instant) {
        // First of all: no request may go there any more.
        orders.append(.forget(id))
        guard let index = index(of: id) else {
            if let before = membersBefore.first(where: { $0.id == id }), !hasInventory {
                let message = "\(id) ended while no server was there: \(description)"
                note(.instanceStopped, message, instance: id, release: before.release)
            }
            return
        }
        var member = members.remove(at: index)
        switch member.life.exited(now: now) {
        case .stopped:
            note(.instanceStopped, "\(id) ended: \(description)", instance: id, release: member.release)
        case .leftEarly:
            note(
                .instanceStopped, "\(id) ended while it drained: \(description)", instance: id, release: member.release)
        case .failedStart:
            note(
                .instanceFailed, "\(id) ended before it was ready: \(description)", instance: id,
                release: member.release)
            countFailedStart(member, byDeadline: false, description, now)
        case .crashed(let readyFor):
            note(.instanceFailed, "\(id) ended by itself: \(description)", instance: id, release: member.release)
            countCrash(member, readyFor: readyFor, description, now)
        }
    }

    private mutating func drained(_ id: InstanceID, _ now: Instant) {
        guard let index = index(of: id), let action = members[index].life.drained(now: now) else { return }
        perform(action, index, now)
    }

    private mutating func drainExpired(_ id: InstanceID, _ now: Instant) {
        guard let index = index(of: id), let action = members[index].life.drainExpired(now: now) else { return }
        perform(action, index, now)
    }

    mutating func countFailedStart(_ member: FleetMember, byDeadline: Bool, _ reason: String, _ now: Instant) {
        if member.release == rollout?.record.to {
            apply(rollout?.startFailed(byDeadline: byDeadline, reason: reason, now: now), now)
        }
        countCrash(member, readyFor: .zero, reason, now)
    }

    mutating func countCrash(_ member: FleetMember, readyFor: Duration, _ reason: String, _ now: Instant) {
        let index = ledgerForWriting(member.release)
        let loops = ledgers[index].ledger.failed(
            attempt: member.attempt, readyFor: readyFor, reason: reason, now: now)
        guard loops else { return }
        let restart = policy.lifecycle.restart
        note(
            .crashLooping,
            "\(member.release) failed \(restart.crashesMax) times in \(restart.crashWindow.inWords), last: \(reason); "
                + "from now on one trial at a time", release: member.release)
        if member.release == rollout?.record.to {
            apply(rollout?.crashLooping(reason: reason, now: now), now)
        }
    }

    // MARK: Health

    private mutating func probed(_ id: InstanceID, _ pass: Bool, _ detail: String, _ now: Instant) {
        // An answer nobody waits for any more: its probe ran into the deadline, or the instance leaves.
        guard let index = index(of: id), members[index].probedAt != nil, members[index].life.isProbed else { return }
        takeProbe(index, pass: pass, detail, now)
    }

    private mutating func probeNotSent(_ id: InstanceID, _ detail: String, _ now: Instant) {
        guard let index = index(of: id), members[index].probedAt != nil else { return }
        members[index].probedAt = nil
        members[index].detail = detail
        members[index].health.probeNotSent(now: now)
    }

    mutating func takeProbe(_ index: Int, pass: Bool, _ detail: String, _ now: Instant) {
        members[index].probedAt = nil
        members[index].detail = detail
        let change = members[index].health.probed(pass: pass, now: now)
        takeHealth(change, index, now)
        if !pass { complainOfFirstProbes(index, now) }
    }

    /// A wrong path of the health check looks like a slow start: somebody should hear of it before the start deadline.
    private mutating func complainOfFirstProbes(_ index: Int, _ now: Instant) {
        let member = members[index]
        let time = now - member.life.since
        guard member.life.phase == .starting, !member.hasProbeComplaint, time >= Self.firstProbesPatience
        else { return }
        members[index].hasProbeComplaint = true
        note(
            .instanceNotReady, "\(member.id) is not ready after \(time.inWords), last probe: \(member.detail ?? "")",
            instance: member.id, release: member.release)
    }

    private mutating func takeHealth(_ change: HealthChange?, _ index: Int, _ now: Instant) {
        let id = members[index].id
        let release = members[index].release
        switch change {
        case nil: return
        case .becameHealthy:
            guard let action = members[index].life.becameHealthy(now: now) else { return }
            perform(action, index, now)
            note(.instanceReady, "\(id) is ready: \(members[index].detail ?? "")", instance: id, release: release)
            if let ledger = ledgerIndex(release) { ledgers[ledger].ledger.becameReady(now: now) }
            if release == rollout?.record.to { rollout?.becameReady() }
        case .becameUnhealthy(let reason):
            guard let action = members[index].life.becameUnhealthy(now: now) else { return }
            perform(action, index, now)
            let detail = members[index].detail.map { ", last probe: \($0)" } ?? ""
            note(.instanceUnhealthy, "\(id) takes no traffic: \(reason)\(detail)", instance: id, release: release)
        }
    }

    // MARK: Load

    private mutating func takeLoad(_ sample: LoadSample, _ now: Instant) {
        var fresh = Tally()
        var stale = Tally()
        for counters in sample.members {
            guard let index = index(of: counters.id) else { continue }
            let grown = counters.grown(since: members[index].counters)
            members[index].counters = counters
            if members[index].release == rollout?.record.to {
                fresh.add(grown.outcomes)
            } else {
                stale.add(grown.outcomes)
            }
            if grown.connectFailures > 0, counters.consecutiveConnectFailures > 0 {
                let isLast = !members.contains { $0.id != counters.id && $0.isReady }
                let change = members[index].health.connectFailed(
                    consecutive: counters.consecutiveConnectFailures, isLast: isLast, now: now)
                takeHealth(change, index, now)
            }
        }
        apply(rollout?.outcomes(new: fresh, old: stale, now: now), now)
        observeLoad(sample, now)
    }

    private mutating func observeLoad(_ sample: LoadSample, _ now: Instant) {
        defer { lastLoad = (sample.inFlightNanoseconds, now) }
        // The first sample is only a beginning, and so is one after the gateway started anew.
        guard let last = lastLoad, now > last.at, sample.inFlightNanoseconds >= last.integral else { return }
        let integral = Double(sample.inFlightNanoseconds - last.integral)
        let average = integral / Double((now - last.at).nanoseconds)
        scaler.observe(average: average, from: last.at, to: now)
        guard hasInventory, !isStopping else { return }
        let before = scaler.desired
        let decision = scaler.decide(
            .init(
                ready: members.count { $0.isReady && $0.isStaying }, isRollingOut: rollout != nil, held: sample.heldNow),
            now: now)
        if decision.desired != before {
            note(.scaled, "from \(before) to \(decision.reason)")
        }
    }

    // MARK: Settings

    private mutating func adoptPolicy(_ changed: FleetPolicy, _ now: Instant) {
        let boundsBefore = policy.bounds
        policy = changed
        for index in members.indices {
            members[index].life.policy = changed.lifecycle
            members[index].health.adopt(changed.health, now: now)
        }
        for index in ledgers.indices { ledgers[index].ledger.policy = changed.lifecycle.restart }
        rollout?.policy = changed.rollout
        scaler.policy = changed.scaling
        guard changed.bounds != boundsBefore else { return }
        boundsOverride = nil
        setBounds(changed.bounds, "the settings ask for \(changed.bounds)", now)
    }

    mutating func setBounds(_ bounds: ScalingBounds, _ why: String, _ now: Instant) {
        let before = scaler.desired
        scaler.setBounds(bounds, now: now)
        note(
            .scaled,
            before == scaler.desired ? "kept at \(before): \(why)" : "from \(before) to \(scaler.desired): \(why)")
    }
}

extension LoadSample.Member {
    /// What came in since `earlier`; counters that went back have begun anew.
    fileprivate func grown(since earlier: LoadSample.Member?) -> (outcomes: Tally, connectFailures: Int) {
        func growth(_ count: KeyPath<LoadSample.Member, Int>) -> Int {
            let before = earlier?[keyPath: count] ?? 0
            return self[keyPath: count] >= before ? self[keyPath: count] - before : self[keyPath: count]
        }
        let failures = growth(\.responses5xx) + growth(\.upstreamFailures)
        return (Tally(failures: failures, requests: growth(\.requestsTotal)), growth(\.connectFailures))
    }
}
