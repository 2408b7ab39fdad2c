// Where workers run. Left alone, the system moves a thread to wherever it was woken, and two workers may share one
// processor while something else has the other. With io_uring, whose wakeups don't say that the waker is about to sleep,
// a connection for each request then costs a third more CPU, and twice the p99 (2 processors, all busy). A worker that
// stays on one processor has none of that; but it waits for whatever runs there, though another processor may be idle:
// beside one busy process the p99 of a quiet front door goes from 0.5 to 3 ms. So workers stay while no processor is
// idle, and only then: there is nowhere better to go.

import Kernel

/// Decides whether workers stay. Pure; to be asked every `interval`.
struct WorkerPlacement {
    static let interval = Duration.milliseconds(500)
    /// Of the time of all processors. Workers that stay are let go only when clearly more is idle than at first: staying
    /// costs some balance itself.
    static let idleToStay = 0.05
    static let idleToMove = 0.15

    /// Whether each worker shall be on a processor of its own.
    private(set) var stays = false
    private var last: Processors.Times?

    /// - Parameter times: `nil` when unknown; then workers are left alone.
    mutating func look(_ times: Processors.Times?) {
        defer { last = times }
        guard let times else { return stays = false }
        guard let last, times.all > last.all else { return }
        let idle = Double(times.idle - last.idle) / Double(times.all - last.all)
        if idle < Self.idleToStay { stays = true }
        if idle > Self.idleToMove { stays = false }
    }

    /// The processors that each worker may run on: all of `allowed` unless it stays, and there is one for each.
    func processors(workers: Int, allowed: [Int32]) -> [[Int32]] {
        guard stays, workers > 1, workers == allowed.count else {
            return [[Int32]](repeating: allowed, count: workers)
        }
        return allowed.map { [$0] }
    }
}
