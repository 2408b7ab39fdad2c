// What the driver asks of a front door's admin API: little enough that a test can stand in for it.

import Administration

/// The orders that the conductor gives, and the status it watches. Each call blocks until it is answered.
package protocol FrontDoorAdministration: Sendable {
    func status() throws(AdministrationError) -> StatusReport
    /// Fixes the size of a service.
    func scale(_ service: String, to count: Int) throws(AdministrationError)
    func startRollout(_ service: String, release: String) throws(AdministrationError) -> RolloutReport
    /// Returns once draining has begun.
    func stop() throws(AdministrationError)
}
