// The epoll backend: readiness turned into completions.
//
// 1. A connection is registered once, edge-triggered, for reading and the peer's end, after a first read: a client's
//    request mostly comes with it. Room to send is asked for when a send was cut short for the first time.
// 2. An edge sets flags in the slot and puts the slot on the list for this turn. `next` takes slots off that list and
//    does the one thing that is due: connect result, flush, read.
// 3. A read that brings less than was asked for has emptied the socket, so the read that would say EAGAIN is skipped,
//    unless the peer's end was seen: that end must still be read. (Bytes that come later are a new edge.)
// 4. A slot that still has something to do goes on the list for the *next* turn, behind a wait without sleep, so that
//    one busy connection can't starve the others.
// 5. Sends are tried at once. What the system does not take waits in lent blocks for the writable edge.
//
// A slot may be closed and used again while it is on a list: the `queued` flag stays with the slot, and an entry that
// has nothing to do is passed over. Reports carry the generation, though none can be stale: closing a descriptor
// removes it from epoll, and reports are taken into the slots as soon as they are fetched.

import CKernel
import Glibc
import Vocabulary

package struct EpollLoop: EventLoop, ~Copyable {
    package internal(set) var now: Instant
    let epoll: CInt
    let bellDescriptor: CInt
    var table: SlotTable
    var blocks = BlockPool()
    var isTurnTold = false
    let scratch: UnsafeMutableRawBufferPointer
    let reports: UnsafeMutablePointer<loop_report>
    let lastPeer: UnsafeMutablePointer<sockaddr_storage>

    package init(_ limits: LoopLimits) throws(EventLoopError) {
        let epoll = loop_open()
        guard epoll >= 0 else {
            throw EventLoopError(errno: -epoll, operation: "epoll_create1", hint: "raise the limit of open files")
        }
        let bell = loop_wakeup_open()
        guard bell >= 0 else {
            loop_close(epoll)
            throw EventLoopError(errno: -bell, operation: "eventfd", hint: "raise the limit of open files")
        }
        self.epoll = epoll
        bellDescriptor = bell
        now = Instant(nanoseconds: loop_clock())
        table = SlotTable(slotsMax: limits.slotsMax, now: now)
        scratch = .allocate(byteCount: LoopLimits.receiveBytesMax, alignment: 4096)
        reports = .allocate(capacity: Int(loop_reports_max))
        lastPeer = .allocate(capacity: 1)
        lastPeer.initialize(to: sockaddr_storage())
        let handle = table.make(descriptor: bell, flags: .bell)!
        let result = loop_register_readable(epoll, bell, handle.index, handle.generation)
        precondition(result == 0, "epoll refuses its own eventfd: \(result)")
    }

    deinit {
        for index in 0..<table.count {
            let slot = table[index].pointee
            guard slot.generation % 2 == 1 else { continue }
            BlockPool.deallocate(slot.outbox)
            // Listeners stay the caller's, the bell is closed below, and timers have no descriptor.
            if slot.flags.isDisjoint(with: [.listener, .bell, .timer]) { loop_close(slot.descriptor) }
        }
        loop_close(bellDescriptor)
        loop_close(epoll)
        scratch.deallocate()
        reports.deallocate()
        lastPeer.deallocate()
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

    package var openDescriptors: Int { table.openDescriptors + table.splices.openDescriptors + 1 }

    // MARK: Telling

    package mutating func next(_ event: inout LoopEvent) {
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
        let milliseconds = !table.hasUpcoming ? table.wheel.millisecondsToNext(now: now) : 0
        let count = loop_wait(epoll, reports, milliseconds)
        now = Instant(nanoseconds: loop_clock())
        // EINTR, the only other outcome: nothing to tell, and the next turn waits again.
        for report in 0..<max(0, Int(count)) { take(reports[report]) }
        table.tellDeadlines(now)
    }

    private mutating func take(_ report: loop_report) {
        let slot = table[report.index]
        guard slot.pointee.generation == report.generation else { return }
        var flags = LoopSlot.Flags()
        if report.mask & UInt32(loop_mask_readable) != 0 { flags.insert(.readable) }
        if report.mask & UInt32(loop_mask_writable) != 0 { flags.insert(.writable) }
        if report.mask & UInt32(loop_mask_peer_done) != 0 { flags.formUnion([.readable, .peerDone]) }
        if report.mask & UInt32(loop_mask_error | loop_mask_hangup) != 0 {
            flags.formUnion([.readable, .writable, .peerDone])
        }
        // EPOLLHUP alone says that both sides ended regularly: what the peer sent is still to be read.
        if report.mask & UInt32(loop_mask_error) != 0 { flags.insert(.hangup) }
        slot.pointee.flags.formUnion(flags)
        table.queue(report.index)
    }

    /// Does what is due for one slot; `true` when there is something to tell.
    private mutating func serve(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        let flags = slot.pointee.flags
        guard slot.pointee.generation % 2 == 1 else { return false }
        event.connection = ConnectionHandle(index: index, generation: slot.pointee.generation)
        if flags.contains(.deadline) {
            slot.pointee.flags.remove(.deadline)
            table.queue(index)
            guard table.wheel.take(index, now: now) else { return false }
            event.kind = .deadline
            return true
        }
        if flags.contains(.listener) { return accept(index, &event) }
        if flags.contains(.bell) {
            guard flags.contains(.readable) else { return false }
            slot.pointee.flags.remove(.readable)
            loop_wakeup_clear(bellDescriptor)
            event.kind = .wakeup
            return true
        }
        if flags.contains(.sendFailed) {
            slot.pointee.flags.remove(.sendFailed)
            slot.pointee.flags.insert(.readable)
            table.queue(index)
            event.kind = .sendFailed
            event.error = slot.pointee.error
            return true
        }
        if flags.contains(.connecting) {
            guard flags.contains(.writable) else { return false }
            slot.pointee.flags.remove(.connecting)
            event.error = loop_pending_error(slot.pointee.descriptor)
            event.kind = event.error == 0 ? .connected : .connectFailed
            if event.error == 0 { table.queue(index) }
            return true
        }
        if flags.contains(.fresh) { return receiveFirst(index, &event) }
        if flags.contains(.writable) {
            if slot.pointee.unsent > 0, flush(index, &event) { return true }
            if slot.pointee.spliceIn != .max, emptySplice(index, &event) { return true }
        }
        if slot.pointee.spliceOut != .max, flags.contains(.receiving) { return moveSplice(index, &event) }
        return receive(index, &event)
    }

    private mutating func moveSplice(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let sink = table.splices[table[index].pointee.spliceOut].sink
        let stop = table.moveSplice(index)
        switch stop {
        case .sourceEmpty: table[index].pointee.flags.remove(.readable)
        case .sinkFull:
            table[sink].pointee.flags.remove(.writable)
            watchRoom(sink.index)
        case .complete:
            // It took what it was to take, and was not seen to have no more.
            if loop_has_input(table[index].pointee.descriptor) == 0 {
                table[index].pointee.flags.remove(.readable)
            } else {
                table[index].pointee.flags.insert(.readable)
            }
        case .turn, .sourceEnded, .sourceFailed, .sinkFailed: break
        }
        return table.tellSplice(index, after: stop, &event)
    }

    /// `true` when the sink of a splice that was full is to be told to have room.
    private mutating func emptySplice(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        guard table.heldBytes(slot) > 0 else { return false }
        if let stop = table.emptySplice(index) {
            if case .sinkFull = stop { slot.pointee.flags.remove(.writable) }
            return false
        }
        table.queue(index)
        event.kind = .drained
        return true
    }

    /// Reads what came with a new connection, and registers it for what follows.
    private mutating func receiveFirst(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        slot.pointee.flags.remove(.fresh)
        slot.pointee.flags.insert(.readable)
        let isTold = receive(index, &event)
        // What came in between is reported at once.
        guard !register(index) else { return isTold }
        event.kind = .broken
        event.error = ENOMEM
        return true
    }

    private mutating func receive(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        let slot = table[index]
        let flags = slot.pointee.flags
        guard flags.contains(.receiving) else {
            // Paused: what can be read waits, but that the peer is gone for good is told once.
            guard flags.contains(.hangup) else { return false }
            slot.pointee.flags.remove(.hangup)
            event.kind = .hangup
            return true
        }
        guard flags.contains(.readable) else { return false }
        let count = loop_receive(slot.pointee.descriptor, scratch.baseAddress, scratch.count)
        if count > 0 {
            if count == scratch.count || flags.contains(.peerDone) {
                table.queue(index)
            } else {
                slot.pointee.flags.remove(.readable)
            }
            event.kind = .received
            event.bytes = UnsafeRawBufferPointer(start: scratch.baseAddress, count: count)
            return true
        }
        slot.pointee.flags.remove(.readable)
        if count == 0 {
            slot.pointee.flags.remove(.hangup)
            event.kind = .ended
            return true
        }
        if count == -Int(EAGAIN) { return false }
        if count == -Int(EINTR) {
            slot.pointee.flags.insert(.readable)
            table.queue(index)
            return false
        }
        event.kind = .broken
        event.error = CInt(-count)
        return true
    }

    private mutating func accept(_ index: UInt32, _ event: inout LoopEvent) -> Bool {
        event.token = table[index].pointee.token
        switch table.accept(index, lastPeer) {
        case .client(let handle):
            // More may wait: looked at again in this turn, after the new one.
            table.queueFirst(index)
            table.queueFirst(handle.index)
            event.kind = .accepted
            event.connection = handle
            return true
        case .failed(let error):
            event.kind = .acceptFailed
            event.error = error
            return true
        case .nobody, .gone: return false
        }
    }
}
