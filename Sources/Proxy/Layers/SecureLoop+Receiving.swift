// The way in: handshakes, decryption, and what is told besides bytes. The order of things: `SecureLoop`.

import CKernel
import EventLoop
import Glibc
import TLS
import Vocabulary

extension SecureLoop where Base: ~Copyable {
    mutating func received(_ slot: UnsafeMutablePointer<SecureSlot>, _ event: inout LoopEvent) -> Bool {
        switch slot.pointee.stage {
        case .open:
            return decrypt(slot, event.bytes, &event)
        case .heralded:
            return readHeader(slot, &event)
        case .greeting, .introducing:
            guard stepsLeft > 0, handshakes.isEmpty else {
                keep(event.bytes, in: slot)
                handshakes.append(event.connection)
                base.pauseReceiving(event.connection)
                return false
            }
            stepsLeft -= 1
            return shakeHands(slot, event.bytes, &event)
        case .plain, .spilling, .failed:
            return false
        }
    }

    /// One step of a handshake; `true` when that is to be told.
    mutating func shakeHands(
        _ slot: UnsafeMutablePointer<SecureSlot>, _ bytes: UnsafeRawBufferPointer, _ event: inout LoopEvent
    ) -> Bool {
        let handle = event.connection
        if slot.pointee.session == nil, let context = dresses[Int(slot.pointee.token)]?.tls {
            slot.pointee.session = TLSSession(context, transport)
        }
        transport.point(at: bytes)
        let progress = slot.pointee.session?.shakeHands() ?? .failed
        let isUpstream = slot.pointee.flags.contains(.isUpstream)
        flushOutput(handle)
        switch progress {
        case .wantsInput:
            return false
        case .done:
            let session = slot.pointee.session!
            slot.pointee.stage = .open
            if session.isH2 { slot.pointee.flags.insert(.isH2) }
            if session.isResumed { slot.pointee.flags.insert(.isResumed) }
            if isUpstream { session.note(failure: nil) }
            rest = transport.input
            restOwner = handle
            event.kind = isUpstream ? .connected : .established
            return true
        case .closed, .failed:
            slot.pointee.stage = .failed
            let reason = slot.pointee.session?.takeFailure()
            if isUpstream { slot.pointee.session?.note(failure: reason) }
            event.kind = isUpstream ? .connectFailed : .broken
            event.error = EPROTO
            return true
        }
    }

    /// Decrypts as much as there is and has room; `true` when something is to be told.
    mutating func decrypt(
        _ slot: UnsafeMutablePointer<SecureSlot>, _ bytes: UnsafeRawBufferPointer, _ event: inout LoopEvent
    ) -> Bool {
        let handle = event.connection
        let session = slot.pointee.session!
        transport.point(at: bytes)
        var count = 0
        reading: while count < plaintext.count, transport.hasInput || session.hasPending {
            var taken = 0
            switch session.read(into: UnsafeMutableRawBufferPointer(rebasing: plaintext[count...]), count: &taken) {
            case .done: count += taken
            case .wantsInput: break reading
            case .closed:
                slot.pointee.flags.insert(.endOwed)
                break reading
            case .failed:
                _ = session.takeFailure()
                slot.pointee.flags.insert(.breakOwed)
                break reading
            }
        }
        // A peer that changes its keys is answered (RFC 8446 §4.6.3), a wrong record with an alert.
        if transport.outputCount > 0 { flushOutput(handle) }
        guard count > 0 else { return tellOwed(slot, handle, &event) }
        if !slot.pointee.flags.isDisjoint(with: [.endOwed, .breakOwed]) {
            ready.append(handle)
        } else if transport.hasInput || session.hasPending {
            rest = transport.input
            restOwner = handle
        }
        event.kind = .received
        event.connection = handle
        event.bytes = UnsafeRawBufferPointer(rebasing: plaintext[..<count])
        return true
    }

