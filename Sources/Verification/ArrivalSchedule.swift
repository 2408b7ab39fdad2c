// When the requests of an open-loop stream are due. Follows a rate profile of constant and ramped stages exactly: it
// walks along the integral of the rate, one step per request, so a ramp has no stairs and a Poisson stream stays one.

import Glibc
import Vocabulary

/// An endless, ascending series of due times, in nanoseconds from the start of the load. Pure.
struct ArrivalSchedule {
    private let stages: [LoadStream.Stage]
    private let model: LoadStream.Model
    private var random: SeededRandom
    private var stage = 0
    /// Start of the stage and position within it, in seconds.
    private var stageStart = 0.0
    private var position = 0.0
    private var isFirst = true

    /// The last of `stages` has no end.
    init(stages: [LoadStream.Stage], model: LoadStream.Model, random: SeededRandom) {
        precondition(stages.last != nil && stages.last!.length == nil, "the last stage has no end")
        self.stages = stages
        self.model = model
        self.random = random
    }

    mutating func next() -> Int64 {
        // In requests: how much of the rate's integral lies between this request and the one before.
        var step: Double
        switch model {
        case .poisson: step = -log(1 - random.unit())
        // Streams of even gaps start at a drawn phase, so that two of them do not march in step.
        case .uniform: step = isFirst ? random.unit() : 1
        }
        isFirst = false
        while true {
            let current = stages[stage]
            guard let length = current.length?.inSeconds else {
                position += step / current.from
                break
            }
            let slope = length > 0 ? (current.to - current.from) / length : 0
            let rate = current.from + slope * position
            let left = max(0, length - position)
            let available = (rate + slope * left / 2) * left
            if step <= available, available > 0 {
                position += Self.distance(step, rate: rate, slope: slope)
                break
            }
            step -= available
            stageStart += length
            position = 0
            stage += 1
        }
        return Int64(((stageStart + position) * 1e9).rounded())
    }

    /// The x with rate·x + slope·x²/2 = step, in the form that does not lose digits when the slope is small.
    private static func distance(_ step: Double, rate: Double, slope: Double) -> Double {
        let root = max(0, rate * rate + 2 * slope * step).squareRoot()
        return 2 * step / (rate + root)
    }
}
