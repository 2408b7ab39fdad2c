// New tables, drain and stop. A table is applied as a difference: what stays keeps its connections, its counts and its
// requests in flight.

import Balancing
import EventLoop
import Routing
import Synchronization
import Vocabulary

extension Worker where Loop: ~Copyable {
    mutating func readMail() {
        let mail = mailbox.collect()
        if let publication = mail.publication { apply(publication) }
        for listener in listeners.indices { useGrants(listener) }
        if mail.wantsLogReopening { log.reopen() }
        if mail.wantsDrain { beginDraining() }
        if mail.wantsStop { isStopping = true }
    }

    /// Works by a new table from here on, and says so.
    mutating func apply(_ publication: Publication) {
        let table = publication.table
        publication.bells.hang(loop.bell, of: index)
        bufferBytesMax = table.bufferBytesMax.bytes / workerCount
        matcher = RouteMatcher(table)
        passthroughMatcher = RouteMatcher(table.passthroughRoutes, in: table)
        for slot in 0..<backends.count where backends.isUsed(slot) { backends.base[slot].isListed = false }
        serviceNumbers = table.services.indices.map { position in
            applyService(
                table.services[position], gauges: publication.serviceBlocks[position],
                backendGauges: publication.backendBlocks[position], dresses: publication.dresses)
        }
        dropUnlisted(keepingServices: Set(table.services.map(\.name)))
        applyListeners(publication)
        // Choices made from here on follow the new table: only now may others count on it.
        mailbox.confirm(table.revision.number)
        for service in services.indices where services[service].heldCount > 0 && hasReadyBackend(service) {
            releaseHeld(service)
        }
    }

    private mutating func applyService(
        _ rules: ServiceRules, gauges: GaugeBlock, backendGauges: [GaugeBlock], dresses: Dresses
    ) -> Int32 {
        let lane = gauges.lane(index)
        let number: Int
        if let known = services.firstIndex(where: { $0.name == rules.name }) {
            number = known
            // A block is made anew only when it counted nothing, but a request may have come in between.
            let count = services[known].lane == lane ? 0 : services[known].lane.pointee.inFlight
            if count != 0 { lane.pointee.shift(by: count, now: loop.now) }
            if services[known].owner !== gauges {
                let held = services[known].heldCount
                services[known].owner.heldTotal.pointee.subtract(held, ordering: .relaxed)
                gauges.heldTotal.pointee.add(held, ordering: .relaxed)
            }
            services[known].lane = lane
            services[known].owner = gauges
        } else {
            number = services.count
            services.append(ServiceState(name: rules.name, gauges: gauges, worker: index))
        }
        var slots: [Int32] = []
        for (backend, block) in zip(rules.backends, backendGauges) {
            let slot = applyBackend(backend, block, keepAlive: rules.timeouts.keepAlive)
            dress(slot, dresses.backends[backend.id])
            slots.append(slot)
        }
        services[number].isListed = true
        services[number].algorithm = rules.balance
        services[number].timeouts = rules.timeouts
        services[number].retriesMax = min(rules.retriesMax, ProxyLimits.attemptsMax)
        services[number].bodyBytesMax = UInt64(rules.bodyBytesMax.bytes)
        services[number].holdFor = rules.holdFor
        services[number].silence = rules.silence
        services[number].timeouts.idle = max(rules.timeouts.idle, rules.silence)
        services[number].holdMax = rules.holdMax
        services[number].proxyHeader = rules.proxyHeader
        if services[number].retryShare != rules.retryBudget {
            services[number].retryShare = rules.retryBudget
            services[number].budget = RetryBudget(share: rules.retryBudget, floorPerSecond: 3 / Double(workerCount))
        }
        setMembers(number, slots, weights: rules.backends.map(\.weight))
        return Int32(number)
    }

    /// The rotation goes on where it was unless the backends themselves or their weights changed.
    private mutating func setMembers(_ number: Int, _ slots: [Int32], weights: [Int]) {
        let readiness = slots.map { backends[$0].pointee.standing == .ready }
        let isSame =
            services[number].memberCount == slots.count && services[number].weights == weights
            && services[number].readiness == readiness
            && slots.indices.allSatisfy { services[number].members[$0] == slots[$0] }
        guard !isSame else { return }
        if services[number].memberCapacity < slots.count {
            services[number].members.deallocate()
            services[number].members = .allocate(capacity: slots.count)
            services[number].memberCapacity = slots.count
        }
        for (position, slot) in slots.enumerated() { services[number].members[position] = slot }
        services[number].memberCount = slots.count
        services[number].weights = weights
        services[number].readiness = readiness
        services[number].roundRobin = RoundRobin(weights: weights)
        services[number].leastConnections = LeastConnections(weights: weights)
        // Workers begin at different backends, so that few requests spread as well as many.
        let readyCount = readiness.count { $0 }
        for _ in 0..<(readyCount == 0 ? 0 : index % readyCount) {
            _ = services[number].roundRobin.next { readiness[$0] }
            _ = services[number].leastConnections.next(inFlight: { _ in 0 }, isEligible: { readiness[$0] })
        }
    }

