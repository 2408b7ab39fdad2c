// HTTP/2 as a layer: the session logic sees each stream as a connection with one HTTP/1.1 exchange, and each request to
// an HTTP/2 backend as one on a connection of its own. The protocol is in `HTTP2`; here it meets sockets and timers.
//
// Clients. A connection turns out to be HTTP/2 by ALPN (the layer beneath tells) or, on an h2c listener, by its first
// bytes. It is told as `.multiplexed` and gets a carrier and a session; its streams come as `.opened` and their handles
// are timers of the loop beneath, so that each has a slot and a deadline. When the session is over, `.ended` is told, and
// the connection is plain again: what the client still sends is for the session logic to throw away.
// Backends (`+Links`). `connect` with a dress for HTTP/2 gives a link, which is a timer as well. A request sent on it is
// bound to a carrier of the same address and unbound when its exchange is over.
// Sending (`+Carriers`). Whatever a session has to send is collected when the turn ends, and leaves in one call per
// connection. What is told while the turn ends may lead to more: before the loop beneath waits, that is sent too.
//
// A plain connection costs one look at its slot per event and call.

import EventLoop
import Glibc
import HTTP2
import Vocabulary

struct MultiplexLoop<Base: LayeredLoop & ~Copyable>: LayeredLoop, ~Copyable {
    var base: Base
    let multiplexer: Multiplexer
    var slots: Slabs<MultiplexSlot>
    /// By listener token.
    var dresses: [ListenerDress?] = []
    var hosts: [Host] = []
    /// Clients' carriers.
    var carriers: CarrierPointer?
    var firstDirty: CarrierPointer?
    /// Events of our own, the oldest first.
    var owed: [OwedEvent] = []
    /// Links that wait for a carrier to be connected.
    var waiting: [ConnectionHandle] = []
    /// The multiplexer may have something to tell.
    var isTelling = false
    var isTurnOver = false
    var isDraining = false

    init(_ limits: LoopLimits) throws(EventLoopError) {
        self.init(over: try Base(limits), limits)
    }

    init(over base: consuming Base, _ limits: LoopLimits) {
        self.base = base
        multiplexer = Multiplexer(seed: UInt64(bitPattern: self.base.now.nanoseconds))
        slots = Slabs(slotsMax: limits.slotsMax, blank: MultiplexSlot())
    }

    deinit {
        var rest = carriers
        while let carrier = rest { Self.free(carrier, multiplexer, &rest) }
        for index in hosts.indices {
            rest = hosts[index].carriers
            while let carrier = rest { Self.free(carrier, multiplexer, &rest) }
        }
    }

    /// For the end of the loop, when nobody is told.
    private static func free(
        _ carrier: CarrierPointer, _ multiplexer: borrowing Multiplexer, _ list: inout CarrierPointer?
    ) {
        list = carrier.pointee.next
        if let session = carrier.pointee.session { multiplexer.close(session) }
        carrier.deallocate()
    }

    var now: Instant { base.now }
    mutating func stayAwake() { base.stayAwake() }
    var bell: WakeupBell { base.bell }

    /// Makes the record of a handle that begins.
    mutating func prepare(_ handle: ConnectionHandle, _ kind: MultiplexSlot.Kind) {
        slots.prepare(handle.index)
        slots[handle.index].pointee = MultiplexSlot()
        slots[handle.index].pointee.kind = kind
        slots[handle.index].pointee.handle = handle
    }

    // MARK: Telling

    mutating func next(_ event: inout LoopEvent) {
        var told = SessionEvent()
        while true {
            if isTelling {
                while multiplexer.next(&told) {
                    if translate(told, &event) { return }
                }
                isTelling = false
            }
            if !owed.isEmpty {
                if tellOwed(&event) { return }
                continue
            }
            if isTurnOver, firstDirty != nil {
                flushDirty()
                continue
            }
            base.next(&event)
            isTurnOver = event.kind == .turn
            switch event.kind {
            case .turn:
                flushDirty()
                return
            case .wakeup, .acceptFailed, .opened, .multiplexed: return
            case .accepted: return accepted(event)
            default:
                let slot = slots[event.connection.index]
                if slot.pointee.kind == .plain {
                    // Only what was just shaken hands with can have agreed on HTTP/2.
                    guard event.kind == .established, base.facts(of: event.connection).isH2 else { return }
                    if beginServing(slot, &event) { return }
                } else if take(slot, &event) {
                    return
                }
            }
        }
    }

    private mutating func accepted(_ event: LoopEvent) {
        prepare(event.connection, .plain)
        let slot = slots[event.connection.index]
        slot.pointee.token = event.token
        guard Int(event.token) < dresses.count, let dress = dresses[Int(event.token)] else { return }
        if dress.h2c, dress.tls == nil { slot.pointee.kind = .sniffed }
    }

    /// What happened to a handle of this layer; `true` when that is to be told.
    private mutating func take(_ slot: UnsafeMutablePointer<MultiplexSlot>, _ event: inout LoopEvent) -> Bool {
        switch slot.pointee.kind {
        case .plain, .stream, .link: return true
        case .sniffed: return sniff(slot, &event)
        case .carrier: return carrierEvent(slot, &event)
        case .alarm:
            if let carrier = slot.pointee.carrier { alarm(carrier) }
            return false
        }
    }

