// Everything the keeper holds, as a server finds it when it attaches.

import Vocabulary

/// What the keeper holds at one moment.
package struct Inventory: Sendable {
    package var listeners: [HeldListener]
    /// Running ones.
    package var instances: [HeldInstance]
    /// Ends that no server has forgotten yet; each comes with what was known of the instance.
    package var exits: [HeldExit]

    package init(listeners: [HeldListener] = [], instances: [HeldInstance] = [], exits: [HeldExit] = []) {
        self.listeners = listeners
        self.instances = instances
        self.exits = exits
    }
}

/// A listener and this process's descriptors of it.
package struct HeldListener: Hashable, Sendable {
    package var name: ListenerName
    /// What was asked for.
    package var endpoint: Endpoint
    /// What it got: port 0 is replaced by a real one.
    package var bound: Endpoint
    /// Owned by the `KeeperClient`, which closes them on `unlisten`.
    package var descriptors: [CInt]

    package init(name: ListenerName, endpoint: Endpoint, bound: Endpoint, descriptors: [CInt]) {
        self.name = name
        self.endpoint = endpoint
        self.bound = bound
        self.descriptors = descriptors
    }
}

/// An instance that the keeper watches.
package struct HeldInstance: Hashable, Sendable, Codable {
    package var id: InstanceID
    package var pid: Int32
    /// Clock ticks since boot.
    package var startTime: UInt64
    package var port: UInt16?
    package var logFile: String
    /// Whether an earlier keeper started it.
    package var isAdopted: Bool
    /// What the server gave along with its `SpawnOrder`.
    @TextCoded package var record: [UInt8]

    package init(
        id: InstanceID, pid: Int32, startTime: UInt64, port: UInt16?, logFile: String, isAdopted: Bool, record: [UInt8]
    ) {
        self.id = id
        self.pid = pid
        self.startTime = startTime
        self.port = port
        self.logFile = logFile
        self.isAdopted = isAdopted
        self.record = record
    }
}

/// The end of an instance, and what was known of it.
package struct HeldExit: Hashable, Sendable, Codable {
    package var report: ExitReport
    @TextCoded package var record: [UInt8]

    package init(report: ExitReport, record: [UInt8]) {
        self.report = report
        self.record = record
    }
}
