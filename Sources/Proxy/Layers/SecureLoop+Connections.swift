// Orders and questions that pass through, and what TLS adds to them.

import CKernel
import EventLoop
import Glibc
import TLS
import Vocabulary

extension SecureLoop where Base: ~Copyable {
    var now: Instant { base.now }
    mutating func stayAwake() { base.stayAwake() }
    var bell: WakeupBell { base.bell }
    var openDescriptors: Int { base.openDescriptors }
    var lentBytes: Int { base.lentBytes + blocks.lentBytes }

    // MARK: Listeners

    mutating func dress(token: UInt32, _ dress: ListenerDress?) {
        while dresses.count <= Int(token) {
            dresses.append(nil)
            isDressed.append(false)
        }
        dresses[Int(token)] = dress
        isDressed[Int(token)] = dress != nil
    }

    mutating func listen(on descriptor: CInt, token: UInt32) -> CInt { base.listen(on: descriptor, token: token) }
    mutating func stopListening(token: UInt32) { base.stopListening(token: token) }
    mutating func pauseListening(token: UInt32) { base.pauseListening(token: token) }
    mutating func resumeListening(token: UInt32) { base.resumeListening(token: token) }

    // MARK: Connections

    mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, error: inout CInt
    ) -> ConnectionHandle? {
        guard let handle = base.connect(to: address, length: length, family: family, error: &error) else { return nil }
        prepare(handle)
        return handle
    }

    mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, dress: UpstreamDress?, error: inout CInt
    ) -> ConnectionHandle? {
        guard let handle = connect(to: address, length: length, family: family, error: &error) else { return nil }
        guard let dress, let context = dress.tls else { return handle }
        guard let session = TLSSession(context, name: dress.name, transport) else {
            base.close(handle)
            slots[handle.index].pointee = SecureSlot()
            error = ENOMEM
            return nil
        }
        let slot = slots[handle.index]
        slot.pointee.stage = .introducing
        slot.pointee.flags = .isUpstream
        slot.pointee.session = session
        return handle
    }

    func peerAddress(of connection: ConnectionHandle) -> UnsafePointer<sockaddr_storage> {
        let slot = slots[connection.index]
        guard slot.pointee.flags.contains(.hasPeer) else { return base.peerAddress(of: connection) }
        UnsafeMutableRawPointer(peer).copyMemory(
            from: peers[connection.index], byteCount: MemoryLayout<sockaddr_in6>.size)
        return UnsafePointer(peer)
    }

    func localAddress(of connection: ConnectionHandle) -> sockaddr_storage { base.localAddress(of: connection) }

    func facts(of connection: ConnectionHandle) -> ConnectionFacts {
        var facts = ConnectionFacts()
        let slot = slots[connection.index]
        facts.isHeralded = slot.pointee.flags.contains(.isHeralded)
        facts.lacksHeader = slot.pointee.flags.contains(.lacksHeader)
        guard slot.pointee.stage == .open, let session = slot.pointee.session else { return facts }
        facts.isSecure = true
        facts.isH2 = slot.pointee.flags.contains(.isH2)
        facts.isResumed = slot.pointee.flags.contains(.isResumed)
        facts.serverName = session.serverName
        return facts
    }

    func isMisdirected(_ connection: ConnectionHandle, host: UnsafeRawBufferPointer) -> Bool {
        let slot = slots[connection.index]
        guard slot.pointee.stage == .open, let session = slot.pointee.session, !session.covers(host) else {
            return false
        }
        return dresses[Int(slot.pointee.token)]?.certifiedHosts?.number(for: host) != nil
    }

    mutating func endExchange(on connection: ConnectionHandle) {}

    mutating func announceDrain() {}

    mutating func announceDrain(of connection: ConnectionHandle) {}

    func isCongested(_ connection: ConnectionHandle) -> Bool { base.isCongested(connection) }
    func unsentBytes(_ connection: ConnectionHandle) -> Int { base.unsentBytes(connection) }
    func sentBytes(_ connection: ConnectionHandle) -> UInt64 { base.sentBytes(connection) }
    func deliveredBytes(_ connection: ConnectionHandle) -> UInt64 { base.deliveredBytes(connection) }
    func isReceiving(_ connection: ConnectionHandle) -> Bool { base.isReceiving(connection) }
    mutating func pauseReceiving(_ connection: ConnectionHandle) { base.pauseReceiving(connection) }

    mutating func splice(_ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64) -> Bool {
        slots[source.index].pointee.stage == .plain && slots[sink.index].pointee.stage == .plain
            && base.splice(source, to: sink, count: count)
    }

    mutating func resumeReceiving(_ connection: ConnectionHandle) {
        let slot = slots[connection.index]
        if slot.pointee.stage != .plain, !base.isReceiving(connection), isWaiting(slot) { ready.append(connection) }
        base.resumeReceiving(connection)
    }

    func hasInput(_ connection: ConnectionHandle) -> Bool {
        let slot = slots[connection.index]
        return (slot.pointee.stage != .plain && isWaiting(slot)) || base.hasInput(connection)
    }

    func isStirred(_ connection: ConnectionHandle) -> Bool {
        let slot = slots[connection.index]
        return (slot.pointee.stage != .plain && isWaiting(slot)) || base.isStirred(connection)
    }

    /// Whether something came that is not told yet.
    private func isWaiting(_ slot: UnsafeMutablePointer<SecureSlot>) -> Bool {
        hasPending(slot) || !slot.pointee.flags.isDisjoint(with: [.endOwed, .breakOwed])
    }

    // MARK: Time

    mutating func setDeadline(_ connection: ConnectionHandle, _ instant: Instant) {
        base.setDeadline(connection, instant)
    }

    mutating func clearDeadline(_ connection: ConnectionHandle) { base.clearDeadline(connection) }

    var hasSpareSlots: Bool { base.hasSpareSlots }

    mutating func makeTimer() -> ConnectionHandle {
        let handle = base.makeTimer()
        prepare(handle)
        return handle
    }
}
