// A service whose instances we run: its fleet (which decides) and the processes as they really are (which we act on).

import Fleet
import Keeper
import Routing
import Settings
import Vocabulary

/// One supervised service. Isolated to `Supervisor`.
struct SupervisedService {
    /// A process that the keeper has, and its place in the routing table.
    struct Live {
        let backend: BackendID
        let release: ReleaseName
        let pid: Int32
        let port: UInt16
        let logFile: String
        var standing: Backend.Standing
        /// Set with the `draining` standing, until the fleet was told how it ended.
        var drain: Drain?

        struct Drain {
            /// The first revision that shows it as draining.
            let from: Revision
            let began: Instant
        }
    }

    var setting: ServiceSetting
    var instances: InstancesSetting
    var fleet: Fleet
    var live: [InstanceID: Live] = [:]
    var saved: FleetSnapshot?
    var saveTrouble = SaveTrouble()
    /// Taken out of the settings by a reload: its instances are stopped, then it is forgotten.
    var isLeaving = false

    /// In the order of their ordinals, so that round robin and reports don't depend on hashing.
    var backends: [Backend] {
        live.sorted { $0.key < $1.key }.map { id, live in
            Backend(
                id: live.backend, name: id.description, endpoint: .tcp(host: "127.0.0.1", port: live.port),
                release: live.release, standing: live.standing)
        }
    }
}
