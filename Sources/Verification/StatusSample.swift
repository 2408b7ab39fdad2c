// What the front door said of itself at one moment, cut down to what the judges need.

import Administration

/// One reading of `GET /v1/status`.
package struct StatusSample: Sendable {
    package struct Service: Sendable, Hashable {
        package var name: String
        package var balance: String
        /// Names of the ready backends.
        package var ready: [String]
        /// Backends in any phase.
        package var total: Int
        /// `nil` for a service of fixed backends.
        package var instancesMin: Int?
        package var desired: Int?
        package var release: String?
    }

    /// Before it was asked for, and after it had come.
    package var asked: Int64
    package var answered: Int64
    package var revision: UInt64
    package var services: [Service]

    package init(asked: Int64, answered: Int64, revision: UInt64, services: [Service]) {
        self.asked = asked
        self.answered = answered
        self.revision = revision
        self.services = services
    }

    package init(_ report: StatusReport, asked: Int64, answered: Int64) {
        self.init(
            asked: asked, answered: answered, revision: report.revision,
            services: report.services.map { service in
                Service(
                    name: service.name, balance: service.balance,
                    ready: service.backends.filter { $0.phase == "ready" }.map(\.name).sorted(),
                    total: service.backends.count, instancesMin: service.instancesMin,
                    desired: service.instancesDesired, release: service.release)
            })
    }

    package func service(_ name: String) -> Service? { services.first { $0.name == name } }
}
