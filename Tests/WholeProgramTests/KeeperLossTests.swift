// The front door survives its own keeper: `kill -9` of it leaves the instances running, and the next `portico serve` on
// the same state directory takes them over. An application of Python's standard library stands behind it.

import Foundation
import Testing

@Suite(.serialized)
struct KeeperLossTests {
    /// What `portico status --json` says, as far as it matters here.
    private struct Status: Decodable {
        struct Service: Decodable {
            var backends: [Backend]
        }
        struct Backend: Decodable {
            var name: String
            var pid: Int32?
            var phase: String
        }
        struct Listener: Decodable {
            var bind: String
        }
        var keeperPID: Int32
        var serverPID: Int32
        var listeners: [Listener]
        var ready: Bool
        var services: [Service]
    }

    @Test func `instances outlive a killed keeper and the next front door adopts them`() throws {
        let directory = try StateDirectory()
        defer { directory.remove() }
        let state = directory.path
        let text = """
            listen: 127.0.0.1:0
            run: python3 -m http.server --bind 127.0.0.1 $PORT
            instances: 2
            """
        try directory.write(text)

        let first = try Program.portico.start(["serve", directory.settings, "--state", state])
        let before = try #require(try readyStatus(state), "the front door did not get ready")
        // A request that is still on its way: the first server has something to finish.
        let listener = try #require(before.listeners.first)
        let client = try #require(slowClient(of: listener.bind))
        kill(before.keeperPID, SIGKILL)
        first.waitUntilExit()

        let second = try Program.portico.start(["serve", directory.settings, "--state", state])
        let after = try #require(
            try readyStatus(state, where: { $0.keeperPID != before.keeperPID }), "the second did not get ready")
        #expect(isRunning(before.serverPID), "the first server had nothing to finish")
        close(client)
        #expect(after.services.first?.backends.map(\.pid) == before.services.first?.backends.map(\.pid))
        #expect(after.services.first?.backends.map(\.name) == ["app-1", "app-2"])

        let stop = try Program.portico.run(["stop", "--wait", "--state", state], environment: [:])
        #expect(stop.status == 0, "\(stop.output)")
        second.waitUntilExit()
        #expect(second.terminationStatus == 0)
        for backend in after.services.first?.backends ?? [] {
            #expect(!isRunning(try #require(backend.pid)), "\(backend.name) still runs")
        }
    }

    /// A connection that has sent half a request.
    private func slowClient(of address: String) -> CInt? {
        guard let port = address.split(separator: ":").last.flatMap({ UInt16($0) }) else { return nil }
        let client = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let half = "GET / HTTP/1.1\r\nHost: h\r\n"
        guard result == 0, send(client, half, half.utf8.count, 0) == half.utf8.count else { return nil }
        return client
    }

    /// Whether there is such a process and it has not ended. An adopted one is nobody's child but init's, which may take
    /// its time to bury it.
    private func isRunning(_ pid: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let name = status.lastIndex(of: ")")
        else { return false }
        return !status[name...].hasPrefix(") Z")
    }

    /// Asks until the front door is ready; every question is a process of its own, which paces the asking.
    private func readyStatus(_ state: String, where isRight: (Status) -> Bool = { _ in true }) throws -> Status? {
        for _ in 0..<600 {
            let ending = try Program.portico.run(["status", "--json", "--state", state], environment: [:])
            guard ending.status == 0,
                let status = try? JSONDecoder().decode(Status.self, from: Data(ending.output.utf8)),
                status.ready, isRight(status)
            else { continue }
            return status
        }
        return nil
    }
}
