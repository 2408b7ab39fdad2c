// TLS of the whole program, with clients that are not ours: `curl`, `openssl s_client` and Python.

import Foundation
import TestCertificates
import Testing

@Suite(.serialized)
struct SecureProgramTests {
    @Test func `curl is served over TLS 1.2 and 1.3 by the certificate of the name it asks for`() throws {
        let door = try SecureDoor(["a.test", "b.test"])
        for name in ["a.test", "b.test"] {
            for version in ["--tls-max 1.2", "--tlsv1.3"] {
                let answer = try door.curl(name, version.split(separator: " ").map(String.init))
                #expect(answer == "200 hello", "\(name) \(version)")
            }
            #expect(try door.client(name, []).contains("subject=CN = \(name)"))
        }
        #expect(try door.client("a.test", ["-tls1_1"]).contains("alert protocol version"))
        #expect(try door.client("a.test", ["-alpn", "http/1.1"]).contains("ALPN protocol: http/1.1"))
        #expect(try door.client("a.test", ["-alpn", "gopher"]).contains("no application protocol"))
        // 421: the certificate of the connection is for the other name.
        let misdirected = try door.curl("a.test", ["-H", "Host: b.test"])
        #expect(misdirected == "421 misdirected")
        try door.stop()
    }

    @Test func `sessions are resumed by tickets in both versions`() throws {
        let door = try SecureDoor(["a.test"])
        let session = door.place("session.pem")
        for version in ["-tls1_2", "-tls1_3"] {
            let first = try door.client("a.test", [version, "-sess_out", session], input: door.request)
            #expect(first.contains("New, TLSv1."))
            let second = try door.client("a.test", [version, "-sess_in", session], input: door.request)
            #expect(second.contains("Reused, TLSv1."), "\(version)")
        }
        // Each connection of TLS 1.3 gets a ticket for the next one.
        let next = door.place("next.pem")
        for (input, output) in [(session, next), (next, session), (session, next)] {
            let arguments = ["-tls1_3", "-sess_in", input, "-sess_out", output]
            #expect(try door.client("a.test", arguments, input: door.request).contains("Reused, TLSv1.3"))
        }
        #expect(try door.client("a.test", ["-tls1_2", "-reconnect"]).components(separatedBy: "Reused, ").count == 6)
        // A certificate swap keeps the keys of tickets.
        try door.authority.issue("a.test", ["a.test"])
        #expect(try door.portico(["reload"]).status == 0)
        #expect(try door.client("a.test", ["-tls1_3", "-sess_in", session], input: door.request).contains("Reused, "))
        let tls = try #require(try door.status().listeners.first?.tls)
        #expect(tls.handshakesResumed >= 8)
        try door.stop()
    }

    @Test func `clients without a certificate are refused where one is asked for`() throws {
        let door = try SecureDoor(["a.test"], tls: "client_ca: ca.pem")
        try door.authority.issue("client", ["someone"])
        let identity = ["--cert", door.place("client.pem"), "--key", door.place("client.key")]
        #expect(try door.curl("a.test", identity) == "200 hello")
        #expect(try door.curl("a.test", []).hasPrefix("000"))
        #expect(try door.client("a.test", [], input: door.request).contains("certificate required"))
        try door.stop()
    }

