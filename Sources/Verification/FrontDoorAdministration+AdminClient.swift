// The admin API over its unix socket.

import Administration
import Control
import Vocabulary

extension AdminClient: FrontDoorAdministration {
    package func scale(_ service: String, to count: Int) throws(AdministrationError) {
        _ = try scale(ScaleOrder(min: count, max: count), service: ServiceName(service))
    }

    package func startRollout(_ service: String, release: String) throws(AdministrationError) -> RolloutReport {
        try startRollout(RolloutOrder(release: release), service: ServiceName(service))
    }
}

extension Verification {
    /// The admin API on a unix socket. A front door that is alive answers within the timeout; a dead one refuses at once.
    package static func adminClient(socket: String) -> any FrontDoorAdministration {
        AdminClient(socket: socket, timeout: .seconds(5))
    }
}
