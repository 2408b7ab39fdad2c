// The face of the load: streams in, a client ledger out. The thread it runs on is its own.

import CCurl
import Glibc
import Vocabulary

/// Puts the load of a scenario on one address.
package final class LoadGenerator: Sendable {
    private let control = LoadControl()
    private let worker: WorkerThread<ClientLedger>

    /// The nonce of a run: 16 hex digits. Request ids are `<nonce>-<number>`.
    package static func nonce(seed: UInt64, salt: UInt64) -> String {
        var generator = SeededRandom(seed: seed ^ salt).split("nonce")
        let digits = String(generator.next(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Begins at `start` (an instant of the monotonic clock).
    package init(url: String, nonce: String, seed: UInt64, streams: [LoadStream], start: Int64) {
        Self.prepareLibrary()
        let control = self.control
        worker = WorkerThread {
            let sources = streams.enumerated().map { index, stream in
                let plan = RequestPlan(stream, index: index, seed: seed)
                switch stream.arrival {
                case .open(let stages, let model):
                    let random = SeededRandom(seed: seed).split("arrivals of \(stream.name)")
                    return LoadSource(
                        plan: plan, schedule: ArrivalSchedule(stages: stages, model: model, random: random),
                        start: start)
                case .closed(let users, let think):
                    return LoadSource(plan: plan, users: users, think: think.nanoseconds, start: start)
                }
            }
            let loop = LoadLoop(
                url: url, run: nonce, sources: sources, ledger: ClientLedger(idPrefix: nonce + "-"), control: control)
            loop.runToEnd()
            return loop.ledger
        }
    }

    var progress: LoadControl.Progress { control.progress }

    /// Begins nothing that is due at or after `instant`. May be called again with another one.
    package func end(at instant: Int64) { control.end(at: instant) }

    /// Waits for the last answer (or its timeout). Once, after `end(at:)`.
    package func join() -> ClientLedger { worker.join() }

    /// Reads back every acknowledged write of the streams that say how, and appends those requests to the ledger.
    /// Blocks until all are read or `deadline` has come.
    static func readBack(
        _ ledger: ClientLedger, url: String, nonce: String, seed: UInt64, streams: [LoadStream], control: LoadControl
    ) -> ClientLedger {
        prepareLibrary()
        let start = DriverClock.now
        var sources: [LoadSource] = []
        for (index, stream) in streams.enumerated() {
            guard let readBack = stream.readBack else { continue }
            let writes = ledger.records.filter { $0.stream == index && $0.isSuccess && !$0.isReadBack }
            let items = writes.map { (sequence: $0.sequence, id: ledger.id(of: $0)) }
            let plan = RequestPlan(readBack: readBack, of: stream, index: index, seed: seed)
            sources.append(LoadSource(plan: plan, reading: items, parallel: 8, start: start))
        }
        guard !sources.isEmpty else { return ledger }
        let loop = LoadLoop(url: url, run: nonce, sources: sources, ledger: ledger, control: control)
        loop.runToEnd()
        return loop.ledger
    }

    private static let library: Void = {
        curl_global_init(Int(CURL_GLOBAL_ALL))
        // Each request in flight may need a connection, and a shell's usual limit is 1,024 descriptors.
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(2 * LoadLoop.inFlightMax)))
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
    }()

    private static func prepareLibrary() { _ = library }
}
