// The keeper: parent of the server and of every instance. Holds what must outlive a server: listening sockets, port
// reservations, pidfds, log files. One thread, one poll loop, no network input, no Swift concurrency.

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

        package init(
            stateDirectory: String, environment: [String: String], logBytesMax: ByteCount = .mebibytes(8),
            serverArguments: @escaping @Sendable (_ keeperDescriptor: CInt) -> [String]
        ) {
            self.stateDirectory = stateDirectory
            self.environment = environment
            self.logBytesMax = logBytesMax
            self.serverArguments = serverArguments
        }
    }

    /// Runs until an orderly stop and returns the exit code of the process. SIGTERM and SIGINT stop it, SIGHUP reloads
    /// the settings; all three go to the server as they are. Says what happens on stderr.
    ///
    /// To be called on the main thread of a process that has started no other thread: it blocks signals for all.
    package static func run(_ configuration: Configuration) -> Int32 { 1 }
}
