// TLS between the sockets and the session logic: an event loop over an event loop.
//
// 1. A plain connection pays one look at its slot per event and call.
// 2. What a TLS connection receives is decrypted from the buffer of the loop beneath into one buffer of ours, up to
//    64 KiB at once, and told as `.received`. What has no room stays where it is (`rest`) and is told next; if the
//    session pauses meanwhile, it is kept in a lent block (`inbox`). Idle connections hold neither.
// 3. What is sent is encrypted into one buffer and leaves in one call (`+Sending`).
// 4. Handshakes cost a thousand times more than anything else here, so a turn of the loop does at most
//    `LayerLimits.handshakeStepsPerTurn` steps of them. Others wait in `handshakes`, with their connection paused, and
//    go on when everything else that was ready has been told (`.turn`). While some wait, the bell keeps the loop
//    beneath from sleeping.
// 5. An end without close_notify may be a truncation by somebody in between (RFC 8446 §6.1; RFC 9112 §9.8), so it is
//    told as `.broken`; only close_notify is told as `.ended`.
//
// Races considered: a connection may be closed while something of it is in `rest`, `ready` or `handshakes` (they carry
// the generation); bytes in an inbox come before what the loop beneath receives later (it is paused, and `ready` is
// served before it is asked again).

import CKernel
import EventLoop
import Glibc
import TLS
import Vocabulary

struct SecureLoop<Base: EventLoop & ~Copyable>: LayeredLoop, ~Copyable {
    var base: Base
    let transport: TLSTransport
    var slots: Slabs<SecureSlot>
    /// Of accepted connections of dressed listeners: their slots have no address any more when it is asked for.
    var peers: Slabs<sockaddr_in6>
    let peer: UnsafeMutablePointer<sockaddr_storage>
    /// One past the highest slot ever used.
    var slotsEnd: UInt32 = 0
    /// By token; `isDressed` says the same without touching a reference count.
    var dresses: [ListenerDress?] = []
    var isDressed: [Bool] = []
    let plaintext: UnsafeMutableRawBufferPointer
    let staging: UnsafeMutableRawBufferPointer
    var blocks = BlockPool()
    /// Received bytes of `restOwner`, in the buffer of the loop beneath, that are to be told before it is asked again.
    var rest = UnsafeRawBufferPointer(start: nil, count: 0)
    var restOwner = ConnectionHandle.none
    /// A plain connection's inbox that the last event showed.
    var toldInbox = Stash()
    /// Connections with something to tell that the loop beneath knows nothing of.
    var ready = HandleQueue()
    /// Connections whose handshake waits for its turn.
    var handshakes = HandleQueue()
    var stepsLeft = LayerLimits.handshakeStepsPerTurn
    /// The loop beneath told its turn, and it is not told here yet.
    var isTurnOwed = false

    init(_ limits: LoopLimits) throws(EventLoopError) {
        base = try Base(limits)
        transport = TLSTransport(outputBytes: LayerLimits.outputBytes)
        slots = Slabs(slotsMax: limits.slotsMax, blank: SecureSlot())
        peers = Slabs(slotsMax: limits.slotsMax, blank: sockaddr_in6())
        peer = .allocate(capacity: 1)
        peer.initialize(to: sockaddr_storage())
        plaintext = .allocate(byteCount: LoopLimits.receiveBytesMax, alignment: 64)
        staging = .allocate(byteCount: LayerLimits.recordBytes, alignment: 64)
    }

    deinit {
        for index in 0..<slotsEnd where slots.isPrepared(index) {
            slots[index].pointee.session?.free()
            slots[index].pointee.inbox.block.deallocate()
        }
        toldInbox.block.deallocate()
        peer.deallocate()
        plaintext.deallocate()
        staging.deallocate()
    }

    // MARK: Telling

