// The admin API: Hummingbird on a unix socket that only its owner can open. Routes are in `AdminRoutes`.
// Not for traffic: nothing that a client of the front door sends ever gets here.

import Administration
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// Serves an `Administrator` over HTTP on a unix socket of mode 0600.
package struct AdminServer: Sendable {
    /// Bounds of the admin API.
    package enum Limits {
        /// A longer request body is refused with 413.
        package static let bodyBytesMax = 64 * 1024
        /// The most events that one request can ask for.
        package static let eventsMax = 10_000
    }

    private let socket: String
    private let administrator: any Administrator
    private let logger: Logger

    /// Nothing happens before `run`. `socket` is at most 107 bytes long; its directory must exist.
    package init(socket: String, administrator: any Administrator, logger: Logger = Self.quietLogger) {
        self.socket = socket
        self.administrator = administrator
        self.logger = logger
    }

    /// Serves until the task is cancelled or its service group shuts down gracefully; requests in progress are
    /// answered first. Afterwards the socket file is gone.
    ///
    /// `onListening` is called once, when the socket file is in its place and answers.
    /// Throws `AdministrationError` when the place is taken by a living server or by another kind of file, and when
    /// the directory can't be written.
    package func run(onListening: @escaping @Sendable () async -> Void = {}) async throws {
        let place = try AdminSocket.claim(socket)
        let outcome = Mutex<Outcome>(.pending)
        defer { place.withdraw(identity: outcome.withLock { $0.identity }) }

        let application = Application(
            router: AdminRoutes(administrator: administrator).router(),
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: place.pathToBind)),
            onServerRunning: { channel in
                do throws(AdministrationError) {
                    try place.publish()
                    outcome.withLock { $0 = .published(FileIdentity(path: place.path)) }
                    await onListening()
                } catch {
                    outcome.withLock { $0 = .refused(error) }
                    // Ends `application.run()`; the reason is thrown below.
                    channel.close(mode: .all, promise: nil)
                }
            },
            logger: logger)
        try await application.run()
        if case .refused(let error) = outcome.withLock({ $0 }) { throw error }
    }

    /// A logger that reports errors only: the server's own lines would say where it is *bound*, which is not where it is.
    package static var quietLogger: Logger {
        var logger = Logger(label: "portico.admin")
        logger.logLevel = .error
        return logger
    }

    private enum Outcome: Sendable {
        case pending
        case published(FileIdentity?)
        case refused(AdministrationError)

        var identity: FileIdentity? {
            if case .published(let identity) = self { identity } else { nil }
        }
    }
}