    /// The first bytes of a client with prior knowledge are the preface (RFC 9113 §3.4), which is no HTTP/1.1 request.
    private mutating func sniff(_ slot: UnsafeMutablePointer<MultiplexSlot>, _ event: inout LoopEvent) -> Bool {
        guard event.kind == .received else { return event.kind != .established }
        let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        let seen = Int(slot.pointee.prefaceBytes)
        let count = min(event.bytes.count, preface.utf8CodeUnitCount - seen)
        let handle = event.connection
        guard (0..<count).allSatisfy({ event.bytes[$0] == preface.utf8Start[seen + $0] }) else {
            slot.pointee.kind = .plain
            if seen > 0 {
                let bytes = UnsafeRawBufferPointer(start: preface.utf8Start, count: seen)
                owed.append(OwedEvent(kind: .received, connection: handle, bytes: bytes))
            }
            owed.append(OwedEvent(kind: .received, connection: handle, bytes: event.bytes))
            event.kind = .established
            return true
        }
        slot.pointee.prefaceBytes = UInt8(seen + count)
        guard seen + count == preface.utf8CodeUnitCount else { return false }
        let rest = UnsafeRawBufferPointer(rebasing: event.bytes[count...])
        guard beginServing(slot, &event) else { return false }
        if let carrier = slot.pointee.carrier {
            receive(carrier, UnsafeRawBufferPointer(start: preface.utf8Start, count: preface.utf8CodeUnitCount))
            if !rest.isEmpty, slot.pointee.kind == .carrier { receive(carrier, rest) }
        }
        return true
    }

    /// The connection is HTTP/2; `true` when that is to be told.
    private mutating func beginServing(
        _ slot: UnsafeMutablePointer<MultiplexSlot>, _ event: inout LoopEvent
    ) -> Bool {
        let carrier = CarrierPointer.allocate(capacity: 1)
        carrier.initialize(to: Carrier())
        guard let session = multiplexer.openServer(owner: UInt64(UInt(bitPattern: carrier))) else {
            carrier.deallocate()
            event.kind = .broken
            event.error = ENOMEM
            return true
        }
        carrier.pointee.handle = event.connection
        carrier.pointee.session = session
        carrier.pointee.flags = .isServer
        carrier.pointee.token = slot.pointee.token
        carrier.pointee.next = carriers
        carriers?.pointee.previous = carrier
        carriers = carrier
        slot.pointee.kind = .carrier
        slot.pointee.carrier = carrier
        markDirty(carrier)
        if isDraining { beginDrain(carrier) }
        event.kind = .multiplexed
        return true
    }

    /// Turns what a session tells into an event; `false` when there is nothing to tell.
    private mutating func translate(_ told: SessionEvent, _ event: inout LoopEvent) -> Bool {
        guard let stream = told.stream else { return false }
        if let session = stream.pointee.session, let carrier = Self.carrier(session) { markDirty(carrier) }
        event.error = 0
        switch told.kind {
        case .opened: return opened(stream, &event)
        case .received:
            event.kind = .received
            event.bytes = told.bytes
        case .ended: event.kind = .ended
        case .drained: event.kind = .drained
        case .broken:
            event.kind = .broken
            event.error = told.lacksTunnels ? EOPNOTSUPP : told.isRefused ? ECONNREFUSED : ECONNRESET
        }
        event.connection = ConnectionHandle(packed: stream.pointee.owner)
        let slot = slots[event.connection.index]
        if slot.pointee.kind == .link, told.kind == .broken { unbind(slot, isRefused: told.isRefused) }
        return true
    }

    private mutating func opened(_ stream: StreamPointer, _ event: inout LoopEvent) -> Bool {
        guard let session = stream.pointee.session, let carrier = Self.carrier(session), base.hasSpareSlots else {
            multiplexer.release(stream)
            return false
        }
        let handle = base.makeTimer()
        prepare(handle, .stream)
        let slot = slots[handle.index]
        slot.pointee.parent = carrier.pointee.handle
        slot.pointee.token = carrier.pointee.token
        slot.pointee.stream = stream
        multiplexer.adopt(stream, owner: handle.packed)
        event.kind = .opened
        event.connection = handle
        event.parent = carrier.pointee.handle
        event.token = carrier.pointee.token
        return true
    }

    private mutating func tellOwed(_ event: inout LoopEvent) -> Bool {
        let first = owed.removeFirst()
        // It may be closed by now, or, for bytes, paused; those were never more than a receive.
        guard slots[first.connection.index].pointee.handle == first.connection else { return false }
        event.kind = first.kind
        event.connection = first.connection
        event.error = first.error
        event.bytes = first.bytes
        return true
    }

    @inline(__always)
    static func carrier(_ session: SessionPointer) -> CarrierPointer? {
        CarrierPointer(bitPattern: UInt(session.pointee.owner))
    }
}
