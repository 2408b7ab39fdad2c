// Instances coming, serving, dying and being replaced.

import Fleet
import Health
import Lifecycle
import Scaling
import Testing
import Vocabulary

struct InstancesTests {
    @Test func `nothing is spawned before the inventory is complete`() {
        var bench = Bench(Bench.policy(3))
        bench.pass(.seconds(60))
        #expect(bench.log.isEmpty)
        bench.tell(.inventoryComplete)
        #expect(bench.alive.map(\.id) == [Bench.id(1), Bench.id(2), Bench.id(3)])
    }

    @Test func `a new instance is probed once it is there and admitted after one pass`() {
        var fleet = Bench(Bench.policy(1)).fleet
        _ = fleet.handle(.inventoryComplete, now: .zero)
        let spawned = fleet.handle(.spawned(Bench.id(1)), now: .zero)
        #expect(spawned == [.probe(Bench.id(1))])
        let failed = fleet.handle(.probed(Bench.id(1), pass: false, detail: "refused"), now: .zero)
        #expect(failed == [])
        #expect(fleet.nextWakeup == .zero + .milliseconds(100))
        #expect(fleet.tick(now: .zero + .milliseconds(100)) == [.probe(Bench.id(1))])
        let passed = fleet.handle(.probed(Bench.id(1), pass: true, detail: "200"), now: .zero + .milliseconds(101))
        #expect(passed.first == .admit(Bench.id(1)))
    }

    @Test func `the first order about a dead instance removes it`() {
        var bench = Bench.running(Bench.policy(3))
        let orders = bench.tell(.exited(Bench.id(2), description: "exit code 3"))
        #expect(orders.first == .forget(Bench.id(2)))
        #expect(bench.notes.first?.message == "app-2 ended by itself: exit code 3")
        #expect(bench.report.instances.map(\.id) == [Bench.id(1), Bench.id(3)])
    }

    @Test func `a dead instance is replaced after its back-off under a new number`() {
        var bench = Bench.running(Bench.policy(3))
        bench.kill(Bench.id(2))
        #expect(bench.alive.count == 2)
        #expect(bench.report.backingOff.first?.attempt == 1)
        #expect(bench.report.backingOff.first?.reason == "signal 9 (SIGKILL)")
        bench.pass(.milliseconds(99))
        #expect(bench.alive.count == 2)
        bench.pass(.milliseconds(101))
        #expect(bench.phases() == ["1 v1 ready", "3 v1 ready", "4 v1 ready"])
    }

    @Test func `an exit nobody knows of is forgotten`() {
        var bench = Bench.running(Bench.policy(1))
        #expect(bench.tell(.exited(Bench.id(99), description: "")) == [.forget(Bench.id(99))])
    }

    @Test func `a spawn that fails is forgotten and tried again`() {
        var bench = Bench(Bench.policy(1))
        _ = bench.fleet.handle(.inventoryComplete, now: .zero)
        let orders = bench.fleet.handle(.spawnFailed(Bench.id(1), reason: "no such file"), now: .zero)
        #expect(orders.first == .forget(Bench.id(1)))
        bench.pass(.seconds(1))
        #expect(bench.log.contains(.spawn(Bench.id(2), Bench.v1)))
    }

    @Test func `a spawn without answer is given up, and a process that appears after all is killed`() {
        var fleet = Bench(Bench.policy(1)).fleet
        _ = fleet.handle(.inventoryComplete, now: .zero)
        #expect(fleet.nextWakeup == .zero + .seconds(10))
        let orders = fleet.tick(now: .zero + .seconds(10))
        #expect(Array(orders.prefix(2)) == [.kill(Bench.id(1)), .forget(Bench.id(1))])
        #expect(fleet.handle(.spawned(Bench.id(1)), now: .zero + .seconds(11)).first == .kill(Bench.id(1)))
    }

    @Test func `a probe without answer counts as failed, and the next one is ordered`() {
        var bench = Bench.running(Bench.policy(2))
        bench.answersProbes = false
        bench.pass(.seconds(30))
        #expect(bench.log == [.withhold(Bench.id(1)), .withhold(Bench.id(2))])
        #expect(bench.report.instances.first?.detail == "the probe was not answered")
    }

