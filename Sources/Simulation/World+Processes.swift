// Processes, requests and bad luck in a simulated world.

import Fleet
import Rollouts
import Vocabulary

extension World {
    // MARK: Processes

    mutating func spawn(_ id: InstanceID, _ release: ReleaseName) {
        if !isCalm, random.chance(script.failedSpawns) {
            return answerSoon(.spawnFailed(id, reason: "no such file"), 1...30)
        }
        let conduct = script.conducts.first { $0.release == release }?.conduct ?? Conduct()
        let place = processes.firstIndex { $0.id > id } ?? processes.endIndex
        processes.insert(Process(id: id, release: release, conduct: conduct, startedAt: now), at: place)
        let boot = random.duration(conduct.boot)
        if random.chance(conduct.crashesAtBoot) {
            queue.plan(.exit(id, "exit code 1"), at: now + boot * random.unit())
        } else {
            queue.plan(.booted(id), at: now + boot)
        }
        if conduct.crashRate > 0 {
            let life = .milliseconds(Int(random.exponential / conduct.crashRate * 1000)) + boot
            if now + life < .zero + script.calmFrom { queue.plan(.exit(id, "signal 11"), at: now + life) }
        }
        answerSoon(.spawned(id), 1...30)
    }

    mutating func booted(_ id: InstanceID) {
        if let index = process(id) { processes[index].isServing = true }
    }

    /// Dies at once on SIGTERM, whatever is in flight, or after a while, or not at all.
    mutating func terminate(_ id: InstanceID) {
        guard let index = process(id), !processes[index].conduct.ignoresTerminate, !processes[index].isHung else {
            return
        }
        processes[index].isEnding = true
        queue.plan(.exit(id, "exit code 0"), at: now + random.duration(processes[index].conduct.exit))
    }

    mutating func exit(_ id: InstanceID, _ description: String) {
        guard let index = process(id) else { return }
        processes.remove(at: index)
        exits.append((id, description))
        gateway.lose(id, now: now)
        say("\(id) ends: \(description)")
        answerSoon(.exited(id, description: description), 0...3)
    }

    func takesConnections(_ id: InstanceID) -> Bool {
        process(id).map { processes[$0].isServing && !processes[$0].isEnding } ?? false
    }

    // MARK: Requests

    mutating func arrive(_ stream: Int) {
        guard stream == loadStream, load > 0 else { return }
        queue.plan(.arrival(stream: stream), at: now + .nanoseconds(Int64(random.exponential / load * 1e9)))
        if isServerUp { dispatch() } else { backlog += 1 }
    }

    mutating func dispatch() {
        let taking = processes.filter { $0.isServing && !$0.isEnding }.map(\.id)
        guard let id = gateway.dispatch(now: now, takesConnections: { taking.contains($0) }),
            let index = process(id)
        else { return }
        queue.plan(
            .answer(id, generation: generation), at: now + random.duration(processes[index].conduct.work))
    }

    mutating func answer(_ id: InstanceID, _ generation: Int) {
        guard generation == self.generation, isServerUp, let index = process(id) else { return }
        if processes[index].isHung {
            return queue.plan(.answer(id, generation: generation), at: now + .milliseconds(500))
        }
        gateway.answer(id, isError: random.chance(processes[index].conduct.failing), now: now)
        noteDrained(id)
    }

    // MARK: The script

    mutating func perform(_ step: Script.Step) {
        switch step {
        case .command(let order): command(order)
        case .drainSome:
            let instances = fleet.report(now: now).instances
            guard !instances.isEmpty else { return }
            command(.drain(instances[random.pick(0...(instances.count - 1))].id))
        case .changePolicy(let changed):
            policy = changed
            tell(.policyChanged(changed))
        case .killSome:
            guard let victim = somebody else { return }
            say("\(victim) is killed")
            exit(victim, "signal 9")
        case .hangSome(let length):
            guard let victim = somebody, let index = process(victim) else { return }
            say("\(victim) hangs for \(length.map { "\($0)" } ?? "ever")")
            processes[index].isHung = true
            if let length { queue.plan(.resume(victim), at: now + length) }
        case .killServer: killServer("between two steps")
        case .killServerWithinOrders: ordersBeforeDeath = random.pick(0...3)
        case .load(let rate):
            load = rate
            loadStream += 1
            queue.plan(.arrival(stream: loadStream), at: now)
        }
    }

    mutating func becomeCalm() {
        isCalm = true
        ordersBeforeDeath = nil
        say("calm")
        if !isServerUp { return queue.plan(.calm, at: now + .seconds(1)) }
        if fleet.report(now: now).rollout?.record.state == .paused { command(.undoRollout) }
        // A rollout that waits for a person once more would wait for ever.
        queue.plan(.calm, at: now + .seconds(30))
    }

    private var somebody: InstanceID? {
        processes.isEmpty
            ? nil : processes[Int(UInt64(truncatingIfNeeded: transcript.count) % UInt64(processes.count))].id
    }
}

extension SeededRandom {
    /// Exponentially distributed with mean 1: the time between arrivals of a Poisson stream.
    ///
    /// By von Neumann's comparison of uniform numbers, which needs no logarithm.
    var exponential: Double {
        mutating get {
            var whole = 0.0
            while true {
                let first = unit()
                var last = first
                var runLength = 1
                while true {
                    let next = unit()
                    if next >= last { break }
                    last = next
                    runLength += 1
                }
                if runLength % 2 == 1 { return whole + first }
                whole += 1
            }
        }
    }
}
