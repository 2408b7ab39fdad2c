// The admin API beside a server that serves: claimed before the first one opens, and tried again whenever it fails
// later, since traffic does not depend on it. Not for what it answers.

import Synchronization

/// Runs an admin API until the task is cancelled.
struct AdminService: Sendable {
    /// Between two tries.
    static let retryInterval = Duration.seconds(5)
    /// Between two tries of the first claim.
    static let claimInterval = Duration.milliseconds(100)

    /// Whether a first failure ends the server. A server that follows a killed one serves without.
    var isEssential: Bool
    /// Whether a first failure may be tried again: a server before us may still have to let go of the socket.
    var mayBeHeld: @Sendable () -> Bool = { false }
    /// Serves until it fails or the task is cancelled; calls back once it answers.
    var serve: @Sendable (_ onListening: @escaping @Sendable () async -> Void) async throws -> Void
    /// Takes a sentence for the operator.
    var tell: @Sendable (String) -> Void
    var retryInterval = Self.retryInterval

    /// Puts one result into `claim`: success when it answers, or when it is not essential and has failed.
    func run(_ claim: AsyncStream<Result<Void, any Error>>.Continuation) async {
        let isFailing = Mutex(false)
        while !Task.isCancelled {
            let cause: String
            let mayBeHeld = isEssential && self.mayBeHeld()
            do {
                try await serve {
                    claim.yield(.success(()))
                    claim.finish()
                    let wasFailing = isFailing.withLock { failing in
                        defer { failing = false }
                        return failing
                    }
                    if wasFailing { tell("the admin API answers again") }
                }
                cause = "it ended"
            } catch {
                if mayBeHeld {
                    try? await Task.sleep(for: Self.claimInterval)
                    continue
                }
                if isEssential, case .enqueued = claim.yield(.failure(error)) {
                    claim.finish()
                    return
                }
                cause = "\(error)"
            }
            guard !Task.isCancelled else { break }
            let isNews = isFailing.withLock { failing in
                defer { failing = true }
                return !failing
            }
            if isNews { tell("the admin API can't be reached, trying again: \(cause)") }
            claim.yield(.success(()))
            claim.finish()
            try? await Task.sleep(for: retryInterval)
        }
        claim.finish()
    }
}