    @Test func `an answer nobody waits for changes nothing`() {
        var bench = Bench.running(Bench.policy(1))
        for _ in 0..<10 {
            #expect(bench.tell(.probed(Bench.id(1), pass: false, detail: "late")) == [])
        }
        #expect(bench.phases() == ["1 v1 ready"])
    }

    @Test func `an unhealthy instance is withheld and comes back`() {
        var bench = Bench.running(Bench.policy(2))
        bench.ill = [Bench.id(1)]
        bench.pass(.seconds(4))
        #expect(bench.log == [.withhold(Bench.id(1))])
        bench.ill = []
        bench.pass(.seconds(2))
        #expect(bench.log == [.withhold(Bench.id(1)), .admit(Bench.id(1))])
    }

    @Test func `one that stays unhealthy for a minute is replaced, one at a time`() {
        var bench = Bench.running(Bench.policy(3))
        bench.ill = [Bench.id(1), Bench.id(2)]
        bench.pass(.seconds(61))
        #expect(bench.phases() == ["1 v1 unhealthy", "2 v1 unhealthy", "3 v1 ready"])
        bench.pass(.seconds(6))
        let spawns = bench.log.filter { if case .spawn = $0 { true } else { false } }
        #expect(spawns.count == 2)
        #expect(bench.log.contains(.drain(Bench.id(1))) && bench.log.contains(.drain(Bench.id(2))))
        #expect(bench.report.instances.allSatisfy { $0.phase == "ready" })
    }

    @Test func `one that never becomes ready is given up at the start deadline`() {
        var bench = Bench(Bench.policy(1))
        bench.neverReady = [Bench.v1]
        bench.tell(.inventoryComplete)
        bench.pass(.seconds(59))
        #expect(bench.log == [.spawn(Bench.id(1), Bench.v1)])
        bench.pass(.seconds(1))
        #expect(bench.log.prefix(3) == [.spawn(Bench.id(1), Bench.v1), .terminate(Bench.id(1)), .forget(Bench.id(1))])
        #expect(bench.notes.contains { $0.message.contains("not ready within 60 s, last probe: 503") })
    }

    @Test func `refused connections seen by traffic take an instance out at once, but never the last`() {
        var bench = Bench.running(Bench.policy(2))
        func refused(_ id: InstanceID, _ total: Int, _ consecutive: Int) -> FleetEvent {
            .load(
                LoadSample(
                    members: [
                        LoadSample.Member(
                            id: id, inFlight: 0, requestsTotal: 0, responses5xx: 0, upstreamFailures: 0,
                            connectFailures: total, consecutiveConnectFailures: consecutive)
                    ], inFlightNanoseconds: 0, heldNow: 0))
        }
        bench.answersProbes = false
        #expect(bench.tell(refused(Bench.id(1), 1, 1)).first == .probe(Bench.id(1)))
        #expect(bench.tell(refused(Bench.id(1), 3, 3)).first == .withhold(Bench.id(1)))
        #expect(!bench.tell(refused(Bench.id(2), 30, 30)).contains(.withhold(Bench.id(2))))
    }

    @Test func `old refusals in an unchanged counter say nothing new`() {
        var bench = Bench.running(Bench.policy(2))
        let sample = LoadSample(
            members: [
                LoadSample.Member(
                    id: Bench.id(1), inFlight: 0, requestsTotal: 0, responses5xx: 0, upstreamFailures: 0,
                    connectFailures: 3, consecutiveConnectFailures: 3)
            ], inFlightNanoseconds: 0, heldNow: 0)
        bench.tell(.load(sample))
        #expect(bench.log == [.withhold(Bench.id(1))])
        bench.pass(.seconds(2))
        #expect(bench.log.last == .admit(Bench.id(1)))
        bench.tell(.load(sample))
        #expect(bench.log.last == .admit(Bench.id(1)))
    }