    mutating func next(_ event: inout LoopEvent) {
        while true {
            if !toldInbox.isEmpty { giveBackTold() }
            if !restOwner.isNone, goOn(&event) { return }
            while let handle = ready.popFirst() {
                if serve(handle, &event) { return }
            }
            if isTurnOwed { return endTurn(&event) }
            base.next(&event)
            switch event.kind {
            case .received:
                let slot = slots[event.connection.index]
                if slot.pointee.stage == .plain || received(slot, &event) { return }
            case .ended, .broken, .sendFailed, .hangup, .drained:
                let slot = slots[event.connection.index]
                if slot.pointee.stage == .plain || changed(slot, &event) { return }
            case .connected:
                let slot = slots[event.connection.index]
                if slot.pointee.stage == .plain { return }
                if shakeHands(slot, UnsafeRawBufferPointer(start: nil, count: 0), &event) { return }
            case .accepted:
                return accepted(&event)
            case .turn:
                isTurnOwed = true
                stepsLeft = LayerLimits.handshakeStepsPerTurn
            case .acceptFailed, .established, .multiplexed, .opened, .connectFailed, .deadline, .wakeup:
                return
            }
        }
    }

    /// Everything that was ready has been told: some of the handshakes that waited, then the turn.
    private mutating func endTurn(_ event: inout LoopEvent) {
        while stepsLeft > 0, let handle = handshakes.popFirst() {
            let slot = slots[handle.index]
            guard slot.pointee.generation == handle.generation else { continue }
            stepsLeft -= 1
            slot.pointee.flags.remove(.queued)
            let inbox = slot.pointee.inbox
            slot.pointee.inbox = Stash()
            base.resumeReceiving(handle)
            event.connection = handle
            let isTold = shakeHands(slot, inbox.bytes, &event)
            // What the handshake left over is application data: it must survive the block.
            if restOwner == handle, !rest.isEmpty {
                keep(rest, in: slot)
                restOwner = .none
                ready.append(handle)
            }
            blocks.giveBack(inbox.block)
            if isTold { return }
        }
        isTurnOwed = false
        if !handshakes.isEmpty { base.bell.ring() }
        event.kind = .turn
        event.connection = .none
    }

    private mutating func accepted(_ event: inout LoopEvent) {
        let handle = event.connection
        prepare(handle)
        let token = Int(event.token)
        guard token < isDressed.count, isDressed[token] else { return }
        let slot = slots[handle.index]
        slot.pointee.token = event.token
        peers.prepare(handle.index)
        // Every address but a unix path, which clients don't have, fits.
        UnsafeMutableRawPointer(peers[handle.index]).copyMemory(
            from: base.peerAddress(of: handle), byteCount: MemoryLayout<sockaddr_in6>.size)
        slot.pointee.flags.insert(.hasPeer)
        if dresses[token]?.tls != nil { slot.pointee.stage = .greeting }
        if dresses[token]?.readsProxyHeader == true { slot.pointee.stage = .heralded }
    }

    /// Makes the record of a connection that begins.
    mutating func prepare(_ handle: ConnectionHandle) {
        slots.prepare(handle.index)
        slotsEnd = max(slotsEnd, handle.index + 1)
        slots[handle.index].pointee = SecureSlot()
        slots[handle.index].pointee.generation = handle.generation
    }

    // MARK: Receiving

    private mutating func received(_ slot: UnsafeMutablePointer<SecureSlot>, _ event: inout LoopEvent) -> Bool {
        switch slot.pointee.stage {
        case .open:
            return decrypt(slot, event.bytes, &event)
        case .heralded:
            return readHeader(slot, &event)
        case .greeting, .introducing:
            guard stepsLeft > 0, handshakes.isEmpty else {
                keep(event.bytes, in: slot)
                slot.pointee.flags.insert(.queued)
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
    private mutating func decrypt(
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
    private mutating func goOn(_ event: inout LoopEvent) -> Bool {
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
    private mutating func serve(_ handle: ConnectionHandle, _ event: inout LoopEvent) -> Bool {
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
    private func tellOwed(
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
    private func changed(_ slot: UnsafeMutablePointer<SecureSlot>, _ event: inout LoopEvent) -> Bool {
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
