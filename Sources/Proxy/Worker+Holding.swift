// The hold queue: requests that find no backend wait, bounded in number and time, and go on as soon as a table makes a
// backend ready. Requests that every ready backend refused wait too, and try again every so often: a crashed instance
// shows as refused connections before the control plane has taken it out of the table.

import EventLoop
import Routing
import Synchronization
import Vocabulary

extension Worker where Loop: ~Copyable {
    /// No backend for this request now.
    mutating func hold(_ client: ClientPointer) {
        let service = Int(client.pointee.service)
        guard client.pointee.lastFailure == .none || client.pointee.flags.contains(.connectFailed) else {
            // It was sent once and failed, and there is nobody else to ask.
            return failRequest(client, status: 502, client.pointee.lastFailure)
        }
        guard loop.now < client.pointee.begun + services[service].holdFor,
            enterHold(service)
        else {
            return refuseHeld(client, isFull: services[service].holdMax > 0)
        }
        client.pointee.phase = .held
        // By the time it goes on, a table may have given that slot to another backend; `tried` has its name.
        client.pointee.backend = -1
        client.pointee.connectAttempts = 0
        for attempt in 0..<Int(client.pointee.triedCount) { Client.tried(client)[attempt].isFailed = false }
        if client.pointee.flags.contains(.connectFailed) {
            armHoldTimer()
        }
        services[service].held.append(client, in: clients)
        services[service].heldCount += 1
        services[service].lane.pointee.held.store(services[service].heldCount, ordering: .relaxed)
        loop.setDeadline(client.pointee.handle, client.pointee.begun + services[service].holdFor)
    }

    /// Takes one of the service's places in the hold queue, which all workers share.
    private func enterHold(_ service: Int) -> Bool {
        let total = services[service].owner.heldTotal
        guard total.pointee.add(1, ordering: .relaxed).newValue > services[service].holdMax else { return true }
        total.pointee.subtract(1, ordering: .relaxed)
        return false
    }

    mutating func leaveHold(_ client: ClientPointer) {
        let service = Int(client.pointee.service)
        services[service].held.remove(client, in: clients)
        services[service].heldCount -= 1
        services[service].owner.heldTotal.pointee.subtract(1, ordering: .relaxed)
        services[service].lane.pointee.held.store(services[service].heldCount, ordering: .relaxed)
        loop.clearDeadline(client.pointee.handle)
    }

    /// Lets everyone who waits try, in the order they came.
    mutating func releaseHeld(_ service: Int) {
        // Who has to wait again goes to the end of the queue: each is looked at once.
        for _ in 0..<services[service].heldCount {
            releaseFirst(service)
        }
    }

    private mutating func releaseFirst(_ service: Int) {
        guard let first = services[service].held.first else { return }
        let client = clients[first]
        leaveHold(client)
        dispatch(client)
        flush()
    }

    /// Whether some backend of the service is ready by the table.
    func hasReadyBackend(_ service: Int) -> Bool {
        for member in 0..<services[service].memberCount
        where backends[services[service].members[member]].pointee.standing == .ready {
            return true
        }
        return false
    }

    private mutating func armHoldTimer() {
        guard !isHoldTimerArmed else { return }
        isHoldTimerArmed = true
        loop.setDeadline(holdTimer, loop.now + ProxyLimits.heldRetryInterval)
    }

    /// One request per service asks whether connections are accepted again; the others follow when they are.
    mutating func retryHeld() {
        isHoldTimerArmed = false
        for service in services.indices where services[service].heldCount > 0 && hasReadyBackend(service) {
            releaseFirst(service)
            if services[service].heldCount > 0 { armHoldTimer() }
        }
    }

    /// The time to wait is over, or there was no room.
    mutating func refuseHeld(_ client: ClientPointer, isFull: Bool) {
        let reason: Reason
        let status: Int
        if client.pointee.flags.contains(.outOfDescriptors) {
            (status, reason) = (503, .outOfDescriptors)
        } else if client.pointee.flags.contains(.connectTimedOut) {
            (status, reason) = (504, .connectTimeout)
        } else if client.pointee.flags.contains(.connectFailed) {
            (status, reason) = (502, .connectFailed)
        } else {
            status = 503
            reason = isFull ? .holdFull : .noBackendReady
        }
        failRequest(client, status: status, reason)
    }
}
