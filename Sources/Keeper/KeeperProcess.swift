// The keeper: parent of the server and of every instance. Holds what must outlive a server: listening sockets, port
// reservations, pidfds, log files. One thread, one poll loop, no network input, no Swift concurrency.

import Glibc
import Kernel
import Vocabulary

/// The keeper's process.
package enum KeeperProcess {
    /// What a keeper needs to know.
    package struct Configuration: Sendable {
        /// Made (0700) if need be. Holds `keeper.lock` and `instances/`.
        package var stateDirectory: String
        /// The arguments of a server, `argv[0]` first, given the number of the descriptor that leads to the keeper.
        /// The program is `/proc/self/exe`.
        package var serverArguments: @Sendable (_ keeperDescriptor: CInt) -> [String]
        /// The environment of the server, and the base of every instance's. `PORTICO_KEEPER*` is left out.
        package var environment: [String: String]
        /// What is kept of an instance's log before its head is given back to the file system.
        package var logBytesMax: ByteCount
        /// What instances that outlive an orderly stop get between SIGTERM and SIGKILL.
        package var leftoverGrace: Duration
        /// How long the server of a killed keeper may go on finishing its requests, before it is killed.
        package var formerServerWait: Duration

        package init(
            stateDirectory: String, environment: [String: String], logBytesMax: ByteCount = .mebibytes(8),
            leftoverGrace: Duration = .seconds(10), formerServerWait: Duration = .seconds(30),
            serverArguments: @escaping @Sendable (_ keeperDescriptor: CInt) -> [String]
        ) {
            self.stateDirectory = stateDirectory
            self.environment = environment
            self.logBytesMax = logBytesMax
            self.leftoverGrace = leftoverGrace
            self.formerServerWait = formerServerWait
            self.serverArguments = serverArguments
        }
    }

    /// Runs until an orderly stop and returns the exit code of the process. SIGTERM, SIGINT and SIGQUIT stop it, SIGHUP
    /// reloads the settings; they go to the server (SIGQUIT as SIGTERM). Says what happens on stderr.
    ///
    /// The keeper and its servers get as many open files as the hard limit allows; instances the soft limit there was.
    ///
    /// To be called on the main thread of a process that has started no other thread: it blocks signals for all.
    package static func run(_ configuration: Configuration) -> Int32 {
        do {
            occupyStandardDescriptors()
            try Files.makeDirectory(configuration.stateDirectory, mode: 0o700)
            let lock = try takeLock(configuration.stateDirectory)
            try ServerRecord.requireNoLivingKeeper(in: configuration.stateDirectory)
            signal(SIGPIPE, SIG_IGN)
            let signals = try SignalSource.process([SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD])
            try ChildProcess.adoptOrphans()
            func start(_ channel: CInt) throws(SystemError) -> ChildProcess {
                try startServer(channel, configuration)
            }
            let loop = try KeeperLoop(
                configuration,
                KeeperLoop.Surroundings(
                    signals: signals, reapsOrphans: true, openFilesOfInstances: ChildProcess.raiseOpenFiles(),
                    startServer: start, say: say))
            let exitCode = loop.run()
            _ = consume lock
            return exitCode
        } catch {
            say("\(error)")
            return 1
        }
    }

    static func takeLock(_ stateDirectory: String) throws -> FileLock {
        let path = "\(stateDirectory)/keeper.lock"
        do {
            return try FileLock(path)
        } catch .system(let error) {
            throw error
        } catch .held(let held) {
            let who = held.pid.map { "pid \($0)" } ?? "its pid is not known"
            throw KeeperError(
                code: .conflict, reason: "another keeper (\(who)) has the state directory \(stateDirectory)",
                hint: "stop it with `portico stop`, or give this one a directory of its own with --state")
        }
    }

    /// Descriptors 0 to 2 must be taken: a socket that got one of them would be written to as if it were stderr.
    private static func occupyStandardDescriptors() {
        while case let number = open("/dev/null", O_RDWR), number >= 0 {
            guard number > 2 else { continue }
            close(number)
            return
        }
    }

    private static func startServer(
        _ channel: CInt, _ configuration: Configuration
    ) throws(SystemError) -> ChildProcess {
        try ChildProcess(
            starting: ProcessOrder(
                program: "/proc/self/exe", argv: configuration.serverArguments(ChildProcess.channelNumber),
                environment: serverEnvironment(configuration.environment), output: STDERR_FILENO, channel: channel))
    }

    /// A server that traps ends at once, so that the next one serves in milliseconds: Swift's runtime would first write
    /// a backtrace, which took 4 s here. Who wants it says so with `SWIFT_BACKTRACE`.
    private static func serverEnvironment(_ environment: [String: String]) -> [String: String] {
        environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { given, _ in given }
    }

    private static func say(_ line: String) {
        let bytes = Array("portico[keeper] \(line)\n".utf8)
        // Nobody may be reading stderr any more: that is no reason to stop keeping.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
