// A service of addresses that somebody else runs: we only probe them.

import Health
import Kernel
import Routing
import Settings
import Vocabulary

/// One service of fixed backends. Isolated to `Supervisor`.
struct FixedService {
    struct Member {
        let backend: BackendID
        let setting: BackendSetting
        /// Numeric; `nil` until the host name was resolved.
        var endpoint: Endpoint?
        var health: HealthMachine
        var isProbing = false
        /// The last word of its probe.
        var detail: String?
    }

    var setting: ServiceSetting
    var members: [Member]

    var backends: [Backend] {
        members.compactMap { member in
            member.endpoint.map { endpoint in
                Backend(
                    id: member.backend, name: member.setting.address.description, endpoint: endpoint,
                    weight: member.setting.weight, standing: member.health.isHealthy ? .ready : .down)
            }
        }
    }
}
