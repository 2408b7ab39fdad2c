// What the server asks for, and the answers. Nothing a server sends can end the keeper: it is refused instead.

import Glibc
import Kernel
import Vocabulary

/// A listener as the keeper holds it.
struct KeptListener {
    var endpoint: Endpoint
    var sockets: ListeningSockets
}

extension KeeperLoop {
    /// Reads and answers what the server has sent, as far as one turn goes. Returns whether there may be more.
    @discardableResult
    func hear(_ link: ServerLink) -> Bool {
        guard case .running(let current) = place, current === link else { return false }
        link.flush(now: now)
        for _ in 0..<KeeperLimits.messagesPerTurn {
            switch link.receive(now: now) {
            case .packet(let packet):
                // A server has no descriptors to give.
                packet.descriptors.forEach { close($0) }
                answer(packet.bytes, link)
            case .tooLarge:
                say("the server sent a message above \(KeeperLimits.packetBytesMax) bytes: refused")
                tell(link, .refused(number: 0, KeeperError(code: .tooLarge, reason: "a message that is too large")))
            case .wouldBlock, .ended:
                return false
            }
        }
        return true
    }

    private func answer(_ bytes: [UInt8], _ link: ServerLink) {
        let request: KeeperRequest
        do {
            request = try KeeperWire.decode(KeeperRequest.self, bytes)
        } catch {
            say("the server sent \(error.reason)")
            tell(link, .refused(number: KeeperWire.number(in: bytes), error))
            return
        }
        do {
            let answer = try obey(request.order, number: request.number, link)
            tell(link, .done(number: request.number, answer))
        } catch {
            tell(link, .refused(number: request.number, error))
        }
    }

    private func obey(
        _ order: KeeperOrder, number: UInt64, _ link: ServerLink
    ) throws(KeeperError) -> KeeperAnswer {
        switch order {
        case .inventory:
            tellInventory(link, number: number)
        case .listen(let name, let endpoint, let sockets):
            let listener = try listen(name: name, endpoint: endpoint, sockets: sockets)
            tell(link, name: name, listener)
        case .unlisten(let name):
            guard listeners.removeValue(forKey: name) != nil else {
                throw KeeperError(code: .notFound, reason: "there is no listener \(name)")
            }
        case .reservePort:
            return .port(try reservePort())
        case .spawn(let order):
            return .spawned(try spawn(order))
        case .signal(let id, let signal, let group):
            return .signalled(try self.signal(id, signal, group: group))
        case .forget(let id):
            try forget(id)
        case .shutdown(let exitCode, let leavesInstances):
            guard (0...255).contains(exitCode) else {
                throw KeeperError(code: .illFormed, reason: "\(exitCode) can't be an exit code")
            }
            link.goodbye = Goodbye(exitCode: exitCode, leavesInstances: leavesInstances)
        }
        return .nothing
    }

    private func tellInventory(_ link: ServerLink, number: UInt64) {
        for name in listeners.keys.sorted() {
            if let listener = listeners[name] { tell(link, name: name, listener) }
        }
        for instance in instances.values.sorted(by: { $0.id < $1.id }) {
            tell(link, .instance(number: number, instance.held))
        }
        for id in ended.keys.sorted() {
            if let exit = ended[id] { tell(link, .exit(number: number, exit.held)) }
        }
        link.isWatching = true
    }

    private func listen(name: ListenerName, endpoint: Endpoint, sockets: Int) throws(KeeperError) -> KeptListener {
        if let open = listeners[name] {
            guard open.endpoint == endpoint else {
                throw KeeperError(
                    code: .conflict, reason: "listener \(name) is open on \(open.endpoint), not on \(endpoint)")
            }
            return open
        }
        guard listeners.count < KeeperLimits.listenersMax else {
            throw KeeperError(code: .limit, reason: "there are \(KeeperLimits.listenersMax) listeners already")
        }
        do {
            let listener = KeptListener(endpoint: endpoint, sockets: try ListeningSockets(endpoint, count: sockets))
            listeners[name] = listener
            return listener
        } catch {
            throw KeeperError(error)
        }
    }

    private func reservePort() throws(KeeperError) -> UInt16 {
        guard reservations.count < KeeperLimits.reservationsMax else {
            throw KeeperError(
                code: .limit, reason: "\(KeeperLimits.reservationsMax) ports are reserved that no instance has taken")
        }
        do {
            let reservation = try PortReservation()
            reservations[reservation.port] = reservation
            return reservation.port
        } catch {
            throw KeeperError(error)
        }
    }

    private func signal(_ id: InstanceID, _ signal: CInt, group: Bool) throws(KeeperError) -> Bool {
        guard (1...64).contains(signal) else {
            throw KeeperError(code: .illFormed, reason: "there is no signal \(signal)")
        }
        guard let instance = instances[id] else {
            if ended[id] != nil { return false }
            throw KeeperError(code: .notFound, reason: "there is no instance \(id)")
        }
        do {
            return try instance.signal(signal, group: group)
        } catch {
            throw KeeperError(error)
        }
    }

    private func tell(_ link: ServerLink, name: ListenerName, _ listener: KeptListener) {
        tell(
            link, .listener(name: name, endpoint: listener.endpoint, bound: listener.sockets.bound),
            descriptors: listener.sockets.descriptors)
    }

    func tell(_ link: ServerLink, _ message: KeeperMessage, descriptors: [CInt] = []) {
        do {
            try link.send(message, descriptors: descriptors, now: now)
        } catch {
            say("a message to the server could not be sent: \(error)")
        }
    }
}
