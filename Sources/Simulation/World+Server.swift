// The server's actor in a simulated world: events in, orders carried out, its death and its return.

import Fleet
import Health
import Vocabulary

extension World {
    mutating func startServer() {
        isServerUp = true
        wakeAt = nil
        gateway = SimulatedGateway(now: now)
        if generation > 0 {
            fleet = Self.makeFleet(script, policy, saved, generation, now)
            invariants.serverStarted()
        }
        for process in processes {
            tell(.adopted(process.id, release: process.release, startedAt: process.startedAt))
        }
        for exit in exits { tell(.exited(exit.id, description: exit.description)) }
        tell(.inventoryComplete)
        if let every = script.sampling { queue.plan(.sample(generation: generation), at: now + every) }
        let waiting = backlog
        backlog = 0
        for _ in 0..<waiting { dispatch() }
    }

    mutating func killServer(_ how: String) {
        guard isServerUp else { return }
        say("the server is killed \(how)")
        lostWithServer += gateway.lossAtServerDeath()
        answeredBefore += gateway.answeredRequests
        failedBefore += gateway.failedRequests
        gateway = SimulatedGateway(now: now)
        isServerUp = false
        ordersBeforeDeath = nil
        generation += 1
        queue.plan(.serverStarts, at: now + random.duration(20...800))
    }

    /// Hands an event to the fleet and carries its orders out.
    mutating func tell(_ event: FleetEvent) {
        guard isServerUp, invariants.violation == nil else { return }
        transcript.append(TranscriptLine(at: now, what: .event(event)))
        invariants.before(event, self)
        let orders = fleet.handle(event, now: now)
        invariants.after(event, orders, self)
        perform(orders)
    }

    mutating func command(_ command: FleetCommand) {
        guard isServerUp else { return }
        switch fleet.command(command, now: now) {
        case .success(let orders):
            say("obeys \(command)")
            invariants.obeyed(command, self)
            perform(orders)
        case .failure(let refusal): say("refuses \(command): \(refusal.message)")
        }
    }

    mutating func perform(_ orders: [FleetOrder]) {
        saved = fleet.snapshot
        for order in orders {
            guard isServerUp, invariants.violation == nil else { return }
            if let left = ordersBeforeDeath {
                if left == 0 { return killServer("before \(order)") }
                ordersBeforeDeath = left - 1
            }
            transcript.append(TranscriptLine(at: now, what: .order(order)))
            invariants.check(order, self)
            carryOut(order)
        }
        if let due = fleet.nextWakeup, wakeAt.map({ due < $0 }) ?? true {
            wakeAt = due
            queue.plan(.wake(generation: generation), at: due)
        }
    }

    private mutating func carryOut(_ order: FleetOrder) {
        switch order {
        case .spawn(let id, let release): spawn(id, release)
        case .probe(let id): probe(id)
        case .admit(let id):
            gateway.set(id, .ready, now: now)
            while gateway.backends.contains(where: { $0.standing == .ready && takesConnections($0.id) }),
                gateway.unhold(now: now)
            { dispatch() }
        case .withhold(let id): gateway.set(id, .down, now: now)
        case .drain(let id):
            gateway.set(id, .draining, now: now)
            noteDrained(id)
        case .terminate(let id): terminate(id)
        case .kill(let id):
            guard let index = process(id) else { return }
            processes[index].isEnding = true
            queue.plan(.exit(id, "signal 9"), at: now + random.duration(0...2))
        case .forget(let id):
            gateway.remove(id, now: now)
            exits.removeAll { $0.id == id }
        case .note: break
        }
    }

    /// Tells the fleet, soon, when nothing is in flight on a draining backend.
    mutating func noteDrained(_ id: InstanceID) {
        guard let index = gateway.index(of: id), gateway.backends[index].standing == .draining,
            gateway.backends[index].inFlight == 0
        else { return }
        answerSoon(.drained(id), 1...5)
    }

    mutating func answerSoon(_ event: FleetEvent, _ milliseconds: ClosedRange<Int>) {
        queue.plan(.tell(event, generation: generation), at: now + random.duration(milliseconds))
    }

    private mutating func probe(_ id: InstanceID) {
        if !isCalm, random.chance(script.lostProbes) { return }
        guard let index = process(id) else {
            return answerSoon(.probed(id, pass: false, detail: "connection refused"), 1...3)
        }
        let process = processes[index]
        if process.isHung {
            let timeout = Int(policy.health.timeout.inSeconds * 1000)
            return answerSoon(.probed(id, pass: false, detail: "timeout"), timeout...timeout)
        }
        guard process.isServing, !process.isEnding else {
            return answerSoon(.probed(id, pass: false, detail: "connection refused"), 1...3)
        }
        let pass = !process.conduct.neverReady
        answerSoon(.probed(id, pass: pass, detail: pass ? "200" : "503"), 1...10)
    }
}
