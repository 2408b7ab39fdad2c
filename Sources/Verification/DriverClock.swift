// The driver's one clock: every time in a run is nanoseconds of CLOCK_MONOTONIC, and wall-clock times of logs are
// brought onto it by one offset taken at the start.

import Glibc

/// Reads the clocks. Only the shells of the driver do: threads and the conductor, never a judge.
enum DriverClock {
    static var now: Int64 { read(CLOCK_MONOTONIC) }

    /// Wall clock minus monotonic clock, in nanoseconds: the tightest of a few bracketed readings.
    static var wallOffset: Int64 {
        var best: (width: Int64, offset: Int64) = (.max, 0)
        for _ in 0..<8 {
            let before = now
            let wall = read(CLOCK_REALTIME)
            let after = now
            if after - before < best.width { best = (after - before, wall - (before + after) / 2) }
        }
        return best.offset
    }

    static func sleep(nanoseconds: Int64) {
        let deadline = now + nanoseconds
        while case let left = deadline - now, left > 0 {
            var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
            nanosleep(&time, nil)
        }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
