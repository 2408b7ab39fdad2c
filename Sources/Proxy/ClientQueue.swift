// A queue of clients, linked through the clients themselves: joining, and leaving from anywhere, cost the same however
// many wait, and allocate nothing. A client is in one queue at most.

import EventLoop

/// Clients in the order they came, by slot. Loop-confined.
struct ClientQueue {
    /// `nil` when nobody waits.
    private(set) var first: UInt32?
    private var last: UInt32 = .max

    var isEmpty: Bool { first == nil }

    func contains(_ client: UnsafeMutablePointer<Client>) -> Bool {
        client.pointee.queuePrevious != .max || first == client.pointee.handle.index
    }

    mutating func append(_ client: UnsafeMutablePointer<Client>, in clients: borrowing Slabs<Client>) {
        let slot = client.pointee.handle.index
        client.pointee.queueNext = .max
        client.pointee.queuePrevious = first == nil ? .max : last
        if first == nil { first = slot } else { clients[last].pointee.queueNext = slot }
        last = slot
    }

    /// Takes out one that is in it.
    mutating func remove(_ client: UnsafeMutablePointer<Client>, in clients: borrowing Slabs<Client>) {
        let (previous, next) = (client.pointee.queuePrevious, client.pointee.queueNext)
        if previous == .max {
            first = next == .max ? nil : next
        } else {
            clients[previous].pointee.queueNext = next
        }
        if next == .max { last = previous } else { clients[next].pointee.queuePrevious = previous }
        client.pointee.queueNext = .max
        client.pointee.queuePrevious = .max
    }
}
