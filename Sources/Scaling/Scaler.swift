// How many instances a service should have, and why: target tracking on requests in flight.
//
// Little's law makes the average number of requests in flight the exact demand; `inFlightPerInstance` of them is one
// instance's work. The stable window (60 s) decides in calm times. When a short window asks for `panicRatio` times the
// ready instances, load has multiplied: then the short windows decide, and nothing shrinks until a whole stable window
// has passed without. Growth is never delayed, only bounded per step. Shrinking waits until the highest demand of
// `downStabilisation` allows it, is bounded per minute, and is off: in a panic, during a rollout, in the first stable
// window after our own start, and on a cliff (demand that all but vanished may be an outage in front of us).
//
// Sources: Kubernetes HPA and Knative KPA, as the research note on supervisors, §2.1, sums them up. Unlike Knative a
// two-second window can start a panic too: that is what answers a burst within two seconds.

import Vocabulary

/// A wanted size and its reason.
package struct ScalingDecision: Hashable, Sendable {
    package var desired: Int
    /// A sentence for people: the demand, and the rule that bound the decision.
    package var reason: String
}

/// What else the decision depends on.
package struct ScalingSituation: Hashable, Sendable {
    /// Instances that serve.
    package var ready: Int
    /// Whether a rollout is in progress, a paused one included.
    package var isRollingOut: Bool
    /// Requests that wait for an instance now.
    package var held: Int

    package init(ready: Int, isRollingOut: Bool, held: Int) {
        self.ready = ready
        self.isRollingOut = isRollingOut
        self.held = held
    }
}

