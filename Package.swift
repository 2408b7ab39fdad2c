// swift-tools-version: 6.2
// The modules of Portico, lowest first. Imports point down; `Tests/StructureTests` keeps it so.

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let realModule = Target.Dependency.product(name: "RealModule", package: "swift-numerics")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "portico",
    products: [
        .executable(name: "portico", targets: ["portico"]),
        .executable(name: "samples", targets: ["samples"]),
    ],
    dependencies: [
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Pure: values in, values out.
        module("Vocabulary"),
        module("Administration", ["Vocabulary"]),
        module("HTTPWire", ["Vocabulary"]),
        module("Balancing", ["Vocabulary"]),
        module("Routing", ["HTTPWire", "Vocabulary"]),
        module("Settings", ["Vocabulary", "Routing", yams]),
        module("Statistics", ["Vocabulary", realModule]),
        module("Health", ["Vocabulary"]),
        module("Lifecycle", ["Vocabulary"]),
        module("Scaling", ["Vocabulary"]),
        module("Rollouts", ["Vocabulary", "Statistics"]),
        module("Fleet", ["Vocabulary", "Health", "Lifecycle", "Scaling", "Statistics", "Rollouts"]),
        module("Simulation", ["Vocabulary", "Fleet", "Health", "Lifecycle", "Scaling", "Rollouts"]),
        // Edges: where the system is touched.
        .target(name: "CKernel"),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        module("Kernel", ["CKernel", "Vocabulary"]),
        module("EventLoop", ["CKernel", "Kernel", "Vocabulary"]),
        module("TLS", ["COpenSSL"]),
        module("HTTP2", ["CNghttp2", "HTTPWire", "Vocabulary"]),
        module(
            "Proxy",
            ["Balancing", "CKernel", "EventLoop", "HTTP2", "HTTPWire", "Kernel", "Routing", "TLS", "Vocabulary"]),
        module("Keeper", ["CKernel", "Kernel", "Vocabulary"]),
        module("Probing", ["CKernel", "Kernel", "TLS", "Vocabulary"]),
        module("Shares", ["Vocabulary"]),
        module("Telemetry", ["Administration", "Vocabulary"]),
        module("Control", ["Administration", "CCurl", "Telemetry", "Vocabulary", hummingbird, logging, nioCore]),
        module(
            "Supervisor",
            [
                "Administration", "Fleet", "Health", "Keeper", "Kernel", "Lifecycle", "Probing", "Proxy", "Rollouts",
                "Routing", "Scaling", "Settings", "Shares", "TLS", "Telemetry", "Vocabulary",
            ]),
        // Proof.
        module("Verification", ["Administration", "CCurl", "Control", "Statistics", "Vocabulary", histogram, yams]),
        // Programs.
        .executableTarget(
            name: "portico",
            dependencies: [
                "Administration", "Control", "Keeper", "Kernel", "Probing", "Proxy", "Routing", "Settings", "Shares",
                "Supervisor", "TLS", "Telemetry", "Verification", "Vocabulary", arguments, logging, unixSignals,
            ], swiftSettings: settings),
        .executableTarget(
            name: "samples", dependencies: [arguments, grdb, hummingbird, logging], swiftSettings: settings),
        // What several test targets need.
        .target(
            name: "TestCertificates", dependencies: ["TLS"], path: "Tests/TestCertificates", swiftSettings: settings),
        .target(
            name: "TestFrames", dependencies: ["CNghttp2"], path: "Tests/TestFrames", swiftSettings: settings),
        // Tests, floor 1 and 2: tables, properties and seeded simulation of the pure modules.
        tests("BalancingTests", ["Balancing", "Vocabulary"]),
        tests("FleetTests", ["Fleet", "Health", "Lifecycle", "Rollouts", "Scaling", "Statistics", "Vocabulary"]),
        tests("HTTP2Tests", ["HTTP2", "TestFrames", "Vocabulary"]),
        tests("HTTPWireTests", ["HTTPWire", "Vocabulary"]),
        tests("HealthTests", ["Health", "Vocabulary"]),
        tests("LifecycleTests", ["Lifecycle", "Vocabulary"]),
        tests("RolloutsTests", ["Rollouts", "Statistics", "Vocabulary"]),
        tests("RoutingTests", ["Routing", "Vocabulary"]),
        tests("ScalingTests", ["Scaling", "Vocabulary"]),
        tests("SettingsTests", ["Routing", "Settings", "Vocabulary"]),
        tests(
            "SimulationTests",
            ["Fleet", "Health", "Lifecycle", "Rollouts", "Scaling", "Simulation", "Vocabulary"]),
        tests("StatisticsTests", ["Statistics"]),
        tests("StructureTests", []),
        tests("SupervisorTests", ["Proxy", "Supervisor", "Vocabulary"]),
        tests("VocabularyTests", ["Vocabulary"]),
        // Floor 3: real files, processes and sockets.
        tests("CommandTests", ["Administration", "Control", "Settings", "Telemetry", "Vocabulary", "portico"]),
        tests("ControlTests", ["Administration", "Control", "Telemetry", "Vocabulary"]),
        tests("EventLoopTests", ["CKernel", "EventLoop", "Kernel", "Vocabulary"]),
        tests("KeeperTests", ["CKernel", "Keeper", "Kernel", "Vocabulary"]),
        tests("KernelTests", ["CKernel", "Kernel", "Vocabulary"]),
        tests("ProbingTests", ["Kernel", "Probing", "TLS", "TestCertificates", "Vocabulary"]),
        tests(
            "ProxyTests",
            [
                "Balancing", "CKernel", "COpenSSL", "EventLoop", "HTTPWire", "Kernel", "Proxy", "Routing", "TLS",
                "TestCertificates", "TestFrames", "Vocabulary",
            ]),
        tests("SamplesTests", ["samples", hummingbird, httpTypes, logging, nioCore, nioEmbedded]),
        tests("TLSTests", ["COpenSSL", "TLS", "TestCertificates"]),
        tests("SharesTests", ["Shares", "Vocabulary"]),
        tests("TelemetryTests", ["Administration", "Telemetry", "Vocabulary"]),
        tests(
            "VerificationTests",
            ["Administration", "CCurl", "Control", "Statistics", "Verification", "Vocabulary", histogram]),
        // Floor 4: the programs themselves, with real applications.
        .testTarget(
            name: "WholeProgramTests", dependencies: ["TestCertificates", "portico", "samples"], exclude: ["Scenarios"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
