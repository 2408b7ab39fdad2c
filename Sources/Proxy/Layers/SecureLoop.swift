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
        transport = TLSTransport(outputBytes: LayerLimits.outputBytes, loop: limits.loop)
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
            case .acceptFailed, .established, .multiplexed, .opened, .headBegun, .headGrew, .headEnded, .connectFailed,
                .spliced, .deadline, .wakeup:
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
        if !handshakes.isEmpty { base.stayAwake() }
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
        if dresses[token]?.readsProxyHeader == true {
            slot.pointee.stage = .heralded
            slot.pointee.flags.insert(.lacksHeader)
        }
    }

    /// Makes the record of a connection that begins.
    mutating func prepare(_ handle: ConnectionHandle) {
        slots.prepare(handle.index)
        slotsEnd = max(slotsEnd, handle.index + 1)
        slots[handle.index].pointee = SecureSlot()
        slots[handle.index].pointee.generation = handle.generation
    }
}
