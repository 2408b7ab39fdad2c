// The orderly stop of the running program: new clients are refused at once, and a tunnel that never ends holds it up no
// longer than `drain` says.

import Foundation
import Glibc
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct StopTests {
    private struct Status: Decodable {
        struct Listener: Decodable { var bind: String }
        var listeners: [Listener]
        var ready: Bool
    }

    /// Answers every request with 101 and keeps the connection for as long as the other side does.
    private static let application = """
        import os, socket, threading
        def serve(connection):
            while b"\\r\\n\\r\\n" not in connection.recv(65536): pass
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n")
            while connection.recv(65536): pass
        listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
        while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """

    @Test func `a stop refuses new clients at once and waits for an idle tunnel no longer than drain`() throws {
        let directory = try StateDirectory()
        defer { directory.remove() }
        let state = directory.path
        try directory.write(Self.application, to: "application.py")
        let text = """
            version: 1
            drain: 3s
            listeners: [{ name: web, bind: 127.0.0.1:0 }]
            routes: [{ service: app }]
            services:
              app:
                health: { tcp: true }
                instances:
                  run: [python3, application.py]
                  count: 1
                  drain: { requests: 1h, tunnels: 1h }
            """
        try directory.write(text)
        let door = try Program.portico.start(["serve", directory.settings, "--state", state])
        let port = try #require(try readyPort(state))
        let tunnel = try #require(connection(to: port))
        defer { close(tunnel) }
        let request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        #expect(send(tunnel, request, request.utf8.count, 0) == request.utf8.count)
        var answer = [UInt8](repeating: 0, count: 12)
        #expect(recv(tunnel, &answer, answer.count, CInt(MSG_WAITALL)) == 12)
        #expect(String(decoding: answer, as: UTF8.self) == "HTTP/1.1 101")

        let stop = try Program.portico.run(["stop", "--state", state], environment: [:])
        #expect(stop.status == 0, "\(stop.output)")
        while let late = connection(to: port) { close(late) }
        // Refused while it still waits for the tunnel.
        #expect(door.isRunning)
        door.waitUntilExit()
        #expect(door.terminationStatus == 0)
    }

    /// `nil` when it is refused.
    private func connection(to port: UInt16) -> CInt? {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private func readyPort(_ state: String) throws -> UInt16? {
        for _ in 0..<600 {
            let ending = try Program.portico.run(["status", "--json", "--state", state], environment: [:])
            guard ending.status == 0,
                let status = try? JSONDecoder().decode(Status.self, from: Data(ending.output.utf8)), status.ready
            else { continue }
            return status.listeners.first.flatMap { UInt16($0.bind.split(separator: ":").last ?? "") }
        }
        return nil
    }
}
