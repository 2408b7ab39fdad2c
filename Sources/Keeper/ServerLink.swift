// A running server, as the keeper sees it: its process and the socket to it, with what it has not read yet.

import Kernel
import Vocabulary

/// How a server wants the keeper to end.
struct Goodbye {
    var exitCode: Int32
    var leavesInstances: Bool
}

/// The keeper's end of one server. Loop-confined.
final class ServerLink {
    let process: ChildProcess
    let startedAt: Instant
    /// Whether it has asked for the inventory: from then on it hears of exits, each exactly once.
    var isWatching = false
    /// Set once it said goodbye.
    var goodbye: Goodbye?
    /// Set once its socket is closed while its process runs on: when it is killed.
    private(set) var killAt: Instant?

    private let socket: PacketSocket
    private var unsent: [Packet] = []
    private var buffer = [UInt8](repeating: 0, count: KeeperLimits.packetBytesMax)

    init(process: consuming ChildProcess, socket: consuming PacketSocket, startedAt: Instant) {
        self.process = process
        self.socket = socket
        self.startedAt = startedAt
    }

    var socketNumber: CInt { socket.number }
    var unsentCount: Int { unsent.count }
    /// Whether anything can still be said and heard.
    var isOpen: Bool { killAt == nil }

    /// Queues a message and sends as much as the server takes. The descriptors stay the caller's, open as long as the
    /// listener is.
    func send(_ message: KeeperMessage, descriptors: [CInt] = [], now: Instant) throws(KeeperError) {
        guard isOpen else { return }
        unsent.append(Packet(bytes: try KeeperWire.encode(message), descriptors: descriptors))
        flush(now: now)
    }

    /// Sends what the server takes now.
    func flush(now: Instant) {
        var sent = 0
        do {
            while sent < unsent.count, try socket.send(unsent[sent]) { sent += 1 }
            unsent.removeFirst(sent)
            if unsent.count > KeeperLimits.unsentMax { close(now: now, grace: .zero) }
        } catch {
            close(now: now, grace: KeeperLimits.silentServerWait)
        }
    }

    /// The next packet; `nil` when there is none now, or none ever again.
    func receive(now: Instant) -> PacketReceived {
        guard isOpen else { return .ended }
        let received = (try? socket.receive(through: &buffer)) ?? .ended
        if case .ended = received { close(now: now, grace: KeeperLimits.silentServerWait) }
        return received
    }

    private func close(now: Instant, grace: Duration) {
        unsent = []
        killAt = now + grace
    }
}