    @Test func `a crash-looping release gets one trial at a time and recovers when it holds`() {
        var bench = Bench(Bench.policy(3))
        bench.crashing = [Bench.v1]
        bench.tell(.inventoryComplete)
        bench.pass(.seconds(20))
        #expect(bench.report.crashLooping == [Bench.v1])
        #expect(bench.kinds().contains(.crashLooping))
        let before = bench.log.count
        bench.pass(.seconds(120))
        let trials = bench.log.dropFirst(before).count { if case .spawn = $0 { true } else { false } }
        #expect((4...8).contains(trials), "\(trials) trials in two minutes")
        bench.crashing = []
        bench.pass(.seconds(120))
        #expect(bench.report.instances.map(\.phase) == ["ready", "ready", "ready"])
        #expect(bench.report.crashLooping.isEmpty)
        #expect(bench.kinds().last == .crashLoopEnded)
    }

    @Test func `the order of a stop is drain, SIGTERM at zero in flight, SIGKILL after the grace`() {
        var bench = Bench.running(Bench.policy(2))
        bench.busy = [Bench.id(2)]
        bench.stubborn = [Bench.id(2)]
        bench.order(.scale(ScalingBounds(min: 1, max: 1)!))
        #expect(bench.log == [.drain(Bench.id(2))])
        bench.pass(.seconds(20))
        #expect(bench.log == [.drain(Bench.id(2))])
        bench.tell(.drained(Bench.id(2)))
        #expect(bench.log == [.drain(Bench.id(2)), .terminate(Bench.id(2))])
        bench.pass(.seconds(9))
        #expect(bench.log.count == 2)
        bench.pass(.seconds(1))
        #expect(bench.log.suffix(2) == [.kill(Bench.id(2)), .forget(Bench.id(2))])
        #expect(bench.phases() == ["1 v1 ready"])
    }

    @Test func `requests that never end are cut off at the drain deadline`() {
        var bench = Bench.running(Bench.policy(2))
        bench.busy = [Bench.id(2)]
        bench.order(.scale(ScalingBounds(min: 1, max: 1)!))
        bench.pass(.seconds(29))
        #expect(bench.log == [.drain(Bench.id(2))])
        bench.pass(.seconds(1))
        #expect(bench.log.contains(.terminate(Bench.id(2))))
    }

    @Test func `a stop of everything drains, stops and spawns nothing any more`() {
        var bench = Bench.running(Bench.policy(3))
        bench.busy = [Bench.id(3)]
        bench.order(.stopAll)
        #expect(!bench.fleet.isStopped)
        #expect(bench.phases() == ["3 v1 draining"])
        bench.tell(.drained(Bench.id(3)))
        #expect(bench.fleet.isStopped)
        bench.pass(.seconds(100))
        #expect(!bench.log.contains { if case .spawn = $0 { true } else { false } })
        #expect(bench.order(.scale(ScalingBounds(min: 1, max: 1)!))?.kind == .conflict)
    }

    @Test func `probes that could not be sent cost no instance its place`() {
        var bench = Bench.running(Bench.policy(2))
        bench.answersProbes = false
        for _ in 0..<40 {
            bench.pass(.milliseconds(250))
            for ordinal in UInt32(1)...2 { bench.tell(.probeNotSent(Bench.id(ordinal), detail: "not probed")) }
        }
        #expect(bench.phases() == ["1 v1 ready", "2 v1 ready"])
        #expect(bench.log == [] && bench.notes == [])
    }

    @Test func `an instance whose first probes keep failing is told of once, with the last answer`() {
        var bench = Bench(Bench.policy(1))
        bench.neverReady = [Bench.v1]
        bench.tell(.inventoryComplete)
        bench.pass(.seconds(9))
        #expect(!bench.kinds().contains(.instanceNotReady))
        bench.pass(.seconds(40))
        let told = bench.notes.filter { $0.kind == .instanceNotReady }
        #expect(told.map(\.message) == ["app-1 is not ready after 10 s, last probe: 503"])
    }
}