    private mutating func applyBackend(_ backend: Backend, _ block: GaugeBlock, keepAlive: Duration) -> Int32 {
        let slot: Int32
        if let known = backendSlot(of: backend) {
            slot = known
            let lane = block.lane(index)
            if backends[slot].pointee.lane != lane {
                let count = Int(backends[slot].pointee.inFlight)
                if count != 0 { lane.pointee.shift(by: count, now: loop.now) }
                let tunnels = backends[slot].pointee.lane.pointee.tunnels.load(ordering: .relaxed)
                if tunnels != 0 { GaugeLane.shift(lane.pointee.tunnels, by: tunnels) }
                backends[slot].pointee.lane = lane
                backends[slot].pointee.firstLane = UnsafeMutableRawPointer(block.lane(0))
                backends[slot].pointee.consecutiveConnectFailures = block.consecutiveConnectFailures
                backends.replaceOwner(of: Int(slot), by: block)
            }
            backends[slot].pointee.rename(backend)
        } else {
            slot = backends.add(BackendState(backend, gauges: block, worker: index), owner: block)
        }
        let state = backends[slot]
        if state.pointee.standing != backend.standing { state.pointee.penaltyEnd = .zero }
        state.pointee.isListed = true
        state.pointee.keepAlive = keepAlive
        state.pointee.standing = backend.standing
        if backend.standing != .ready { drainPool(slot) }
        return slot
    }

    /// The slot of the same backend at the same address.
    private func backendSlot(of backend: Backend) -> Int32? {
        for slot in 0..<backends.count
        where backends.isUsed(slot) && backends.base[slot].id == backend.id.number
            && backends.base[slot].endpoint == backend.endpoint
        {
            return Int32(slot)
        }
        return nil
    }

    private mutating func dropUnlisted(keepingServices names: Set<ServiceName>) {
        for slot in 0..<backends.count where backends.isUsed(slot) && !backends.base[slot].isListed {
            backends.base[slot].standing = .draining
            drainPool(Int32(slot))
            if backends.base[slot].inFlight == 0, backends.base[slot].connections == 0 { backends.remove(slot) }
        }
        for number in services.indices where !names.contains(services[number].name) {
            services[number].isListed = false
            services[number].memberCount = 0
            services[number].weights = []
        }
    }

    private mutating func applyListeners(_ publication: Publication) {
        var wanted = Set<CInt>()
        for (position, listener) in publication.listeners.enumerated() {
            guard let rules = publication.table.listeners.first(where: { $0.name == listener.name }) else { continue }
            for (socket, descriptor) in listener.descriptors.enumerated()
            where socket % workerCount == index {
                wanted.insert(descriptor)
                applyListener(
                    listener.name, descriptor, rules, publication.listenerBlocks[position], publication.gates[position],
                    publication.dresses.listeners[listener.name])
            }
        }
        for token in listeners.indices where listeners[token].isOpen && !wanted.contains(listeners[token].descriptor) {
            loop.stopListening(token: UInt32(token))
            listeners[token].isOpen = false
        }
    }

    private mutating func applyListener(
        _ name: ListenerName, _ descriptor: CInt, _ rules: ListenerRules, _ block: GaugeBlock, _ gate: ListenerGate,
        _ dress: ListenerDress?
    ) {
        var service: Int32 = -1
        if case .tcp(let serviceName) = rules.mode {
            service = Int32(services.firstIndex { $0.name == serviceName && $0.isListed } ?? -1)
            precondition(service >= 0, "listener \(name) leads to \(serviceName), which the table does not have")
        }
        let token: Int
        if let known = listeners.firstIndex(where: { $0.isOpen && $0.descriptor == descriptor && $0.name == name }) {
            token = known
        } else {
            let state = ListenerState(
                name: name, nameJSON: OwnedText.json(name.rawValue), descriptor: descriptor, rules: rules,
                lane: block.lane(index), owner: block, gate: gate)
            // In the place of one that was removed, so that reloads don't add up.
            if let free = listeners.firstIndex(where: { !$0.isOpen && $0.clientsOpen == 0 }) {
                token = free
                listeners[free].nameJSON.deallocate()
                listeners[free] = state
            } else {
                token = listeners.count
                listeners.append(state)
            }
            loop.dress(token: UInt32(token), dress)
            if !isDraining {
                listenError = loop.listen(on: descriptor, token: UInt32(token))
                listeners[token].isOpen = listenError == 0
            }
        }
        loop.dress(token: UInt32(token), dress)
        listeners[token].isPreceded = dress?.isPreceded ?? false
        listeners[token].tcpService = service
        listeners[token].isPassthrough = rules.mode == .tlsPassthrough
        listeners[token].rules = rules
        // The bound may have been raised.
        useGrants(token, alsoFree: true)
    }

    // MARK: The end

    mutating func beginDraining() {
        guard !isDraining else { return }
        isDraining = true
        loop.announceDrain()
        for token in listeners.indices where listeners[token].isOpen {
            loop.stopListening(token: UInt32(token))
            listeners[token].isOpen = false
        }
        for slot in 0..<slotsEnd where roles.isPrepared(slot) && roles[slot].pointee == .client {
            let client = clients[slot]
            // A request that has arrived and was not read yet is served, and ends its connection then.
            guard client.pointee.phase == .idle, !loop.hasInput(client.pointee.handle) else { continue }
            leave(client)
        }
        for slot in 0..<backends.count where backends.isUsed(slot) { drainPool(Int32(slot)) }
    }

    /// Ends what is left. The loop closes the connections to backends when it is destroyed.
    mutating func stopServing() {
        for slot in 0..<slotsEnd where roles.isPrepared(slot) && roles[slot].pointee == .client {
            abort(clients[slot], .shutdown)
        }
        for slot in 0..<backends.count where backends.isUsed(slot) { drainPool(Int32(slot)) }
        log.flush()
    }
}
