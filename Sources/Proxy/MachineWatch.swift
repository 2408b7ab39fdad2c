// What workers do differently while the machine has no idle processor.
//
// 1. Each stays on a processor of its own. Left alone, the system moves a thread to wherever it was woken, and two workers
//    may share one processor while something else has the other. But a worker that stays waits for whatever runs there,
//    though another processor may be idle: beside one busy process the p99 of a quiet front door would go from 0.5 to
//    3 ms. With none idle there is nowhere better to go.
// 2. Turns gather: see `EventLoop.gathers`. Waking up is then dear, and others use the time.

import Kernel

/// Decides whether the machine is busy. Pure; to be asked every `interval`.
struct MachineWatch {
    static let interval = Duration.milliseconds(250)
    /// Of the time of all processors. It takes clearly more to end a busy time than to begin it, because what follows from
    /// it changes the share itself.
    static let idleToBegin = 0.05
    static let idleToEnd = 0.15

    private(set) var isBusy = false
    private var last: Processors.Times?

    /// - Parameter times: `nil` when unknown; then the machine does not count as busy.
    mutating func look(_ times: Processors.Times?) {
        defer { last = times }
        guard let times else { return isBusy = false }
        guard let last, times.all > last.all else { return }
        let idle = Double(times.idle - last.idle) / Double(times.all - last.all)
        if idle < Self.idleToBegin { isBusy = true }
        if idle > Self.idleToEnd { isBusy = false }
    }

    /// The processors that each worker may run on: one of `allowed` on a busy machine, if there is one for each.
    func processors(workers: Int, allowed: [Int32]) -> [[Int32]] {
        guard isBusy, workers > 1, workers == allowed.count else {
            return [[Int32]](repeating: allowed, count: workers)
        }
        return allowed.map { [$0] }
    }
}