    /// Goes on with what one receive brought and the last event had no room for.
    mutating func goOn(_ event: inout LoopEvent) -> Bool {
        let (handle, bytes) = (restOwner, rest)
        restOwner = .none
        let slot = slots[handle.index]
        guard slot.pointee.generation == handle.generation else { return false }
        event.connection = handle
        guard slot.pointee.stage == .open else { return false }
        if base.isReceiving(handle) { return decrypt(slot, bytes, &event) }
        keep(bytes, in: slot)
        return false
    }

    /// Serves a connection that has something to tell besides what the loop beneath knows.
    mutating func serve(_ handle: ConnectionHandle, _ event: inout LoopEvent) -> Bool {
        let slot = slots[handle.index]
        // A connection that is paused comes again when it is resumed, but a broken one is told at once.
        guard slot.pointee.generation == handle.generation,
            base.isReceiving(handle) || slot.pointee.flags.contains(.breakOwed)
        else { return false }
        event.connection = handle
        if slot.pointee.stage == .spilling { return spillInbox(slot, &event) }
        guard slot.pointee.stage == .open, hasPending(slot), !slot.pointee.flags.contains(.breakOwed) else {
            return tellOwed(slot, handle, &event)
        }
        let inbox = slot.pointee.inbox
        slot.pointee.inbox = Stash()
        let isTold = decrypt(slot, inbox.bytes, &event)
        if restOwner == handle {
            restOwner = .none
            if !rest.isEmpty { keep(rest, in: slot) }
            ready.append(handle)
        }
        if inbox.block.count > 0 { blocks.giveBack(inbox.block) }
        return isTold
    }

    /// Tells an end or a failure that came behind the last bytes.
    func tellOwed(
        _ slot: UnsafeMutablePointer<SecureSlot>, _ handle: ConnectionHandle, _ event: inout LoopEvent
    ) -> Bool {
        event.connection = handle
        if slot.pointee.flags.contains(.breakOwed) {
            slot.pointee.flags.remove(.breakOwed)
            slot.pointee.stage = .failed
            event.kind = .broken
            event.error = EPROTO
            return true
        }
        if slot.pointee.flags.contains(.endOwed), !slot.pointee.flags.contains(.endTold) {
            slot.pointee.flags.remove(.endOwed)
            slot.pointee.flags.insert(.endTold)
            event.kind = .ended
            return true
        }
        return false
    }

    /// What the loop beneath tells about a TLS connection besides bytes; `true` when it is to be told on.
    func changed(_ slot: UnsafeMutablePointer<SecureSlot>, _ event: inout LoopEvent) -> Bool {
        switch slot.pointee.stage {
        case .plain, .spilling: return true
        case .failed: return false
        case .heralded, .greeting:
            guard event.kind != .drained else { return false }
            if event.kind == .ended { event.error = ECONNRESET }
            event.kind = .broken
            return true
        case .introducing:
            guard event.kind != .drained else { return false }
            slot.pointee.session?.note(failure: "the backend ended the connection during the handshake")
            event.kind = .connectFailed
            if event.error == 0 { event.error = ECONNRESET }
            return true
        case .open:
            guard event.kind == .ended else { return true }
            if slot.pointee.flags.contains(.endTold) { return false }
            event.kind = .broken
            event.error = ECONNRESET
            return true
        }
    }

    // MARK: Inboxes

    /// Appends received bytes to a connection's inbox. One receive and a little at most.
    mutating func keep(_ bytes: UnsafeRawBufferPointer, in slot: UnsafeMutablePointer<SecureSlot>) {
        guard !bytes.isEmpty else { return }
        let left = slot.pointee.inbox.end - slot.pointee.inbox.start
        let block = blocks.lend(left + bytes.count)
        if left > 0 { block.copyMemory(from: slot.pointee.inbox.bytes) }
        UnsafeMutableRawBufferPointer(rebasing: block[left...]).copyMemory(from: bytes)
        if slot.pointee.inbox.block.count > 0 { blocks.giveBack(slot.pointee.inbox.block) }
        slot.pointee.inbox = Stash(block: block, start: 0, end: left + bytes.count)
    }

    @inline(__always)
    func hasPending(_ slot: UnsafeMutablePointer<SecureSlot>) -> Bool {
        !slot.pointee.inbox.isEmpty || slot.pointee.session?.hasPending == true
    }
}
