// Stories made up from a seed: policies, releases, load, orders and bad luck.

import Fleet
import Health
import Lifecycle
import Rollouts
import Scaling
import Vocabulary

extension Script {
    /// A random story of 30 to 55 simulated seconds before the calm.
    package static func random(seed: UInt64) -> Script {
        var random = SeededRandom(seed: seed).split("script")
        let policy = FleetPolicy.random(&random)
        let isHarmless = random.chance(0.3)
        let length = random.pick(30...55)
        var conducts = [(ReleaseName("v1"), Conduct.good(&random))]
        for number in 2...4 {
            let conduct = random.chance(0.5) ? Conduct.good(&random) : Conduct.bad(&random, isHarmless: isHarmless)
            conducts.append((ReleaseName("v\(number)"), conduct))
        }
        var steps: [(at: Duration, step: Step)] = [(.seconds(7), .load(Double(random.pick(2...12))))]
        for _ in 0..<random.pick(3...9) {
            let at = Duration.milliseconds(random.pick(8_000...(length * 1000)))
            let step: Step = isHarmless ? .randomOrder(policy, &random) : .randomStep(policy, &random)
            steps.append((at, step))
            // An operator who holds a rollout mostly means to go on.
            if step == .command(.pauseRollout), random.chance(0.7) {
                steps.append((at + random.duration(500...8000), .command(.resumeRollout)))
            }
        }
        // Whatever happened, the load is light in the end, and nobody is left to resume a paused rollout.
        steps.append((.seconds(length), .load(4)))
        return Script(
            seed: seed, policy: policy, conducts: conducts, steps: steps,
            lostProbes: isHarmless ? 0 : random.chance(0.3) ? 0.02 : 0,
            failedSpawns: isHarmless ? 0 : random.chance(0.2) ? 0.2 : 0,
            sampling: random.chance(0.8) ? .milliseconds(500) : nil, calmFrom: .seconds(length),
            end: .seconds(length + 600))
    }
}

extension Script.Step {
    fileprivate static func randomOrder(_ policy: FleetPolicy, _ random: inout SeededRandom) -> Self {
        switch random.pick(0...9) {
        case 0...3: return .command(.startRollout(ReleaseName("v\(random.pick(1...4))")))
        case 4: return .command(.pauseRollout)
        case 5: return .command(.resumeRollout)
        case 6: return .command(.undoRollout)
        case 7:
            let low = random.pick(1...5)
            return .command(.scale(ScalingBounds(min: low, max: low + random.pick(0...2))!))
        case 8: return .drainSome
        default: return .load(Double(random.pick(0...25)))
        }
    }

    fileprivate static func randomStep(_ policy: FleetPolicy, _ random: inout SeededRandom) -> Self {
        switch random.pick(0...11) {
        case 0...1: return .killSome
        case 2: return .hangSome(random.chance(0.5) ? .seconds(random.pick(1...15)) : nil)
        case 3: return .killServer
        case 4: return .killServerWithinOrders
        case 5:
            var changed = FleetPolicy.random(&random)
            changed.bounds = random.chance(0.5) ? policy.bounds : changed.bounds
            return .changePolicy(changed)
        default: return randomOrder(policy, &random)
        }
    }
}

extension FleetPolicy {
    fileprivate static func random(_ random: inout SeededRandom) -> FleetPolicy {
        let low = random.pick(1...4)
        let bounds = ScalingBounds(min: low, max: random.chance(0.5) ? low : low + random.pick(1...3))!
        return FleetPolicy(
            bounds: bounds,
            health: HealthPolicy(interval: .seconds(random.pick(1...2)), fall: random.pick(1...3), rise: 2),
            lifecycle: LifecyclePolicy(
                spawnTimeout: .seconds(2), startDeadline: .seconds(8), drainDeadline: .seconds(random.pick(1...5)),
                stopGrace: .seconds(2), killInterval: .seconds(1), unhealthyDeadline: .seconds(10),
                restart: RestartPolicy(backOffMax: .seconds(10), readyReset: .seconds(20), crashWindow: .seconds(20))),
            scaling: ScalingPolicy(
                inFlightPerInstance: 2, stableWindow: .seconds(10), panicWindow: .seconds(3),
                downStabilisation: .seconds(15), downPeriod: .seconds(5)),
            rollout: RolloutPolicy(
                surge: random.chance(0.3) ? .percent(25) : .count(random.pick(0...2)),
                unavailable: random.chance(0.3) ? .percent(34) : .count(random.pick(0...1)),
                settle: .milliseconds(random.pick(0...3000)), deadline: .seconds(40),
                undo: random.chance(0.85) ? .automatic : .manual))
    }
}

extension Conduct {
    fileprivate static func good(_ random: inout SeededRandom) -> Conduct {
        Conduct(
            boot: 100...random.pick(200...3000), work: 10...random.pick(50...900),
            exit: random.chance(0.5) ? 0...0 : 0...1500, ignoresTerminate: random.chance(0.05))
    }

    fileprivate static func bad(_ random: inout SeededRandom, isHarmless: Bool) -> Conduct {
        var conduct = good(&random)
        switch random.pick(0...(isHarmless ? 2 : 5)) {
        case 0: conduct.crashesAtBoot = 1
        case 1: conduct.neverReady = true
        case 2: conduct.crashesAtBoot = 0.4
        case 3: conduct.failing = 1
        case 4: conduct.failing = 0.1
        default: conduct.crashRate = 0.3
        }
        return conduct
    }
}

extension SeededRandom {
    /// A number of `range`, each as likely.
    mutating func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    mutating func chance(_ share: Double) -> Bool { unit() < share }

    mutating func duration(_ milliseconds: ClosedRange<Int>) -> Duration {
        .milliseconds(pick(milliseconds))
    }
}
