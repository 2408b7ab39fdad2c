// `samples documents`: what the environment gives the service, checked before anything is opened.

import ArgumentParser
import Foundation
import Hummingbird
import Logging

/// Runs the documents service until SIGTERM or SIGINT, then finishes the requests it has.
struct DocumentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "documents",
        abstract: "A JSON document store on SQLite that several processes can share.",
        discussion: """
            Listens on 127.0.0.1:$PORT and keeps its documents in $SHARE_DATA/documents.sqlite.
            GET /health and GET /json/{id} are public; POST /json, PUT /json/{id} and DELETE /json/{id} need the
            header `Authorization: Bearer $API_TOKEN`.
            """
    )

    @Option(help: "The release to be: v1, v2, or a broken one. Default: $PORTICO_RELEASE, else v1.")
    var release: DocumentsRelease?

    @Option(help: "The port to listen on, 0 for any. Default: $PORT.")
    var port: UInt16?

    @Option(help: "The directory of documents.sqlite. Default: $SHARE_DATA.")
    var share: String?

    mutating func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let release = try release ?? Self.release(in: environment)
        guard let port = port ?? environment["PORT"].flatMap(UInt16.init) else {
            throw ValidationError("no port: set PORT or pass --port")
        }
        guard let share = share ?? environment["SHARE_DATA"], !share.isEmpty else {
            throw ValidationError("no directory for the documents: set SHARE_DATA or pass --share")
        }
        guard let token = environment["API_TOKEN"], !token.isEmpty else {
            throw ValidationError("no token: set API_TOKEN to the secret that writers present")
        }
        if release == .brokenStart {
            throw StartError("release \(release.rawValue) does not start: it was made to show what happens then")
        }
        let store = try await DocumentStore(path: share + "/documents.sqlite", release: release)
        let service = DocumentsService(
            store: store, release: release, instance: environment["PORTICO_INSTANCE"], token: token)
        var logger = Logger(label: "documents") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        let application = Application(
            router: service.router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: Int(port)), backlog: 1024),
            onServerRunning: { channel in
                let address = channel.localAddress.map { "\($0)" } ?? "an unknown address"
                Self.report("documents \(release.rawValue): listening on \(address)")
            },
            logger: logger)
        try await application.runService()
        try store.close()
        Self.report("documents \(release.rawValue): stopped")
    }

    private static func release(in environment: [String: String]) throws -> DocumentsRelease {
        guard let name = environment["PORTICO_RELEASE"] else { return .v1 }
        guard let release = DocumentsRelease(rawValue: name) else {
            let known = DocumentsRelease.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("PORTICO_RELEASE is \(name); the releases are \(known)")
        }
        return release
    }

    /// One whole line on standard error, which is the log of a supervised process.
    private static func report(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