    @Test func `a certificate is swapped under load without a dropped request, and a broken one is kept out`() throws {
        let door = try SecureDoor(["a.test"])
        let load = try door.startLoad("a.test", connections: 4)
        let first = try #require(try door.status().listeners.first?.tls?.certificates.first?.fingerprint)
        try door.authority.issue("a.test", ["a.test"])
        let second = try door.wait { $0.certificates.first.flatMap { $0.fingerprint == first ? nil : $0.fingerprint } }
        #expect(second != nil, "the new certificate was not taken over")

        // Broken: the former one stays, and everybody is told.
        let good = try String(contentsOfFile: door.place("a.test.pem"), encoding: .utf8)
        try "-----BEGIN CERTIFICATE-----\nbroken\n".write(
            toFile: door.place("a.test.pem"), atomically: true, encoding: .utf8)
        let problem = try door.wait(for: \.problem)
        #expect(problem?.contains("a.test.pem: certificate 1 is broken") == true, "\(problem ?? "nothing")")
        #expect(try door.status().listeners.first?.tls?.certificates.first?.fingerprint == second)
        #expect(try door.curl("a.test", []) == "200 hello")
        #expect(try door.portico(["events"]).output.contains("certificate_refused"))
        #expect(try door.portico(["status"]).output.contains("NEW CERTIFICATES ARE KEPT OUT"))
        let reload = try door.portico(["reload"])
        #expect(reload.status != 0)
        #expect(reload.output.contains("a.test.pem: certificate 1 is broken"))

        try good.write(toFile: door.place("a.test.pem"), atomically: true, encoding: .utf8)
        #expect(try door.wait { $0.problem == nil ? true : nil } == true)
        let result = try load.finish()
        #expect(result.failures == 0, "\(result)")
        #expect(result.requests > 100)
        try door.stop()
    }

    @Test func `a server that is killed while a certificate is broken comes back and serves once it is right`() throws {
        let door = try SecureDoor(["a.test"])
        let good = try String(contentsOfFile: door.place("a.test.pem"), encoding: .utf8)
        try "broken".write(toFile: door.place("a.test.pem"), atomically: true, encoding: .utf8)
        kill(try door.status().serverPID, SIGKILL)
        // The second server has no certificate at all, and says so; it must not speak plain bytes instead.
        let problem = try door.wait { $0.certificates.isEmpty ? $0.problem : nil }
        #expect(problem?.contains("a.test.pem") == true, "\(problem ?? "nothing")")
        try good.write(toFile: door.place("a.test.pem"), atomically: true, encoding: .utf8)
        #expect(try door.wait { $0.certificates.isEmpty ? nil : true } == true)
        #expect(try door.curl("a.test", []) == "200 hello")
        try door.stop()
    }

    @Test func `check and serve name the file that is broken`() throws {
        let door = try SecureDoor(["a.test", "b.test"], isStarted: false)
        #expect(try Program.portico.run(["check", door.file], environment: [:]).status == 0)
        try FileManager.default.removeItem(atPath: door.place("b.test.key"))
        try FileManager.default.copyItem(atPath: door.place("a.test.key"), toPath: door.place("b.test.key"))
        let mixed = try Program.portico.run(["check", door.file], environment: [:])
        #expect(mixed.status == 1)
        #expect(mixed.output.contains("b.test.key: the key does not belong to the first certificate in"))
        // Refused by `serve` too, before anything is opened.
        let serve = try Program.portico.run(
            ["serve", door.file, "--state", door.place("other-state")], environment: [:])
        #expect(serve.status != 0)
        #expect(serve.output.contains("b.test.key: the key does not belong"))
    }

    @Test func `1 GiB goes through TLS both ways in bounded memory`() throws {
        let door = try SecureDoor(["a.test"])
        let down = try door.curl("a.test", ["-o", "/dev/null", "-w", "%{http_code} %{size_download}"], path: "/big")
        #expect(down == "200 \(1 << 30)")
        let zeros = door.place("zeros")
        _ = FileManager.default.createFile(atPath: zeros, contents: nil)
        try FileHandle(forWritingTo: URL(fileURLWithPath: zeros)).truncate(atOffset: 1 << 30)
        #expect(try door.curl("a.test", ["-T", zeros, "-H", "Expect:"], path: "/up") == "200 \(1 << 30)")
        let pid = try door.status().serverPID
        let peak = try #require(
            try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n")
                .first { $0.hasPrefix("VmHWM:") }?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        #expect(peak < 200_000, "\(peak) KiB")
        try door.stop()
    }
}
