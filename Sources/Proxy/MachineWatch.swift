// Where workers run. Left alone, the system moves a thread to wherever it was woken, and two workers may share one
// processor while something else has the other. With io_uring, whose wakeups don't say that the waker is about to sleep, a
// connection for each request then costs a fifth more CPU, and twice the p99 (2 processors, both busy). A worker that
// stays on one processor has none of that; but it waits for whatever runs there, though another processor may be idle:
// beside one busy process the p99 of a quiet front door would go from 0.5 to 3 ms. So workers stay while no processor is
// idle, and only then: there is nowhere better to go.

import Kernel

/// Decides whether the machine is busy. Pure; to be asked every `interval`.
struct MachineWatch {
    static let interval = Duration.milliseconds(250)
    /// Idle processors, on average. It takes clearly more to end a busy time than to begin it, because what follows from
    /// it changes the number itself.
    static let idleToBegin = 0.1
    static let idleToEnd = 0.3

    private(set) var isBusy = false
    private var last: Processors.Times?

    /// - Parameters:
    ///   - times: `nil` when unknown; then the machine does not count as busy.
    ///   - processors: of the whole machine.
    mutating func look(_ times: Processors.Times?, processors: Int) {
        defer { last = times }
        guard let times else { return isBusy = false }
        guard let last, times.all > last.all else { return }
        let idle = Double(times.idle - last.idle) / Double(times.all - last.all) * Double(processors)
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
