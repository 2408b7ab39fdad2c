// What the server asks of the keeper when it wants an instance, and what it hears back.

import Vocabulary

/// An instance to start.
package struct SpawnOrder: Hashable, Sendable, Codable {
    package var id: InstanceID
    /// The program and its arguments. A program without `/` is looked up in `PATH`; no shell.
    package var argv: [String]
    /// Laid over the keeper's own environment (less `PORTICO_KEEPER*`).
    package var environment: [String: String]
    /// Absolute.
    package var workingDirectory: String
    /// Takes stdout and stderr, appended. Its directory is made if need be.
    package var logFile: String
    /// From `reservePort()`; stays reserved until `forget`. When spawning fails it is given back.
    package var port: UInt16?
    /// `RLIMIT_NOFILE`; `nil` for what the keeper was started with.
    package var openFilesMax: Int?
    /// `RLIMIT_AS`; `nil` keeps the keeper's.
    package var memory: ByteCount?
    /// Kept with the instance for the next server. UTF-8 text, meant to be JSON; opaque to the keeper.
    @TextCoded package var record: [UInt8]

    package init(
        id: InstanceID, argv: [String], environment: [String: String], workingDirectory: String, logFile: String,
        port: UInt16? = nil, openFilesMax: Int? = nil, memory: ByteCount? = nil, record: [UInt8] = []
    ) {
        self.id = id
        self.argv = argv
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.logFile = logFile
        self.port = port
        self.openFilesMax = openFilesMax
        self.memory = memory
        self.record = record
    }
}

/// A process that the keeper started.
package struct SpawnedProcess: Hashable, Sendable, Codable {
    package var pid: Int32
    /// Clock ticks since boot: with the pid and the boot id it names the process for good.
    package var startTime: UInt64

    package init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }
}

/// How an instance ended.
package struct ExitReport: Hashable, Sendable, Codable, CustomStringConvertible {
    package enum Status: Hashable, Sendable, Codable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)
        /// It was adopted from an earlier keeper, so that its status went to somebody else.
        case unknown

        /// "exited with code 3", "was killed by SIGKILL".
        package var description: String {
            switch self {
            case .code(let code): "exited with code \(code)"
            case .signal(let signal): "was killed by \(SignalName.text(signal))"
            case .unknown: "ended; how is not known, since an earlier keeper had started it"
            }
        }
    }

    package var id: InstanceID
    package var pid: Int32
    package var status: Status

    package init(id: InstanceID, pid: Int32, status: Status) {
        self.id = id
        self.pid = pid
        self.status = status
    }

    package var description: String { status.description }
}
