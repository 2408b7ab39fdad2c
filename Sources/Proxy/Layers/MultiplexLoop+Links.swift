// Backends that speak HTTP/2: connections that are none (links), on shared ones (carriers).

import CKernel
import EventLoop
import Glibc
import HTTP2
import Vocabulary

extension MultiplexLoop where Base: ~Copyable {
    typealias SlotPointer = UnsafeMutablePointer<MultiplexSlot>

    mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, dress: UpstreamDress?, error: inout CInt
    ) -> ConnectionHandle? {
        guard let dress, dress.isH2 else {
            let handle = base.connect(to: address, length: length, family: family, dress: dress, error: &error)
            if let handle { prepare(handle, .plain) }
            return handle
        }
        guard base.hasSpareSlots else {
            error = ENOMEM
            return nil
        }
        let host = host(address, length, family, dress)
        guard let carrier = choose(host) ?? open(host, &error) else { return nil }
        let handle = base.makeTimer()
        prepare(handle, .link)
        slots[handle.index].pointee.host = Int32(host)
        slots[handle.index].pointee.carrier = carrier
        hosts[host].linkCount += 1
        if carrier.pointee.flags.contains(.isGreeting) {
            slots[handle.index].pointee.isWaiting = true
            waiting.append(handle)
        } else {
            owed.append(OwedEvent(kind: .connected, connection: handle))
        }
        return handle
    }

    private mutating func host(
        _ address: UnsafeRawPointer, _ length: UInt32, _ family: CInt, _ dress: UpstreamDress
    ) -> Int {
        for index in hosts.indices where hosts[index].isUsed && hosts[index].dress === dress {
            let isSame = withUnsafeBytes(of: hosts[index].address) { known in
                hosts[index].addressLength == length && memcmp(known.baseAddress!, address, Int(length)) == 0
            }
            if isSame { return index }
        }
        var host = Host()
        host.addressLength = min(length, UInt32(MemoryLayout<sockaddr_storage>.size))
        host.family = family
        host.dress = dress
        withUnsafeMutableBytes(of: &host.address) { room in
            room.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(host.addressLength)))
        }
        if let free = hosts.firstIndex(where: { !$0.isUsed }) {
            hosts[free] = host
            return free
        }
        hosts.append(host)
        return hosts.count - 1
    }

    /// An address without links and carriers keeps no context alive.
    mutating func forgetUnused(_ host: Int) {
        if !hosts[host].isUsed { hosts[host].dress = nil }
    }

    // MARK: Carriers

    /// A carrier that takes a further stream; failing that, when there may be no more carriers, any that will.
    private func choose(_ host: Int) -> CarrierPointer? {
        var anyone: CarrierPointer?
        var rest = hosts[host].carriers
        while let carrier = rest {
            rest = carrier.pointee.next
            guard let session = carrier.pointee.session else { continue }
            if multiplexer.hasRoom(session) { return carrier }
            if multiplexer.isUsable(session) { anyone = carrier }
        }
        return hosts[host].carrierCount < MultiplexLimits.carriersPerHostMax ? nil : anyone
    }

    private mutating func open(_ host: Int, _ error: inout CInt) -> CarrierPointer? {
        var address = hosts[host].address
        let made = withUnsafeBytes(of: &address) { bytes in
            base.connect(
                to: bytes.baseAddress!, length: hosts[host].addressLength, family: hosts[host].family,
                dress: hosts[host].dress, error: &error)
        }
        guard let handle = made else { return nil }
        let carrier = CarrierPointer.allocate(capacity: 1)
        carrier.initialize(to: Carrier())
        guard
            let session = multiplexer.openClient(
                owner: UInt64(UInt(bitPattern: carrier)), isSecure: hosts[host].dress?.tls != nil)
        else {
            carrier.deallocate()
            base.close(handle)
            error = ENOMEM
            return nil
        }
        prepare(handle, .carrier)
        slots[handle.index].pointee.carrier = carrier
        carrier.pointee.handle = handle
        carrier.pointee.session = session
        carrier.pointee.flags = [.isConnecting, .isGreeting]
        carrier.pointee.host = Int32(host)
        carrier.pointee.next = hosts[host].carriers
        hosts[host].carriers?.pointee.previous = carrier
        hosts[host].carriers = carrier
        hosts[host].carrierCount += 1
        markDirty(carrier)
        return carrier
    }

    mutating func carrierConnected(_ carrier: CarrierPointer) {
        if hosts[Int(carrier.pointee.host)].dress?.tls != nil, !base.facts(of: carrier.pointee.handle).isH2 {
            // The backend did not agree on HTTP/2.
            return carrierFailed(carrier, error: EPROTONOSUPPORT)
        }
        carrier.pointee.flags.remove(.isConnecting)
        markDirty(carrier)
    }

    /// The backend's SETTINGS have come: how many streams it takes is known before the first is opened.
    mutating func carrierGreeted(_ carrier: CarrierPointer) {
        carrier.pointee.flags.remove(.isGreeting)
        tellWaiting(carrier, .connected, error: 0)
    }

    mutating func carrierFailed(_ carrier: CarrierPointer, error: CInt) {
        let handle = carrier.pointee.handle
        tellWaiting(carrier, .connectFailed, error: error)
        if let session = carrier.pointee.session {
            carrier.pointee.session = nil
            isTelling = true
            multiplexer.close(session)
        }
        base.close(handle)
        slots[handle.index].pointee = MultiplexSlot()
        drop(carrier)
    }

    mutating func tellWaiting(_ carrier: CarrierPointer, _ kind: LoopEvent.Kind, error: CInt) {
        waiting.removeAll { handle in
            let slot = slots[handle.index]
            guard slot.pointee.handle == handle, slot.pointee.isWaiting else { return true }
            guard slot.pointee.carrier == carrier else { return false }
            slot.pointee.isWaiting = false
            slot.pointee.carrier = nil
            owed.append(OwedEvent(kind: kind, connection: handle, error: error))
            return true
        }
    }

    // MARK: Links

    /// The stream of the request that is being sent on a link; a new one for the first bytes of a request.
    mutating func bind(_ slot: SlotPointer) -> StreamPointer? {
        if let stream = slot.pointee.stream { return stream }
        let host = Int(slot.pointee.host)
        var error: CInt = 0
        guard let carrier = choose(host) ?? open(host, &error), let session = carrier.pointee.session else {
            return nil
        }
        let stream = multiplexer.openStream(session, owner: slot.pointee.handle.packed)
        if slot.pointee.isPaused { multiplexer.pause(stream) }
        slot.pointee.stream = stream
        return stream
    }

    /// A stream that the request left open is reset: a tunnel that the backend refused, a body it did not wait for.
    mutating func endExchange(on connection: ConnectionHandle) {
        let slot = slots[connection.index]
        if slot.pointee.kind == .link { unbind(slot, isRefused: false) }
    }

    /// The link's request is over. `isRefused`: the backend has not seen it, so it counts as not sent.
    mutating func unbind(_ slot: SlotPointer, isRefused: Bool) {
        guard let stream = slot.pointee.stream else { return }
        slot.pointee.stream = nil
        if !isRefused { slot.pointee.sentBefore &+= stream.pointee.sent }
        if let session = stream.pointee.session, let carrier = Self.carrier(session) { markDirty(carrier) }
        multiplexer.release(stream)
    }

    mutating func closeLink(_ slot: SlotPointer) {
        unbind(slot, isRefused: false)
        let host = Int(slot.pointee.host)
        let handle = slot.pointee.handle
        slot.pointee = MultiplexSlot()
        base.close(handle)
        hosts[host].linkCount -= 1
        // Nobody is interested in this address any more: its carriers go as soon as nothing is under way on them.
        guard hosts[host].linkCount == 0 else { return }
        forgetUnused(host)
        var rest = hosts[host].carriers
        while let carrier = rest {
            rest = carrier.pointee.next
            guard let session = carrier.pointee.session else { continue }
            if carrier.pointee.flags.contains(.isConnecting) {
                carrierFailed(carrier, error: ECANCELED)
            } else {
                multiplexer.finishDrain(session)
                markDirty(carrier)
            }
        }
    }
}
