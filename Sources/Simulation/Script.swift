// What is done to a simulated world and when: by an operator, by load and by bad luck.

import Fleet
import Health
import Lifecycle
import Rollouts
import Scaling
import Vocabulary

/// One story. The same script always gives the same transcript. Pure.
package struct Script: Sendable {
    /// One thing that is done to the world.
    package enum Step: Sendable, Hashable {
        case command(FleetCommand)
        /// `drain` of some instance.
        case drainSome
        case changePolicy(FleetPolicy)
        /// SIGKILL to some process.
        case killSome
        /// Some process stops answering for so long; `nil` is for ever.
        case hangSome(Duration?)
        /// `kill -9` of the server between two of its steps.
        case killServer
        /// `kill -9` of the server in the middle of carrying out its next orders.
        case killServerWithinOrders
        /// From now on so many requests arrive per second.
        case load(Double)
    }

    package var seed: UInt64
    package var policy: FleetPolicy
    package var release: ReleaseName
    package var conducts: [(release: ReleaseName, conduct: Conduct)]
    package var steps: [(at: Duration, step: Step)]
    /// The chance that an answer of the prober never comes.
    package var lostProbes: Double
    /// The chance that a spawn fails outright.
    package var failedSpawns: Double
    /// Between two load samples; `nil` when there are none.
    package var sampling: Duration?
    /// From here on nothing bad happens any more, and a paused rollout is resumed.
    package var calmFrom: Duration
    /// By then everything must have come to rest.
    package var end: Duration

    package init(
        seed: UInt64, policy: FleetPolicy, release: ReleaseName = ReleaseName("v1"),
        conducts: [(release: ReleaseName, conduct: Conduct)], steps: [(at: Duration, step: Step)],
        lostProbes: Double = 0, failedSpawns: Double = 0, sampling: Duration? = .milliseconds(500),
        calmFrom: Duration, end: Duration
    ) {
        self.seed = seed
        self.policy = policy
        self.release = release
        self.conducts = conducts
        self.steps = steps
        self.lostProbes = lostProbes
        self.failedSpawns = failedSpawns
        self.sampling = sampling
        self.calmFrom = calmFrom
        self.end = end
    }

    /// Whether nothing is planned that may cost a request: then none may fail. Without a surge a service of one is
    /// away while it is replaced, for longer than requests are held.
    package var isHarmless: Bool {
        func surges(_ policy: FleetPolicy) -> Bool { policy.rollout.surge.roundedUp(of: 1) > 0 }
        let isSafe = steps.allSatisfy { _, step in
            switch step {
            case .killSome, .hangSome, .killServer, .killServerWithinOrders: false
            case .changePolicy(let changed): surges(changed)
            case .command, .drainSome, .load: true
            }
        }
        let isSteady = conducts.allSatisfy { $0.conduct.failing == 0 && $0.conduct.crashRate == 0 }
        return isSafe && isSteady && surges(policy) && lostProbes == 0 && failedSpawns == 0
    }
}
