// A built program of this package, started as a child: to its end, or as a front door that is stopped by the test.

import Foundation

/// One of the executables beside this test in the build directory.
struct Program {
    let path: String

    static let portico = Program(named: "portico")
    static let samples = Program(named: "samples")

    struct Ending {
        var status: Int32
        /// Standard output and standard error as they came.
        var output: String
    }

    /// A program from elsewhere.
    init(at path: String) {
        self.path = path
    }

    private init(named name: String) {
        let test = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        path = test.deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// Runs it to its end with `environment` on top of our own.
    func run(_ arguments: [String], environment: [String: String]) throws -> Ending {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // A file, not a pipe: a front door that outlived its driver would hold a pipe open for ever.
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("output-\(UUID().uuidString)")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        return Ending(
            status: process.terminationStatus, output: String(decoding: try Data(contentsOf: file), as: UTF8.self))
    }

    /// Starts it and returns at once; what it prints goes nowhere. The caller sees to its end.
    func start(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}
