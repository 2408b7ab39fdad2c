// The gate of a listener and the tally of addresses by themselves, with threads in place of workers.

import Kernel
import Synchronization
import Testing
import Vocabulary

@testable import Proxy

@Suite struct ListenerGateTests {
    /// What the threads do together: how many are in, and the most that ever were.
    private final class Room: Sendable {
        let inside = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        let visits = Atomic<Int>(0)
        let wanted: Int

        init(wanted: Int) { self.wanted = wanted }

        func visit() {
            let now = inside.add(1, ordering: .relaxed).newValue
            var seen = most.load(ordering: .relaxed)
            while now > seen {
                seen = most.compareExchange(expected: seen, desired: now, ordering: .relaxed).original
            }
            inside.subtract(1, ordering: .relaxed)
            visits.add(1, ordering: .relaxed)
        }

        var isOver: Bool { visits.load(ordering: .relaxed) == wanted }
    }

    /// One client after the other, as a worker lets them in; then grants that came too late are handed on.
    private static func work(_ gate: ListenerGate, _ room: Room, worker: Int, clients: Int) {
        for _ in 0..<clients {
            var isIn = gate.enter() || gate.wait(worker: worker)
            while !isIn {
                let grants = gate.takeGrants(worker: worker)
                isIn = grants > 0
                for _ in 0..<max(0, grants - 1) { gate.leave() }
            }
            gate.stopWaiting(worker: worker)
            room.visit()
            gate.leave()
        }
        while !room.isOver {
            for _ in 0..<gate.takeGrants(worker: worker) { gate.leave() }
        }
    }

    @Test(arguments: [1, 2, 3])
    func `never more than the bound are in, and everybody gets in`(_ limit: Int) throws {
        let (workers, clients) = (4, 3000)
        let gate = ListenerGate(workers: workers, limit: limit, bells: WorkerBells(workers: workers), seed: 1)
        let room = Room(wanted: workers * clients)
        let threads = try (0..<workers).map { worker in
            try Background { Self.work(gate, room, worker: worker, clients: clients) }
        }
        for thread in threads { thread.join() }
        #expect(room.most.load(ordering: .relaxed) <= limit)
        for worker in 0..<workers { for _ in 0..<gate.takeGrants(worker: worker) { gate.leave() } }
        // All places are free again.
        for _ in 0..<limit { #expect(gate.enter()) }
        #expect(!gate.enter())
    }

    @Test func `a place is handed to the workers that wait in turn`() {
        let gate = ListenerGate(workers: 3, limit: 1, bells: WorkerBells(workers: 3), seed: 1)
        #expect(gate.enter())
        for worker in [2, 0, 1] { #expect(!gate.wait(worker: worker)) }
        for worker in 0..<3 {
            gate.leave()
            #expect((0..<3).map { gate.takeGrants(worker: $0) } == (0..<3).map { $0 == worker ? 1 : 0 })
            // While others wait, nobody who comes now passes them.
            #expect(!gate.enter())
        }
        gate.leave()
        #expect(gate.enter())
    }

    @Test func `a lowered bound is reached before anybody is let in again`() {
        let gate = ListenerGate(workers: 1, limit: 3, bells: WorkerBells(workers: 1), seed: 1)
        for _ in 0..<3 { #expect(gate.enter()) }
        gate.setLimit(1)
        #expect(!gate.wait(worker: 0))
        for grants in [0, 0, 1] {
            gate.leave()
            #expect(gate.takeGrants(worker: 0) == grants)
        }
    }
}

@Suite struct AddressTallyTests {
    @Test func `counts each address by itself, and an IPv6 network of 64 bits as one`() {
        let tally = AddressTally(seed: 42)
        let keys = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:0:1::1"].map { tally.key(of: IPAddress($0)!) }
        #expect(Set(keys).count == 4)
        #expect(tally.key(of: IPAddress("2001:db8::ffff:1")!) == keys[2])
        for key in keys {
            for _ in 0..<3 { #expect(tally.enter(key, limit: 3)) }
            #expect(!tally.enter(key, limit: 3))
        }
        tally.leave(keys[0])
        #expect(tally.enter(keys[0], limit: 3))
        #expect(!tally.enter(keys[0], limit: 3))
    }

    @Test func `50,000 addresses with one connection each are nearly all let in at a bound of two`() {
        let tally = AddressTally(seed: 7)
        var refused = 0
        for number in 0..<50_000 {
            let key = tally.key(of: IPAddress(v4: 0x0a00_0000 + UInt32(number)))
            if !tally.enter(key, limit: 2) { refused += 1 }
        }
        #expect(refused < 50)
    }
}
