// Who may import whom. The order is the reading order: a module imports only what stands above it, so that there can
// be no cycle. A new module gets its line here first.

/// What one module is allowed.
struct ModuleRule {
    enum Kind {
        /// Values in, values out: no system, no clock, no chance, no concurrency.
        case pure
        /// Runs on the event loops: the system, but nothing that can wait.
        case dataPlane
        case edge
        case controlPlane
        case proof
        case program
    }

    var name: String
    var kind: Kind
    /// Modules of this repository.
    var own: Set<String>
    /// Modules from elsewhere.
    var others: Set<String>

    init(_ name: String, _ kind: Kind, _ own: Set<String> = [], others: Set<String> = []) {
        self.name = name
        self.kind = kind
        self.own = own
        self.others = others
    }
}

/// The modules of design, lowest first.
enum ModuleTable {
    private static let system: Set<String> = ["Glibc", "Synchronization"]
    private static let foundation: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "Synchronization"]

    static let cModules: Set<String> = ["CKernel", "CCurl", "CNghttp2", "COpenSSL"]

    static let rules: [ModuleRule] = [
        ModuleRule("Vocabulary", .pure),
        ModuleRule("Administration", .pure, ["Vocabulary"]),
        ModuleRule("HTTPWire", .pure, ["Vocabulary"]),
        ModuleRule("Balancing", .pure, ["Vocabulary"]),
        ModuleRule("Routing", .pure, ["HTTPWire", "Vocabulary"]),
        ModuleRule("Settings", .pure, ["Vocabulary", "Routing"], others: ["Yams"]),
        ModuleRule("Statistics", .pure, ["Vocabulary"], others: ["RealModule"]),
        ModuleRule("Health", .pure, ["Vocabulary"]),
        ModuleRule("Lifecycle", .pure, ["Vocabulary"]),
        ModuleRule("Scaling", .pure, ["Vocabulary"]),
        ModuleRule("Rollouts", .pure, ["Vocabulary", "Statistics"]),
        ModuleRule("Fleet", .pure, ["Vocabulary", "Statistics", "Health", "Lifecycle", "Scaling", "Rollouts"]),
        ModuleRule("Simulation", .pure, ["Vocabulary", "Health", "Lifecycle", "Scaling", "Rollouts", "Fleet"]),
        ModuleRule("Kernel", .edge, ["CKernel", "Vocabulary"], others: system),
        ModuleRule("TLS", .dataPlane, ["COpenSSL"], others: system),
        ModuleRule("HTTP2", .dataPlane, ["CNghttp2", "HTTPWire", "Vocabulary"], others: system),
        ModuleRule("EventLoop", .dataPlane, ["CKernel", "Kernel", "Vocabulary"], others: system),
        ModuleRule(
            "Proxy", .dataPlane,
            ["Balancing", "CKernel", "EventLoop", "HTTP2", "HTTPWire", "Kernel", "Routing", "TLS", "Vocabulary"],
            others: system),
        ModuleRule("Keeper", .edge, ["CKernel", "Kernel", "Vocabulary"], others: foundation),
        ModuleRule("Probing", .edge, ["CKernel", "Kernel", "TLS", "Vocabulary"], others: system),
        ModuleRule("Shares", .controlPlane, ["Vocabulary"], others: foundation),
        ModuleRule("Telemetry", .edge, ["Administration", "Vocabulary"], others: foundation),
        ModuleRule(
            "Control", .controlPlane, ["Administration", "CCurl", "Telemetry", "Vocabulary"],
            others: foundation.union(["HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOPosix", "ServiceLifecycle"])
        ),
        ModuleRule(
            "Supervisor", .controlPlane,
            [
                "Administration", "Fleet", "Health", "Keeper", "Kernel", "Lifecycle", "Probing", "Proxy", "Rollouts",
                "Routing", "Scaling", "Settings", "Shares", "TLS", "Telemetry", "Vocabulary",
            ], others: foundation),
        ModuleRule(
            "Verification", .proof,
            ["Administration", "CCurl", "Control", "Kernel", "Statistics", "Telemetry", "Vocabulary"],
            others: foundation.union(["Histogram", "Yams"])),
        ModuleRule(
            "portico", .program,
            [
                "Administration", "Control", "Keeper", "Kernel", "Probing", "Proxy", "Routing", "Settings", "Shares",
                "Supervisor", "TLS", "Telemetry", "Verification", "Vocabulary",
            ], others: foundation.union(["ArgumentParser", "Dispatch", "Logging", "ServiceLifecycle", "UnixSignals"])),
        ModuleRule(
            "samples", .program, others: foundation.union(["ArgumentParser", "GRDB", "Hummingbird", "Logging"])),
    ]
}
