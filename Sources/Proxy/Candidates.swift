// What a choice is made from: trivial, so that asking about a backend allocates and counts nothing.

import Routing
import Vocabulary

/// The backends of one service as one request sees them. Valid during one choice.
struct Candidates {
    let members: UnsafeMutablePointer<Int32>
    let backends: UnsafeMutablePointer<BackendState>
    let tried: UnsafeMutablePointer<AttemptedBackend>
    let triedCount: Int
    let workerCount: Int
    /// Backends whose penalty lasts longer are passed over.
    let now: Instant

    @inline(__always)
    func isEligible(_ member: Int) -> Bool {
        let slot = members[member]
        let backend = backends + Int(slot)
        guard backend.pointee.standing == .ready, backend.pointee.penaltyEnd <= now else { return false }
        for attempt in 0..<triedCount where tried[attempt].slot == slot && tried[attempt].isFailed { return false }
        return true
    }

    /// Requests in flight over all workers.
    @inline(__always)
    func inFlight(_ member: Int) -> Int {
        var lane = backends[Int(members[member])].firstLane
        var sum = 0
        for _ in 0..<workerCount {
            sum += lane.assumingMemoryBound(to: GaugeLane.self).pointee.inFlight
            lane += GaugeBlock.laneStride
        }
        return sum
    }
}
