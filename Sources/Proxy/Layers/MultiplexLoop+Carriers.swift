// HTTP/2 connections: bytes in, bytes out at the end of the turn, and every way they end.

import CKernel
import EventLoop
import Glibc
import HTTP2
import Vocabulary

extension MultiplexLoop where Base: ~Copyable {
    // MARK: Receiving

    /// What happened to a connection that carries HTTP/2; `true` when that is to be told.
    mutating func carrierEvent(_ slot: UnsafeMutablePointer<MultiplexSlot>, _ event: inout LoopEvent) -> Bool {
        guard let carrier = slot.pointee.carrier else { return true }
        switch event.kind {
        case .received:
            receive(carrier, event.bytes)
            return false
        case .drained:
            markDirty(carrier)
            return false
        case .connected:
            carrierConnected(carrier)
            return false
        case .connectFailed:
            carrierFailed(carrier, error: event.error)
            return false
        case .ended, .broken, .sendFailed, .hangup:
            let isServer = carrier.pointee.flags.contains(.isServer)
            // There is no half of an HTTP/2 connection: a peer that will send no more can't even take our DATA.
            endSession(carrier)
            guard isServer else {
                base.close(event.connection)
                slot.pointee = MultiplexSlot()
                drop(carrier)
                return false
            }
            retire(carrier, slot)
            // Told behind what the streams are told.
            owed.append(OwedEvent(kind: .broken, connection: event.connection, error: ECONNRESET))
            return false
        case .deadline: return carrier.pointee.flags.contains(.isServer)
        default: return false
        }
    }

    mutating func receive(_ carrier: CarrierPointer, _ bytes: UnsafeRawBufferPointer) {
        guard let session = carrier.pointee.session else { return }
        markDirty(carrier)
        if !multiplexer.receive(session, bytes, now: base.now) {
            // The peer is told why, and then nothing of it is heard any more.
            if !flush(carrier, isForced: true) { over(carrier) }
        } else if carrier.pointee.flags.contains(.isServer) {
            if session.pointee.isWithinHead || carrier.pointee.headMark != 0 { tellHead(carrier, session) }
        } else if carrier.pointee.flags.contains(.isGreeting), session.pointee.isGreeted {
            carrierGreeted(carrier)
        }
    }

    /// Tells, behind what the streams are told, that a head is half there, or no more.
    private mutating func tellHead(_ carrier: CarrierPointer, _ session: SessionPointer) {
        // It wraps after 2^32 heads: then one of them is taken for its predecessor.
        let mark = session.pointee.isWithinHead ? max(1, session.pointee.headCount) : 0
        let kind: LoopEvent.Kind =
            mark == 0 ? .headEnded : mark == carrier.pointee.headMark ? .headGrew : .headBegun
        carrier.pointee.headMark = mark
        owed.append(OwedEvent(kind: kind, connection: carrier.pointee.handle))
    }

    // MARK: Sending

    @inline(__always)
    mutating func markDirty(_ carrier: CarrierPointer) {
        isTelling = true
        guard !carrier.pointee.flags.contains(.isDirty) else { return }
        carrier.pointee.flags.insert(.isDirty)
        carrier.pointee.dirtyNext = firstDirty
        firstDirty = carrier
    }

    mutating func flushDirty() {
        while let carrier = firstDirty {
            firstDirty = carrier.pointee.dirtyNext
            carrier.pointee.dirtyNext = nil
            carrier.pointee.flags.remove(.isDirty)
            _ = flush(carrier, isForced: false)
        }
    }

