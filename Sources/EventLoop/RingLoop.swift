// The io_uring backend: orders are written into a queue that the system reads once per turn, and completions are taken
// in as a batch. Measured (engine notes): it is the sends of a whole turn in one call that save a third of the CPU.
//
// 1. Each connection has one receive order, normally multishot: it brings one buffer after the other from a ring of
//    buffers that the system takes from. A connection whose buffers come full asks for one big buffer at a time.
// 2. What arrived is first taken into the slots, all of it, and then told one by one. A buffer goes back to the system
//    when the session has seen it. Of a paused connection buffers wait in its slot.
// 3. Small sends are copied into a lent block and ordered at the end of the turn, one order per connection at a time, so
//    that their order is kept. Large ones are tried at once: there the copy would cost more than the call.
// 4. Listeners are polled and accepted from directly: that gives the peer's address in the same call, and no connection
//    is ever accepted by an order that nobody waits for any more.
// 5. A closed slot is kept until the system has given back every order that points into it.

import CKernel
import Glibc
import Vocabulary

package struct RingLoop: EventLoop, ~Copyable {
    package internal(set) var now: Instant
    let ring: UnsafeMutablePointer<CKernel.ring>
    let buffers: ReceiveBuffers
    let bellDescriptor: CInt
    var table: SlotTable
    var blocks = BlockPool()
    /// Slots with bytes to order a send for, at the end of the turn.
    var dirty: [UInt32] = []
    /// Addresses of connections being made: the system reads them while the order is under way.
    var addresses: Slabs<sockaddr_storage>
    /// Where the bytes told last are: in a buffer, or in a block of an inbox.
    private var told = UInt32.max
    private var toldBlock = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var isTurnTold = false
    var isMultishotKnown = true
    let lastPeer: UnsafeMutablePointer<sockaddr_storage>
    /// Where a first receive goes.
    private let scratch: UnsafeMutableRawBufferPointer
    /// Room for one direct send.
    let pieces: UnsafeMutablePointer<iovec>

    package init(_ limits: LoopLimits) throws(EventLoopError) {
        let ring = UnsafeMutablePointer<CKernel.ring>.allocate(capacity: 1)
        ring.initialize(to: CKernel.ring())
        let result = ring_open(ring, UInt32(LoopLimits.ringEntries))
        guard result == 0 else {
            ring.deallocate()
            throw EventLoopError(errno: -result, operation: "io_uring_setup", hint: Self.hint(-result))
        }
        let buffers: ReceiveBuffers
        do throws(EventLoopError) {
            buffers = try ReceiveBuffers(ring)
        } catch {
            ring_close(ring)
            ring.deallocate()
            throw error
        }
        let bell = loop_wakeup_open()
        guard bell >= 0 else {
            ring_close(ring)
            buffers.free()
            ring.deallocate()
            throw EventLoopError(errno: -bell, operation: "eventfd", hint: "raise the limit of open files")
        }
        self.ring = ring
        self.buffers = buffers
        bellDescriptor = bell
        now = Instant(nanoseconds: loop_clock())
        table = SlotTable(slotsMax: limits.slotsMax, now: now)
        addresses = Slabs(slotsMax: limits.slotsMax, blank: sockaddr_storage())
        lastPeer = .allocate(capacity: 1)
        lastPeer.initialize(to: sockaddr_storage())
        scratch = .allocate(byteCount: LoopLimits.smallBufferBytes, alignment: 64)
        pieces = .allocate(capacity: Int(loop_pieces_max) + 1)
        pieces.initialize(repeating: iovec(), count: Int(loop_pieces_max) + 1)
        dirty.reserveCapacity(1024)
        let handle = table.make(descriptor: bell, flags: .bell)!
        orderPoll(handle.index)
    }

    deinit {
        // What was ordered to be closed is closed.
        _ = ring_enter(ring, 0, 0)
        for index in 0..<table.count {
            let slot = table[index].pointee
            // Listeners stay the caller's, the bell is closed below, timers have no descriptor.
            guard slot.generation % 2 == 1, slot.flags.isDisjoint(with: [.listener, .bell, .timer]) else { continue }
            // A send that is under way must not read from a block that is freed below.
            if slot.flags.contains(.sendOrdered) { loop_shutdown(slot.descriptor) }
            loop_close(slot.descriptor)
        }
        ring_close(ring)
        for index in 0..<table.count {
            BlockPool.deallocate(table[index].pointee.outbox)
            BlockPool.deallocate(table[index].pointee.inbox)
        }
        buffers.free()
        loop_close(bellDescriptor)
        ring.deallocate()
        lastPeer.deallocate()
        scratch.deallocate()
        pieces.deallocate()
        if toldBlock.count > 0 { toldBlock.deallocate() }
    }

    private static func hint(_ error: CInt) -> String {
        switch error {
        case ENOSYS: "Linux 6.1 or later has what is needed; use --engine epoll"
        case EPERM, EACCES:
            "the system or its container forbids io_uring (kernel.io_uring_disabled); use --engine epoll"
        case EMFILE, ENFILE: "raise the limit of open files"
        case ENOMEM: "raise the limit of locked memory (ulimit -l), or use --engine epoll"
        default: "use --engine epoll"
        }
    }

    package mutating func stayAwake() { table.isAwake = true }

    package var bell: WakeupBell { WakeupBell(descriptor: bellDescriptor) }

    package func peerAddress(of connection: ConnectionHandle) -> UnsafePointer<sockaddr_storage> {
        UnsafePointer(lastPeer)
    }

    package func localAddress(of connection: ConnectionHandle) -> sockaddr_storage {
        table.localAddress(connection)
    }

    package var lentBytes: Int { blocks.lentBytes + table.splices.heldBytes }

    /// With the ring itself.
    package var openDescriptors: Int { table.openDescriptors + table.splices.openDescriptors + 1 }

    /// Which modes the system took, for reports.
    package var modes: String {
        let isDeferred = ring.pointee.flags & UInt32(ring_deferred) != 0
        return isDeferred ? "deferred task running" : "cooperative task running"
    }

    // MARK: Telling

    package mutating func next(_ event: inout LoopEvent) {
        if told != .max {
            buffers.give(told)
            told = .max
        } else if toldBlock.count > 0 {
            blocks.giveBack(toldBlock)
            toldBlock = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        while true {
            while let index = table.popFirst() {
                if serve(index, &event) { return }
            }
            guard isTurnTold else {
                isTurnTold = true
                event.kind = .turn
                event.connection = .none
                return
            }
            wait()
            isTurnTold = false
            table.beginTurn()
        }
    }

    private mutating func wait() {
        orderSends()
        buffers.publish()
        let isSleepless = table.hasUpcoming || ring_completions(ring) > 0
        let milliseconds = isSleepless ? 0 : table.wheel.millisecondsToNext(now: now)
        // Interrupted, timed out, or short of memory for a moment: the next turn goes on with what is there.
        _ = ring_enter(ring, isSleepless ? 0 : 1, milliseconds < 0 ? -1 : Int64(milliseconds) * 1_000_000)
        now = Instant(nanoseconds: loop_clock())
        var left = ring_completions(ring)
        while left > 0 {
            takeIn(ring_take(ring))
            left -= 1
        }
        table.tellDeadlines(now)
    }

    /// Does what is due for one slot; `true` when there is something to tell.
    private mutating func serve(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        let flags = slot.pointee.flags
        guard slot.pointee.generation % 2 == 1 else { return false }
        event.connection = ConnectionHandle(index: index, generation: slot.pointee.generation)
        if flags.contains(.deadline) {
            slot.pointee.flags.remove(.deadline)
            table.queueFirst(index)
            guard table.wheel.take(index, now: now) else { return false }
            event.kind = .deadline
            return true
        }
        if flags.contains(.listener) { return accept(index, &event) }
        if flags.contains(.bell) {
            guard flags.contains(.readable) else { return false }
            slot.pointee.flags.remove(.readable)
            loop_wakeup_clear(bellDescriptor)
            orderPoll(index)
            event.kind = .wakeup
            return true
        }
        if flags.contains(.connecting) {
            guard flags.contains(.connectDone) else { return false }
            slot.pointee.flags.subtract([.connecting, .connectDone])
            event.error = slot.pointee.error
            event.kind = event.error == 0 ? .connected : .connectFailed
            if event.error == 0 {
                markDirty(index)
                if flags.contains(.receiving) { orderReceive(index) }
            }
            return true
        }
        if flags.contains(.sendFailed) {
            slot.pointee.flags.remove(.sendFailed)
            table.queueFirst(index)
            event.kind = .sendFailed
            event.error = slot.pointee.error
            return true
        }
        if flags.contains(.drained) {
            slot.pointee.flags.remove(.drained)
            table.queueFirst(index)
            event.kind = .drained
            return true
        }
        if flags.contains(.fresh) { return receiveFirst(index, &event) }
        if slot.pointee.spliceIn != .max, flags.contains(.writable), emptySplice(index, &event) { return true }
        if slot.pointee.spliceOut != .max, flags.contains(.receiving) { return moveSplice(index, &event) }
        return receive(index, &event)
    }

    private mutating func moveSplice(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let sink = table.splices[table[index].pointee.spliceOut].sink
        let stop = table.moveSplice(index)
        switch stop {
        case .sourceEmpty: orderPoll(index)
        case .sinkFull: orderRoom(sink.index)
        case .turn, .complete, .sourceEnded, .sourceFailed, .sinkFailed: break
        }
        return table.tellSplice(index, after: stop, &event)
    }

    /// `true` when the sink of a splice that was full is to be told to have room.
    private mutating func emptySplice(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        slot.pointee.flags.remove(.writable)
        guard table.heldBytes(slot) > 0 else { return false }
        if let stop = table.emptySplice(index) {
            if case .sinkFull = stop { orderRoom(index) }
            return false
        }
        table.queueFirst(index)
        event.kind = .drained
        return true
    }

    /// Reads what came with a new connection: its request, mostly. What follows is ordered.
    private mutating func receiveFirst(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        slot.pointee.flags.remove(.fresh)
        guard slot.pointee.flags.contains(.receiving) else { return false }
        let count = loop_receive(slot.pointee.descriptor, scratch.baseAddress, scratch.count)
        table.queueFirst(index)
        // The end or an error is found again by the order.
        guard count > 0 else { return false }
        event.kind = .received
        event.bytes = UnsafeRawBufferPointer(start: scratch.baseAddress, count: count)
        return true
    }

    private mutating func receive(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        let flags = slot.pointee.flags
        guard flags.isDisjoint(with: [.timer, .endTold]) else { return false }
        guard flags.contains(.receiving) else {
            // Paused: what arrived waits, but that the peer is gone for good is told once.
            guard flags.contains(.hangup) else { return false }
            slot.pointee.flags.remove(.hangup)
            event.kind = .hangup
            return true
        }
        if !slot.pointee.inbox.isEmpty {
            event.kind = .received
            event.bytes = UnsafeRawBufferPointer(slot.pointee.inbox.firstBytes)
            toldBlock = slot.pointee.inbox.removeFirst()
            table.queueFirst(index)
            return true
        }
        if slot.pointee.arrivedFirst != .max {
            let buffer = slot.pointee.arrivedFirst
            slot.pointee.arrivedFirst = buffers.notes[buffer].next
            if slot.pointee.arrivedFirst == .max { slot.pointee.arrivedLast = .max }
            event.kind = .received
            event.bytes = buffers.bytes(buffer)
            told = buffer
            // More that came with it waits until others had their turn.
            if slot.pointee.arrivedFirst != .max { table.queue(index) } else { table.queueFirst(index) }
            return true
        }
        if flags.contains(.receiveFailed) {
            slot.pointee.flags.remove(.receiveFailed)
            event.kind = .broken
            event.error = slot.pointee.receiveError
            return true
        }
        if flags.contains(.peerDone) {
            slot.pointee.flags.insert(.endTold)
            event.kind = .ended
            return true
        }
        if !flags.contains(.receiveOrdered) { orderReceive(index) }
        return false
    }

    private mutating func accept(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        event.token = slot.pointee.token
        switch table.accept(index, lastPeer) {
        case .client(let handle):
            // More may wait: looked at again in this turn, after the new one, or by a poll in the next.
            if slot.pointee.accepts > 0 { table.queueFirst(index) } else { orderPoll(index) }
            table.queueFirst(handle.index)
            event.kind = .accepted
            event.connection = handle
            return true
        case .failed(let error):
            orderPoll(index)
            event.kind = .acceptFailed
            event.error = error
            return true
        case .nobody:
            if !slot.pointee.flags.contains(.paused) { orderPoll(index) }
            return false
        case .gone: return false
        }
    }
}
