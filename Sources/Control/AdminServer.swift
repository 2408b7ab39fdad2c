// The admin API: Hummingbird on a unix socket that only its owner can open. Routes are in `AdminRoutes`.
// Not for traffic: nothing that a client of the front door sends ever gets here.
//
// The end needs care: a connection that SwiftNIO has accepted but not yet handed over when its server is cancelled ends
// the process (`NIOAsyncWriter` traps in its deinit). So the server is never cancelled: cancellation becomes a graceful
// shutdown, which closes the listening socket first, and one event loop does the accepting and the serving, so that no
// connection is on its way between two.

import Administration
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Serves an `Administrator` over HTTP on a unix socket of mode 0600.
package struct AdminServer: Sendable {
    /// Bounds of the admin API.
    package enum Limits {
        /// A longer request body is refused with 413.
        package static let bodyBytesMax = 64 * 1024
        /// The most events that one request can ask for.
        package static let eventsMax = 10_000
        /// How long requests in progress may take to be answered once the end was asked for.
        package static let goodbyeMax = Duration.seconds(5)
    }

    /// One for the process, and never shut down: a connection that is still closing may use it after `run` has ended.
    private static let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private let socket: String
    private let administrator: any Administrator
    private let logger: Logger

    /// Nothing happens before `run`. `socket` is at most 103 bytes long; its directory must exist.
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
                    // Ends the application; the reason is thrown below.
                    channel.close(mode: .all, promise: nil)
                }
            },
            eventLoopGroupProvider: .shared(Self.loop),
            logger: logger)

        let result = await Self.result(of: application, logger: logger)
        let (identity, refusal) = outcome.withLock { ($0.identity, $0.refusal) }
        place.withdraw(identity: identity)
        if let refusal { throw refusal }
        try result.get()
    }

    /// Runs the application to its end in a task of its own, which the caller's cancellation does not reach.
    private static func result(of application: some Service, logger: Logger) async -> Result<Void, any Error> {
        var configuration = ServiceGroupConfiguration(services: [application], logger: logger)
        configuration.maximumGracefulShutdownDuration = Limits.goodbyeMax
        let group = ServiceGroup(configuration: configuration)
        let serving = Task { try await group.run() }
        return await withTaskCancellationHandler {
            await serving.result
        } onCancel: {
            Task { await group.triggerGracefulShutdown() }
        }
    }

    /// A logger that says next to nothing: the server's own lines tell where it is *bound*, which is not where it is,
    /// and call a client that hangs up an error. What matters is thrown by `run`.
    package static var quietLogger: Logger {
        var logger = Logger(label: "portico.admin")
        logger.logLevel = .critical
        return logger
    }

    private enum Outcome: Sendable {
        case pending
        case published(FileIdentity?)
        case refused(AdministrationError)

        var identity: FileIdentity? {
            if case .published(let identity) = self { identity } else { nil }
        }

        var refusal: AdministrationError? {
            if case .refused(let error) = self { error } else { nil }
        }
    }
}