    /// Sends what the session has to send, as far as the connection takes it; `true` when that was its end, and the
    /// carrier is no more.
    private mutating func flush(_ carrier: CarrierPointer, isForced: Bool) -> Bool {
        isTelling = true
        guard let session = carrier.pointee.session, !carrier.pointee.flags.contains(.isConnecting) else {
            return false
        }
        let handle = carrier.pointee.handle
        while isForced || !base.isCongested(handle) {
            let bytes = multiplexer.collect(session)
            guard bytes.count > 0 else { break }
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: 1) { pieces in
                pieces[0] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                base.send(handle, pieces)
            }
        }
        if session.pointee.orphanCount > 0, !carrier.pointee.flags.contains(.watchesOrphans) { watchOrphans(carrier) }
        guard multiplexer.isOver(session), !base.isCongested(handle) else { return false }
        over(carrier)
        return true
    }

    // MARK: Ends

    /// The session has nothing to say any more.
    mutating func over(_ carrier: CarrierPointer) {
        let handle = carrier.pointee.handle
        let slot = slots[handle.index]
        endSession(carrier)
        if carrier.pointee.flags.contains(.isServer) {
            retire(carrier, slot)
            owed.append(OwedEvent(kind: .ended, connection: handle))
        } else {
            base.hurry(handle)
            base.close(handle)
            slot.pointee = MultiplexSlot()
            drop(carrier)
        }
    }

    private mutating func endSession(_ carrier: CarrierPointer) {
        guard let session = carrier.pointee.session else { return }
        carrier.pointee.session = nil
        isTelling = true
        multiplexer.close(session)
    }

    /// A client's connection without its session is a plain one, for the rest of its life.
    private mutating func retire(_ carrier: CarrierPointer, _ slot: UnsafeMutablePointer<MultiplexSlot>) {
        slot.pointee.kind = .plain
        slot.pointee.carrier = nil
        drop(carrier)
    }

    /// Frees a carrier that has no session and no slot any more.
    mutating func drop(_ carrier: CarrierPointer) {
        if carrier.pointee.flags.contains(.isDirty) {
            var link = firstDirty
            if firstDirty == carrier { firstDirty = carrier.pointee.dirtyNext }
            while let other = link {
                if other.pointee.dirtyNext == carrier { other.pointee.dirtyNext = carrier.pointee.dirtyNext }
                link = other.pointee.dirtyNext
            }
        }
        if !carrier.pointee.alarm.isNone {
            slots[carrier.pointee.alarm.index].pointee = MultiplexSlot()
            base.close(carrier.pointee.alarm)
        }
        let next = carrier.pointee.next
        next?.pointee.previous = carrier.pointee.previous
        if let previous = carrier.pointee.previous {
            previous.pointee.next = next
        } else if carrier.pointee.flags.contains(.isServer) {
            carriers = next
        } else {
            hosts[Int(carrier.pointee.host)].carriers = next
        }
        if !carrier.pointee.flags.contains(.isServer) {
            // Whoever still waits for it waits in vain.
            tellWaiting(carrier, .connectFailed, error: ECONNREFUSED)
            hosts[Int(carrier.pointee.host)].carrierCount -= 1
            forgetUnused(Int(carrier.pointee.host))
        }
        carrier.deallocate()
    }

    /// The session logic closes a client's connection: its streams end, and the client is told so if it listens.
    mutating func closeCarrier(_ carrier: CarrierPointer, withReset: Bool) {
        let handle = carrier.pointee.handle
        let slot = slots[handle.index]
        if let session = carrier.pointee.session {
            multiplexer.finishDrain(session)
            if !withReset, !base.isCongested(handle) {
                let bytes = multiplexer.collect(session)
                if bytes.count > 0 {
                    withUnsafeTemporaryAllocation(of: iovec.self, capacity: 1) { pieces in
                        pieces[0] = iovec(
                            iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                        base.send(handle, pieces)
                    }
                }
            }
            base.hurry(handle)
            endSession(carrier)
        }
        retire(carrier, slot)
        slot.pointee = MultiplexSlot()
        if withReset { base.reset(handle) } else { base.close(handle) }
    }

    // MARK: Drain and other alarms

    mutating func announceDrain() {
        isDraining = true
        var rest = carriers
        while let carrier = rest {
            rest = carrier.pointee.next
            beginDrain(carrier)
        }
        base.announceDrain()
    }

    mutating func announceDrain(of connection: ConnectionHandle) {
        if let carrier = slots[connection.index].pointee.carrier { beginDrain(carrier) }
    }

    mutating func beginDrain(_ carrier: CarrierPointer) {
        guard let session = carrier.pointee.session, !session.pointee.isDraining else { return }
        multiplexer.beginDrain(session)
        carrier.pointee.flags.insert(.awaitsDrain)
        setAlarm(carrier, MultiplexLimits.drainNotice)
        markDirty(carrier)
    }

    private mutating func watchOrphans(_ carrier: CarrierPointer) {
        guard let session = carrier.pointee.session else { return }
        carrier.pointee.flags.insert(.watchesOrphans)
        carrier.pointee.sentMark = session.pointee.sent
        if !carrier.pointee.flags.contains(.awaitsDrain) { setAlarm(carrier, MultiplexLimits.orphanStall) }
    }

    private mutating func setAlarm(_ carrier: CarrierPointer, _ time: Duration) {
        if carrier.pointee.alarm.isNone {
            guard base.hasSpareSlots else { return }
            carrier.pointee.alarm = base.makeTimer()
            prepare(carrier.pointee.alarm, .alarm)
            slots[carrier.pointee.alarm.index].pointee.carrier = carrier
        }
        base.setDeadline(carrier.pointee.alarm, base.now + time)
    }

    /// The alarm of a carrier: the client has not answered, or the peer has not taken what streams without owners have.
    mutating func alarm(_ carrier: CarrierPointer) {
        guard let session = carrier.pointee.session else { return }
        if carrier.pointee.flags.contains(.awaitsDrain) {
            carrier.pointee.flags.remove([.awaitsDrain, .watchesOrphans])
            multiplexer.finishDrain(session)
            return markDirty(carrier)
        }
        guard carrier.pointee.flags.contains(.watchesOrphans) else { return }
        carrier.pointee.flags.remove(.watchesOrphans)
        guard session.pointee.orphanCount > 0 else { return }
        guard session.pointee.isServer else {
            // Others share the connection. It is watched again for as long as there are any.
            multiplexer.cancelOrphans(session)
            return markDirty(carrier)
        }
        if session.pointee.sent != carrier.pointee.sentMark { return watchOrphans(carrier) }
        let handle = carrier.pointee.handle
        endSession(carrier)
        retire(carrier, slots[handle.index])
        owed.append(OwedEvent(kind: .broken, connection: handle, error: ETIMEDOUT))
    }
}
