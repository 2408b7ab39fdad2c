// What a gateway is started with. What may change while it runs is in the routing table.

import Vocabulary

extension Gateway {
    /// Which system interface the event loops wait on.
    package enum Engine: String, Hashable, Sendable, CaseIterable {
        case epoll
        case ioUring = "io_uring"
    }

    /// Fixed for the life of a gateway.
    package struct Configuration: Sendable {
        /// Event-loop threads, 1 ... 64.
        package var workers: Int
        /// Where the access log goes, one JSON line per request; `nil` writes none and costs nothing.
        package var accessLogPath: String?
        package var engine: Engine
        /// Seeds the generated request ids and the first choice of each worker.
        package var seed: UInt64
        /// Descriptors that the process may open; `nil`: the system's limit when the gateway starts.
        package var openFilesMax: Int?

        package init(
            workers: Int, accessLogPath: String? = nil, engine: Engine = .epoll, seed: UInt64,
            openFilesMax: Int? = nil
        ) {
            precondition((1...64).contains(workers), "1 to 64 workers, not \(workers)")
            self.workers = workers
            self.accessLogPath = accessLogPath
            self.engine = engine
            self.seed = seed
            self.openFilesMax = openFilesMax
        }
    }
}
