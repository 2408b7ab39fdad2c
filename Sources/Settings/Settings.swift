// What the operator wants: one valid value read from a settings file or made from flags. Every number is set, whether
// it was written down or is a default. Not for what is really running: see `Administration.StatusReport`.

import Routing
import Vocabulary

/// One whole settings file, checked: every reference in it leads somewhere. Pure.
package struct Settings: Hashable, Sendable {
    /// The version of the settings format; 1 is the only one.
    package var version: Int
    /// The directory that relative paths start from: the settings file's own.
    package var directory: String
    /// The state directory as written; `nil` leaves the choice to the program (it depends on who runs it).
    package var state: String?
    package var workers: WorkerCount
    /// How long our own graceful stop waits for requests in flight.
    package var drain: Duration
    /// Bytes that may wait in buffers; `nil` leaves the choice to the program (it depends on the machine).
    package var buffers: ByteCount?
    /// Where the admin API listens, always a unix socket; `nil` is `admin.sock` in the state directory.
    package var admin: Endpoint?
    package var accessLog: AccessLogSetting
    /// In the order of the file; names are unique.
    package var listeners: [ListenerSetting]
    /// In the order of the file, which decides nothing: see `RouteMatcher`.
    package var routes: [RouteSetting]
    /// In the order of the file; names are unique.
    package var services: [ServiceSetting]
    /// In the order of the file; names are unique.
    package var shares: [ShareSetting]
    /// Where each value came from. Takes no part in equality.
    package var origins: SettingsOrigins

    package init(
        directory: String = ".", state: String? = nil, workers: WorkerCount = Defaults.workers,
        drain: Duration = Defaults.drain, buffers: ByteCount? = nil, admin: Endpoint? = nil,
        accessLog: AccessLogSetting = .inStateDirectory,
        listeners: [ListenerSetting] = [], routes: [RouteSetting] = [], services: [ServiceSetting] = [],
        shares: [ShareSetting] = []
    ) {
        self.version = Defaults.version
        self.directory = directory
        self.state = state
        self.workers = workers
        self.drain = drain
        self.buffers = buffers
        self.admin = admin
        self.accessLog = accessLog
        self.listeners = listeners
        self.routes = routes
        self.services = services
        self.shares = shares
        self.origins = SettingsOrigins()
    }
}

extension Settings {
    package func service(_ name: ServiceName) -> ServiceSetting? {
        services.first { $0.name == name }
    }

    package func share(_ name: ShareName) -> ShareSetting? {
        shares.first { $0.name == name }
    }

    /// `path` as it stands when it is absolute, else below `directory`.
    package func resolved(_ path: String) -> String {
        if path.hasPrefix("/") || directory == "." { return path }
        return directory.hasSuffix("/") ? "\(directory)\(path)" : "\(directory)/\(path)"
    }
}

/// How many event-loop threads the data plane runs.
package enum WorkerCount: Hashable, Sendable {
    /// One per core.
    case auto
    case fixed(Int)
}

/// Where the access log is written.
package enum AccessLogSetting: Hashable, Sendable {
    /// `access.log` in the state directory.
    case inStateDirectory
    case off
    /// As written; see `Settings.resolved`.
    case path(String)
}
