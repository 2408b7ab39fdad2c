// When a backend may take traffic: thresholds, cadence and what traffic tells.

import Health
import Testing
import Vocabulary

struct HealthMachineTests {
    private let policy = HealthPolicy(jitter: 0)

    private func machine(_ policy: HealthPolicy? = nil) -> HealthMachine {
        HealthMachine(policy: policy ?? self.policy, random: SeededRandom(seed: 1), now: .zero)
    }

    private func healthy() -> HealthMachine {
        var machine = machine()
        _ = machine.probed(pass: true, now: .zero)
        return machine
    }

    private func at(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

    @Test func `a new backend is down, and probed at once`() {
        let machine = machine()
        #expect(!machine.isHealthy)
        #expect(machine.nextProbe == .zero)
    }

    @Test func `one pass is enough the first time`() {
        var machine = machine()
        #expect(machine.probed(pass: false, now: at(0)) == nil)
        #expect(machine.probed(pass: true, now: at(100)) == .becameHealthy)
        #expect(machine.isHealthy)
    }

    @Test func `it is probed every 100 ms until its first pass, however often it fails`() {
        var machine = machine()
        for probe in 0..<20 {
            #expect(machine.nextProbe == at(probe * 100))
            #expect(machine.probed(pass: false, now: at(probe * 100)) == nil)
        }
        #expect(machine.standing == .unproven)
    }

    @Test(arguments: [1, 2, 3, 5])
    func `it falls after exactly fall failures in a row`(fall: Int) {
        var machine = machine(HealthPolicy(fall: fall, jitter: 0))
        _ = machine.probed(pass: true, now: .zero)
        for _ in 1..<max(fall, 1) { #expect(machine.probed(pass: false, now: .zero) == nil) }
        guard case .becameUnhealthy = machine.probed(pass: false, now: .zero) else {
            Issue.record("still healthy after \(fall) failures")
            return
        }
        #expect(machine.probed(pass: false, now: .zero) == nil)
    }

    @Test func `a pass between failures starts the count anew`() {
        var machine = healthy()
        for pass in [false, false, true, false, false, true] {
            #expect(machine.probed(pass: pass, now: .zero) == nil)
        }
        #expect(machine.isHealthy)
    }

    @Test(arguments: [1, 2, 4])
    func `once fallen it comes back after exactly rise passes in a row`(rise: Int) {
        var machine = machine(HealthPolicy(fall: 1, rise: rise, jitter: 0))
        _ = machine.probed(pass: true, now: .zero)
        _ = machine.probed(pass: false, now: .zero)
        for _ in 1..<max(rise, 1) { #expect(machine.probed(pass: true, now: .zero) == nil) }
        #expect(machine.probed(pass: true, now: .zero) == .becameHealthy)
    }

    @Test func `it is probed at the interval when settled and every 500 ms in question or down`() {
        var machine = healthy()
        #expect(machine.nextProbe == at(2000))
        _ = machine.probed(pass: false, now: at(2000))
        #expect(machine.nextProbe == at(2500))
        _ = machine.probed(pass: false, now: at(2500))
        _ = machine.probed(pass: false, now: at(3000))
        #expect(machine.standing == .unhealthy)
        #expect(machine.nextProbe == at(3500))
    }

    @Test func `a settled interval is spread by the jitter both ways and no further`() {
        var machine = machine(HealthPolicy(jitter: 0.1))
        var now = Instant.zero
        var pauses: [Duration] = []
        for _ in 0..<500 {
            _ = machine.probed(pass: true, now: now)
            pauses.append(machine.nextProbe - now)
            now = machine.nextProbe
        }
        #expect(pauses.allSatisfy { $0 >= .milliseconds(1800) && $0 <= .milliseconds(2200) })
        #expect(pauses.contains { $0 < .milliseconds(1900) } && pauses.contains { $0 > .milliseconds(2100) })
    }

    @Test func `three refused connections in a row take it down at once`() {
        var machine = healthy()
        #expect(
            machine.connectFailed(consecutive: 3, isLast: false, now: at(100))
                == .becameUnhealthy(reason: "3 connections in a row failed"))
        #expect(machine.nextProbe == at(600))
        #expect(machine.probed(pass: true, now: at(600)) == nil)
        #expect(machine.probed(pass: true, now: at(1100)) == .becameHealthy)
    }

    @Test func `fewer refused connections only pull the next probe forward`() {
        var machine = healthy()
        #expect(machine.connectFailed(consecutive: 1, isLast: false, now: at(100)) == nil)
        #expect(machine.isHealthy)
        #expect(machine.nextProbe == at(100))
    }

    @Test func `the last healthy one is never taken down by traffic alone`() {
        var machine = healthy()
        #expect(machine.connectFailed(consecutive: 50, isLast: true, now: at(100)) == nil)
        #expect(machine.isHealthy)
        #expect(machine.nextProbe == at(100))
    }

    @Test func `refused connections to one that is down say nothing new`() {
        var machine = machine()
        #expect(machine.connectFailed(consecutive: 9, isLast: false, now: at(0)) == nil)
    }

    @Test func `changed settings keep the standing and the counts`() {
        var machine = healthy()
        _ = machine.probed(pass: false, now: at(0))
        machine.adopt(HealthPolicy(interval: .seconds(30), fall: 2, jitter: 0), now: at(100))
        #expect(machine.isHealthy)
        #expect(machine.nextProbe <= at(600))
        guard case .becameUnhealthy = machine.probed(pass: false, now: at(500)) else {
            Issue.record("the failure before the reload was forgotten")
            return
        }
    }

    @Test func `a shorter interval takes effect at once`() {
        var machine = machine(HealthPolicy(interval: .seconds(60), jitter: 0))
        _ = machine.probed(pass: true, now: .zero)
        machine.adopt(HealthPolicy(interval: .seconds(1), jitter: 0), now: at(100))
        #expect(machine.nextProbe == at(1100))
    }

    @Test func `a probe that was not sent changes neither the standing nor the counts, and is due again`() {
        var machine = healthy()
        _ = machine.probed(pass: false, now: at(2000))
        _ = machine.probed(pass: false, now: at(2500))
        for _ in 0..<10 { machine.probeNotSent(now: at(3000)) }
        #expect(machine.isHealthy)
        #expect(machine.nextProbe == at(3500))
        guard case .becameUnhealthy = machine.probed(pass: false, now: at(3500)) else {
            Issue.record("the two failures before were forgotten")
            return
        }
    }
}
