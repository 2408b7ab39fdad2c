// Orders of the session logic: to the loop beneath for plain connections, to a stream for those of this layer.

import CKernel
import EventLoop
import Glibc
import HTTP2
import Vocabulary

extension MultiplexLoop where Base: ~Copyable {
    @inline(__always)
    private func slot(_ connection: ConnectionHandle) -> SlotPointer { slots[connection.index] }

    // MARK: Listeners

    mutating func listen(on descriptor: CInt, token: UInt32) -> CInt { base.listen(on: descriptor, token: token) }
    mutating func stopListening(token: UInt32) { base.stopListening(token: token) }
    mutating func pauseListening(token: UInt32) { base.pauseListening(token: token) }
    mutating func resumeListening(token: UInt32) { base.resumeListening(token: token) }

    mutating func dress(token: UInt32, _ dress: ListenerDress?) {
        while dresses.count <= Int(token) { dresses.append(nil) }
        dresses[Int(token)] = dress
        base.dress(token: token, dress)
    }

    // MARK: Connections

    mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, error: inout CInt
    ) -> ConnectionHandle? {
        connect(to: address, length: length, family: family, dress: nil, error: &error)
    }

    func peerAddress(of connection: ConnectionHandle) -> UnsafePointer<sockaddr_storage> {
        let slot = slot(connection)
        return base.peerAddress(of: slot.pointee.kind == .stream ? slot.pointee.parent : connection)
    }

    func localAddress(of connection: ConnectionHandle) -> sockaddr_storage {
        let slot = slot(connection)
        return base.localAddress(of: slot.pointee.kind == .stream ? slot.pointee.parent : connection)
    }

    func facts(of connection: ConnectionHandle) -> ConnectionFacts {
        let slot = slot(connection)
        guard slot.pointee.kind == .stream else { return base.facts(of: connection) }
        var facts = base.facts(of: slot.pointee.parent)
        facts.isStream = true
        facts.isH2 = true
        return facts
    }

    func isMisdirected(_ connection: ConnectionHandle, host: UnsafeRawBufferPointer) -> Bool {
        let slot = slot(connection)
        return base.isMisdirected(slot.pointee.kind == .stream ? slot.pointee.parent : connection, host: host)
    }

    @inline(__always)
    mutating func send(_ connection: ConnectionHandle, _ pieces: UnsafeMutableBufferPointer<iovec>) {
        let slot = slot(connection)
        switch slot.pointee.kind {
        case .plain, .sniffed: base.send(connection, pieces)
        case .stream, .link: sendOnStream(slot, pieces)
        case .carrier, .alarm: break
        }
    }

    private mutating func sendOnStream(_ slot: SlotPointer, _ pieces: UnsafeMutableBufferPointer<iovec>) {
        guard let stream = slot.pointee.kind == .link ? bind(slot) : slot.pointee.stream else {
            return owed.append(OwedEvent(kind: .broken, connection: slot.pointee.handle, error: ENOMEM))
        }
        _ = multiplexer.write(stream, pieces)
        if let session = stream.pointee.session, let carrier = Self.carrier(session) { markDirty(carrier) }
    }

    @inline(__always)
    func isCongested(_ connection: ConnectionHandle) -> Bool {
        let slot = slot(connection)
        if slot.pointee.kind == .plain { return base.isCongested(connection) }
        return slot.pointee.stream.map { multiplexer.isCongested($0) } ?? false
    }

    /// What a stream has is as good as sent unless it is congested: `close` lets it finish.
    func unsentBytes(_ connection: ConnectionHandle) -> Int {
        let slot = slot(connection)
        if slot.pointee.kind == .plain { return base.unsentBytes(connection) }
        return slot.pointee.stream.map { multiplexer.isCongested($0) ? $0.pointee.unsentBytes : 0 } ?? 0
    }

    func sentBytes(_ connection: ConnectionHandle) -> UInt64 {
        let slot = slot(connection)
        if slot.pointee.kind == .plain { return base.sentBytes(connection) }
        return slot.pointee.sentBefore &+ (slot.pointee.stream?.pointee.sent ?? 0)
    }

    /// Of a stream: what its connection has taken; flow control lets it take only what the client makes room for.
    func deliveredBytes(_ connection: ConnectionHandle) -> UInt64 {
        slot(connection).pointee.kind == .plain ? base.deliveredBytes(connection) : sentBytes(connection)
    }

    /// What is owed of a connection goes before what it receives next.
    mutating func splice(_ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64) -> Bool {
        slot(source).pointee.kind == .plain && slot(sink).pointee.kind == .plain && owed.isEmpty
            && base.splice(source, to: sink, count: count)
    }

    @inline(__always)
    mutating func pauseReceiving(_ connection: ConnectionHandle) {
        let slot = slot(connection)
        switch slot.pointee.kind {
        case .plain: base.pauseReceiving(connection)
        case .stream, .link:
            slot.pointee.isPaused = true
            if let stream = slot.pointee.stream { multiplexer.pause(stream) }
        // Their sessions pace them.
        case .sniffed, .carrier, .alarm: break
        }
    }

    @inline(__always)
    mutating func resumeReceiving(_ connection: ConnectionHandle) {
        let slot = slot(connection)
        switch slot.pointee.kind {
        case .plain: base.resumeReceiving(connection)
        case .stream, .link:
            slot.pointee.isPaused = false
            isTelling = true
            if let stream = slot.pointee.stream { multiplexer.resume(stream) }
        case .sniffed, .carrier, .alarm: break
        }
    }

    func isReceiving(_ connection: ConnectionHandle) -> Bool {
        let slot = slot(connection)
        return slot.pointee.kind == .plain ? base.isReceiving(connection) : !slot.pointee.isPaused
    }

    func hasInput(_ connection: ConnectionHandle) -> Bool {
        let slot = slot(connection)
        return slot.pointee.kind == .plain || slot.pointee.kind == .sniffed ? base.hasInput(connection) : false
    }

    /// Of a link: what becomes of its carrier does not matter before the next request.
    func isStirred(_ connection: ConnectionHandle) -> Bool {
        slot(connection).pointee.kind == .plain ? base.isStirred(connection) : false
    }

    mutating func cork(_ connection: ConnectionHandle) {
        switch slot(connection).pointee.kind {
        case .plain, .sniffed: base.cork(connection)
        case .stream, .link, .carrier, .alarm: break
        }
    }

    /// Streams leave with what their connection sends at the end of the turn.
    mutating func hurry(_ connection: ConnectionHandle) {
        switch slot(connection).pointee.kind {
        case .plain, .sniffed: base.hurry(connection)
        case .stream, .link, .carrier, .alarm: break
        }
    }

    mutating func shutdownSending(_ connection: ConnectionHandle) {
        let slot = slot(connection)
        switch slot.pointee.kind {
        case .plain, .sniffed: base.shutdownSending(connection)
        case .stream, .link:
            guard let stream = slot.pointee.stream else { return }
            multiplexer.finish(stream)
            if let session = stream.pointee.session, let carrier = Self.carrier(session) { markDirty(carrier) }
        case .carrier, .alarm: break
        }
    }

    mutating func close(_ connection: ConnectionHandle) { end(connection, withReset: false) }

    mutating func reset(_ connection: ConnectionHandle) { end(connection, withReset: true) }

    @inline(__always)
    private mutating func end(_ connection: ConnectionHandle, withReset: Bool) {
        let slot = slot(connection)
        switch slot.pointee.kind {
        case .plain, .sniffed:
            slot.pointee = MultiplexSlot()
            if withReset { base.reset(connection) } else { base.close(connection) }
        case .carrier:
            if let carrier = slot.pointee.carrier { closeCarrier(carrier, withReset: withReset) }
        case .stream:
            if let stream = slot.pointee.stream {
                if let session = stream.pointee.session, let carrier = Self.carrier(session) { markDirty(carrier) }
                multiplexer.release(stream, isFailure: withReset)
            }
            slot.pointee = MultiplexSlot()
            base.close(connection)
        case .link: closeLink(slot)
        case .alarm: break
        }
    }

    // MARK: Time

    mutating func setDeadline(_ connection: ConnectionHandle, _ instant: Instant) {
        base.setDeadline(connection, instant)
    }

    mutating func clearDeadline(_ connection: ConnectionHandle) { base.clearDeadline(connection) }

    mutating func makeTimer() -> ConnectionHandle {
        let handle = base.makeTimer()
        prepare(handle, .plain)
        return handle
    }

    var hasSpareSlots: Bool { base.hasSpareSlots }

    var openDescriptors: Int { base.openDescriptors }
    var lentBytes: Int { base.lentBytes + multiplexer.lentBytes }
}
