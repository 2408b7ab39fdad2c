// The numbers behind scaling on requests in flight.

import Vocabulary

/// The scaling settings of a service. Pure. Source of the defaults: research note on supervisors, §2.1.
package struct ScalingPolicy: Hashable, Sendable, Codable {
    /// Requests in flight (held ones included) that one instance should have on average. Above 0.
    package var inFlightPerInstance: Double
    /// The window that decides in calm times. After our own start nothing shrinks before one has passed.
    package var stableWindow: Duration
    /// The window that decides when load has multiplied.
    package var panicWindow: Duration
    /// The shortest window that may start a panic: what lets a burst be answered within two seconds.
    package var burstWindow: Duration
    /// Panic when a short window asks for this many times the ready instances.
    package var panicRatio: Double
    /// A demand within this share of what the present size should carry changes nothing.
    package var tolerance: Double
    /// Growth within `upPeriod` is at most this share of the size, or `upCountMax`, whichever is more.
    package var upShareMax: Double
    package var upCountMax: Int
    package var upPeriod: Duration
    /// Shrinks only to the highest demand of this long.
    package var downStabilisation: Duration
    /// Shrinking within `downPeriod` is at most this share of the size, or `downCountMax`, whichever is more.
    package var downShareMax: Double
    package var downCountMax: Int
    package var downPeriod: Duration
    /// Demand below this share of the recent peak is a cliff: perhaps an outage in front of us, so the size is kept
    /// for one more `downStabilisation`.
    package var cliffShare: Double

    package init(
        inFlightPerInstance: Double = 10, stableWindow: Duration = .seconds(60), panicWindow: Duration = .seconds(6),
        burstWindow: Duration = .seconds(2), panicRatio: Double = 2, tolerance: Double = 0.1, upShareMax: Double = 1,
        upCountMax: Int = 4, upPeriod: Duration = .seconds(2), downStabilisation: Duration = .seconds(300),
        downShareMax: Double = 0.1, downCountMax: Int = 1, downPeriod: Duration = .seconds(60),
        cliffShare: Double = 0.2
    ) {
        precondition(inFlightPerInstance > 0, "the target of requests in flight is above 0: \(inFlightPerInstance)")
        self.inFlightPerInstance = inFlightPerInstance
        self.stableWindow = stableWindow
        self.panicWindow = panicWindow
        self.burstWindow = burstWindow
        self.panicRatio = panicRatio
        self.tolerance = tolerance
        self.upShareMax = upShareMax
        self.upCountMax = upCountMax
        self.upPeriod = upPeriod
        self.downStabilisation = downStabilisation
        self.downShareMax = downShareMax
        self.downCountMax = downCountMax
        self.downPeriod = downPeriod
        self.cliffShare = cliffShare
    }
}

/// Between how many instances a service is scaled; equal bounds fix its size. Pure.
package struct ScalingBounds: Hashable, Sendable, Codable, CustomStringConvertible {
    package let min: Int
    package let max: Int

    /// `nil` unless `0 <= min <= max`.
    package init?(min: Int, max: Int) {
        guard min >= 0, max >= min else { return nil }
        self.min = min
        self.max = max
    }

    /// Refuses what `init(min:max:)` refuses.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let (min, max) = (try values.decode(Int.self, forKey: .min), try values.decode(Int.self, forKey: .max))
        guard let bounds = ScalingBounds(min: min, max: max) else {
            throw DecodingError.dataCorruptedError(
                forKey: .max, in: values, debugDescription: "\(min)..\(max) are no bounds")
        }
        self = bounds
    }

    /// Whether there is nothing to scale.
    package var isFixed: Bool { min == max }

    /// The nearest count within the bounds.
    package func clamp(_ count: Int) -> Int { Swift.min(Swift.max(count, min), max) }

    package var description: String { isFixed ? "\(min)" : "\(min)..\(max)" }
}
