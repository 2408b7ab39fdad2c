// A client and a server session that talk through memory.

import TLS
import TestCertificates

/// Both ends in one thread; each has a transport of its own, as on two machines.
final class Pair {
    private let clientTransport = TLSTransport(outputBytes: 1024)
    private let serverTransport = TLSTransport(outputBytes: 1024)
    let client: TLSSession
    let server: TLSSession
    private(set) var clientOutcome = TLSProgress.wantsInput
    private(set) var serverOutcome = TLSProgress.wantsInput
    /// On their way, in order.
    private var toServer: [UInt8] = []
    private var toClient: [UInt8] = []

    init(_ serverContext: TLSServerContext, _ clientContext: TLSClientContext, name: String) {
        client = TLSSession(clientContext, name: name, clientTransport)!
        server = TLSSession(serverContext, serverTransport)!
    }

    deinit {
        client.free()
        server.free()
    }

    /// Both ends go on with the handshake until neither can.
    @discardableResult
    func shakeHands() -> Bool {
        for _ in 0..<10 {
            if clientOutcome == .wantsInput { clientOutcome = atClient { $0.shakeHands() } }
            if serverOutcome == .wantsInput { serverOutcome = atServer { $0.shakeHands() } }
        }
        return clientOutcome == .done && serverOutcome == .done
    }

    func atClient<Result>(_ step: (TLSSession) -> Result) -> Result {
        Self.step(client, clientTransport, &toClient, &toServer, step)
    }

    func atServer<Result>(_ step: (TLSSession) -> Result) -> Result {
        Self.step(server, serverTransport, &toServer, &toClient, step)
    }

    private static func step<Result>(
        _ session: TLSSession, _ transport: borrowing TLSTransport, _ input: inout [UInt8], _ output: inout [UInt8],
        _ step: (TLSSession) -> Result
    ) -> Result {
        let result = transport.reading(&input) { step(session) }
        output += Array(transport.output)
        transport.clearOutput()
        return result
    }

    /// Changes a byte that is on its way to the server.
    func spoil(at offset: Int) { toServer[offset] ^= 1 }

    var bytesToClient: Int { toClient.count }

    static func write(_ bytes: [UInt8]) -> (TLSSession) -> Bool {
        { session in bytes.withUnsafeBytes { session.write($0) } }
    }

    /// Reads until there is no more; the outcome of the last read.
    static func read(_ bytes: inout [UInt8], _ session: TLSSession) -> TLSProgress {
        var room = [UInt8](repeating: 0, count: 20_000)
        while true {
            var count = 0
            let outcome = room.withUnsafeMutableBytes { session.read(into: $0, count: &count) }
            guard outcome == .done else { return outcome }
            bytes += room[..<count]
        }
    }
}

extension Authority {
    func serverContext(
        _ certificates: [CertificateText], _ rules: ServerTLSRules = ServerTLSRules(scope: "web"),
        tickets: TicketKeyRing = TicketKeyRing(), loops: Int = 1
    ) throws -> TLSServerContext {
        try TLSServerContext(certificates, rules: rules, tickets: tickets, loops: loops)
    }

    func clientContext(
        _ protocols: ApplicationProtocols = .http1, certificate: CertificateText? = nil
    ) throws -> TLSClientContext {
        try TLSClientContext(
            ClientTLSRules(verification: .authority(root), protocols: protocols, certificate: certificate))
    }
}