/// The scaler of one service. Pure.
package struct Scaler: Sendable {
    /// May change at any time; the windows keep their first length.
    package var policy: ScalingPolicy
    package private(set) var bounds: ScalingBounds
    /// The newest decision.
    package private(set) var decision: ScalingDecision
    private let startedAt: Instant
    private var load: ConcurrencyWindow
    private var recommendations = RecentMaximum()
    private var peaks = RecentMaximum()
    /// Every size and when it was decided, oldest first; the oldest is the size at the start of the longest period.
    private var sizes: [(at: Instant, count: Int)]
    private var panicUntil: Instant?
    private var cliffUntil: Instant?
    private var isOnCliff = false

    /// - Parameter desired: the size to start from; brought within `bounds`.
    package init(policy: ScalingPolicy, bounds: ScalingBounds, desired: Int, now: Instant) {
        self.policy = policy
        self.bounds = bounds
        let start = bounds.clamp(desired)
        decision = ScalingDecision(desired: start, reason: Self.boundsReason(bounds, start))
        startedAt = now
        load = ConcurrencyWindow(span: max(policy.stableWindow, policy.panicWindow))
        sizes = [(now, start)]
        recommendations.add(Double(start), at: now)
    }

    /// The newest decision's size.
    package var desired: Int { decision.desired }

    /// Takes over bounds; a size outside them changes at once, by any number.
    package mutating func setBounds(_ changed: ScalingBounds, now: Instant) {
        bounds = changed
        let clamped = changed.clamp(desired)
        decision = ScalingDecision(desired: clamped, reason: Self.boundsReason(changed, clamped))
        sizes = [(now, clamped)]
        recommendations.add(Double(clamped), at: now)
    }

    /// Takes in the average number of requests in flight and held from `start` to `end`.
    package mutating func observe(average: Double, from start: Instant, to end: Instant) {
        load.add(average: average, from: start, to: end)
    }

    /// Decides by what was observed. The same moment may be decided twice without harm.
    package mutating func decide(_ situation: ScalingSituation, now: Instant) -> ScalingDecision {
        guard !bounds.isFixed, let stable = load.average(over: policy.stableWindow),
            let panic = load.average(over: policy.panicWindow), let burst = load.average(over: policy.burstWindow)
        else { return decision }
        let short = max(panic, burst)
        notePanic(short: short, ready: situation.ready, now: now)
        noteCliff(short: panic, now: now)
        let isPanicking = panicUntil != nil
        let demand = isPanicking ? max(stable, short) : stable
        let want = wanted(demand: demand, held: situation.held)
        recommendations.add(Double(want), at: now)
        let basis =
            "\(demand.inTenths) in flight\(isPanicking ? " after a jump" : ""), "
            + "\(policy.inFlightPerInstance.inTenths) per instance"
        let next: ScalingDecision
        if want > desired {
            next = grown(to: want, basis: basis, now: now)
        } else if want < desired {
            next = shrunk(to: want, basis: basis, situation: situation, isPanicking: isPanicking, now: now)
        } else {
            next = ScalingDecision(desired: want, reason: "\(want): \(basis)")
        }
        if next.desired != desired { sizes.append((now, next.desired)) }
        decision = next
        return next
    }

    // MARK: Demand

    private mutating func notePanic(short: Double, ready: Int, now: Instant) {
        let ratio = count(for: short) / Double(max(ready, 1))
        if ratio >= policy.panicRatio { panicUntil = now + policy.stableWindow }
        if let until = panicUntil, now >= until { panicUntil = nil }
    }

    /// A cliff is noticed once, holds for a stabilisation window longer than the peak stays in memory, and is over
    /// before that only when demand comes back.
    private mutating func noteCliff(short: Double, now: Instant) {
        peaks.add(short, at: now)
        let peak = peaks.maximum(within: policy.downStabilisation, now: now) ?? 0
        let isLow = peak > policy.inFlightPerInstance && short < peak * policy.cliffShare
        if isLow, !isOnCliff {
            isOnCliff = true
            cliffUntil = now + policy.downStabilisation * 2
        } else if isOnCliff, let until = cliffUntil {
            // While the peak is remembered, demand above the line ends the cliff; after it, only time does.
            let isBack = !isLow && peak > policy.inFlightPerInstance
            if isBack || now >= until {
                isOnCliff = false
                cliffUntil = nil
            }
        }
    }

    private func count(for demand: Double) -> Double {
        (demand / policy.inFlightPerInstance).rounded(.up)
    }

    private func wanted(demand: Double, held: Int) -> Int {
        let ratio = demand / (policy.inFlightPerInstance * Double(max(desired, 1)))
        if desired > 0, abs(ratio - 1) <= policy.tolerance { return desired }
        // A demand past all bounds must not overflow the conversion.
        let asked = Int(min(count(for: demand), Double(bounds.max)))
        return bounds.clamp(max(asked, held > 0 ? 1 : 0))
    }

    // MARK: Steps

    private mutating func grown(to want: Int, basis: String, now: Instant) -> ScalingDecision {
        let base = sizes(within: policy.upPeriod, now: now).min() ?? desired
        let step = max(Int(Double(base) * policy.upShareMax), policy.upCountMax)
        let limit = base + step
        guard want > limit else { return ScalingDecision(desired: want, reason: "\(want): \(basis)") }
        let count = max(limit, desired)
        return ScalingDecision(
            desired: count,
            reason: "\(count) on the way to \(want): \(basis); at most \(step) more in \(policy.upPeriod)")
    }

    private mutating func shrunk(
        to want: Int, basis: String, situation: ScalingSituation, isPanicking: Bool, now: Instant
    ) -> ScalingDecision {
        func kept(_ why: String) -> ScalingDecision {
            ScalingDecision(desired: desired, reason: "\(desired), though \(want) would do: \(basis); \(why)")
        }
        if situation.isRollingOut { return kept("nothing shrinks during a rollout") }
        if isPanicking { return kept("nothing shrinks within \(policy.stableWindow.inWords) of a jump") }
        if now - startedAt < policy.stableWindow {
            return kept("nothing shrinks in the first \(policy.stableWindow) after a start")
        }
        if cliffUntil != nil { return kept("so sudden a drop may be an outage, so the size is kept for a while") }
        let highest = recommendations.maximum(within: policy.downStabilisation, now: now).map { Int($0) } ?? want
        guard highest < desired else {
            return kept("\(highest) were needed within \(policy.downStabilisation.inWords)")
        }
        let base = sizes(within: policy.downPeriod, now: now).max() ?? desired
        let step = max(Int(Double(base) * policy.downShareMax), policy.downCountMax)
        let count = max(highest, min(desired, base - step))
        guard count < desired else { return kept("at most \(step) fewer in \(policy.downPeriod)") }
        return ScalingDecision(desired: count, reason: "\(count): \(basis)")
    }

    /// The sizes that were in force at any time within `period` before `now`.
    private mutating func sizes(within period: Duration, now: Instant) -> [Int] {
        let longest = max(policy.upPeriod, policy.downPeriod)
        while sizes.count > 1, now - sizes[1].at >= longest { sizes.removeFirst() }
        let first = sizes.lastIndex { now - $0.at >= period } ?? 0
        return sizes[first...].map(\.count)
    }

    private static func boundsReason(_ bounds: ScalingBounds, _ count: Int) -> String {
        bounds.isFixed ? "\(count): fixed" : "\(count): within \(bounds)"
    }
}

extension Double {
    /// With one digit after the point, and none when that is 0.
    fileprivate var inTenths: String {
        let tenths = (self * 10).rounded()
        guard tenths.magnitude < 1e15 else { return "\(self)" }
        let whole = Int(tenths)
        return whole % 10 == 0 ? "\(whole / 10)" : "\(whole / 10).\(abs(whole % 10))"
    }
}
