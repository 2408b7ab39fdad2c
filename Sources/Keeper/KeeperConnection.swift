// The machinery under `KeeperClient`: a thread that waits for the keeper's socket, and callers that wait for answers.
//
// Callers put a packet into the outbox and wake the thread; only the thread touches the socket. What both sides share
// is under one lock, and no continuation is resumed while it is held.

import CKernel
import Glibc
import Kernel
import Synchronization
import Vocabulary

/// A connection and its requests under way.
final class KeeperConnection: Sendable {
    /// What an order brought.
    struct Outcome: Sendable {
        var answer = KeeperAnswer.nothing
        var inventory = Inventory()
    }

    private struct Waiting {
        var caller: CheckedContinuation<Result<Outcome, KeeperError>, Never>
        var deadline: Instant
        /// Filled by the parts that come before the answer.
        var inventory = Inventory()
    }

    private struct Shared {
        var number: UInt64 = 0
        var outbox: [(number: UInt64, packet: Packet)] = []
        var waiting: [UInt64: Waiting] = [:]
        var listeners: [ListenerName: HeldListener] = [:]
        var isLost = false
        var isClosing = false
    }

    private let socket: PacketSocket
    private let wake: WakeDescriptor
    private let shared = Mutex(Shared())
    private let exits: AsyncStream<ExitReport>.Continuation
    private let lost: AsyncStream<Void>.Continuation

    init(
        _ descriptor: CInt, exits: AsyncStream<ExitReport>.Continuation, lost: AsyncStream<Void>.Continuation
    ) throws(SystemError) {
        socket = PacketSocket(OwnedDescriptor(descriptor))
        wake = try WakeDescriptor()
        self.exits = exits
        self.lost = lost
    }

    deinit {
        for listener in shared.withLock({ $0.listeners.values }) {
            for number in listener.descriptors { Glibc.close(number) }
        }
    }

    /// Waits for the first message. Blocks: before `run`, at the start of a server.
    func greeting() throws(KeeperError) -> (keeperPID: Int32, serverStarts: Int, formerServerPID: Int32?) {
        var entry = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        var buffer = [UInt8](repeating: 0, count: KeeperLimits.packetBytesMax)
        let wait = CInt(KeeperLimits.greetingWait.nanoseconds / 1_000_000)
        guard poll(&entry, 1, wait) == 1, case .packet(let packet)? = try? socket.receive(through: &buffer) else {
            throw KeeperError(code: .lost, reason: "the keeper did not greet within \(KeeperLimits.greetingWait)")
        }
        guard
            case .greeting(let version, let pid, let starts, let former) =
                try KeeperWire.decode(KeeperMessage.self, packet.bytes)
        else { throw KeeperError(code: .illFormed, reason: "the keeper's first message is no greeting") }
        guard version == KeeperWire.version else {
            throw KeeperError(
                code: .illFormed,
                reason:
                    "the keeper speaks version \(version) of the protocol, this server version \(KeeperWire.version)",
                hint: "the keeper runs another version of the program: stop it and start it again")
        }
        return (pid, starts, former)
    }

    // MARK: - For callers

    /// Sends an order and waits for its answer.
    func ask(
        _ order: KeeperOrder, within wait: Duration = KeeperLimits.answerWait
    ) async throws(KeeperError) -> Outcome {
        let number = shared.withLock { shared in
            shared.number += 1
            return shared.number
        }
        let packet = Packet(bytes: try KeeperWire.encode(KeeperRequest(number: number, order: order)))
        let deadline = MonotonicClock.now + wait
        let result = await withCheckedContinuation { caller in
            let isLost = shared.withLock { shared in
                guard !shared.isLost else { return true }
                shared.waiting[number] = Waiting(caller: caller, deadline: deadline)
                shared.outbox.append((number, packet))
                return false
            }
            if isLost { caller.resume(returning: .failure(.lost)) } else { wake.wake() }
        }
        return try result.get()
    }

    func listener(_ name: ListenerName) -> HeldListener? {
        shared.withLock { $0.listeners[name] }
    }

    func closeListener(_ name: ListenerName) {
        let listener = shared.withLock { $0.listeners.removeValue(forKey: name) }
        for number in listener?.descriptors ?? [] { Glibc.close(number) }
    }

    /// Ends the thread; requests under way fail.
    func close() {
        shared.withLock { $0.isClosing = true }
        wake.wake()
    }

    // MARK: - The thread

    /// Serves the socket until the keeper is lost or `close` was called.
    func run() {
        var buffer = [UInt8](repeating: 0, count: KeeperLimits.packetBytesMax)
        while true {
            wake.clear()
            let isOpen = sendOutbox() && receiveAll(through: &buffer)
            expire(now: MonotonicClock.now)
            let (isClosing, hasUnsent, deadline) = shared.withLock { shared in
                (shared.isClosing, !shared.outbox.isEmpty, shared.waiting.values.map(\.deadline).min())
            }
            guard isOpen, !isClosing else { break }
            var entries = [
                pollfd(fd: socket.number, events: Int16(POLLIN | (hasUnsent ? POLLOUT : 0)), revents: 0),
                pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&entries, nfds_t(entries.count), Self.milliseconds(until: deadline))
        }
        lose()
    }

    private static func milliseconds(until deadline: Instant?) -> CInt {
        guard let deadline else { return -1 }
        let left = (deadline - MonotonicClock.now).nanoseconds
        return CInt(max(0, min(60_000, left / 1_000_000 + 1)))
    }

    /// Sends what the keeper takes now. `false` when it is gone.
    private func sendOutbox() -> Bool {
        while let next = shared.withLock({ $0.outbox.first }) {
            do {
                guard try socket.send(next.packet) else { return true }
            } catch  where error.errno == EMSGSIZE {
                fail(next.number, KeeperError(code: .tooLarge, reason: "\(error)"))
            } catch {
                return false
            }
            // Only this thread removes from the outbox, so that the first one still is `next`.
            shared.withLock { _ = $0.outbox.removeFirst() }
        }
        return true
    }

    /// Receives what has come. `false` when the keeper is gone.
    private func receiveAll(through buffer: inout [UInt8]) -> Bool {
        while true {
            switch try? socket.receive(through: &buffer) {
            case .packet(let packet): take(packet)
            case .tooLarge: continue
            case .wouldBlock: return true
            case .ended, nil: return false
            }
        }
    }

    private func take(_ packet: Packet) {
        guard let message = try? KeeperWire.decode(KeeperMessage.self, packet.bytes) else {
            // The keeper is this very program. Whoever waits for the answer runs into the deadline.
            for number in packet.descriptors { Glibc.close(number) }
            return
        }
        switch message {
        case .listener(let name, let endpoint, let bound):
            keep(HeldListener(name: name, endpoint: endpoint, bound: bound, descriptors: packet.descriptors))
        case .instance(let number, let instance):
            shared.withLock { $0.waiting[number]?.inventory.instances.append(instance) }
        case .exit(let number, let exit):
            shared.withLock { $0.waiting[number]?.inventory.exits.append(exit) }
        case .done(let number, let answer):
            let (waiting, listeners) = shared.withLock { ($0.waiting.removeValue(forKey: number), $0.listeners) }
            guard var inventory = waiting?.inventory else { return }
            inventory.listeners = listeners.values.sorted { $0.name < $1.name }
            waiting?.caller.resume(returning: .success(Outcome(answer: answer, inventory: inventory)))
        case .refused(let number, let error):
            fail(number, error)
        case .exited(let report):
            exits.yield(report)
        case .greeting:
            break
        }
    }

    /// Takes over a listener's descriptors. Those of one that is known already come again with every inventory.
    private func keep(_ listener: HeldListener) {
        let surplus = shared.withLock { shared in
            guard shared.listeners[listener.name] == nil else { return listener.descriptors }
            shared.listeners[listener.name] = listener
            return []
        }
        for number in surplus { Glibc.close(number) }
    }

    private func fail(_ number: UInt64, _ error: KeeperError) {
        let waiting = shared.withLock { $0.waiting.removeValue(forKey: number) }
        waiting?.caller.resume(returning: .failure(error))
    }

    private func expire(now: Instant) {
        let late = shared.withLock { shared in shared.waiting.filter { $0.value.deadline <= now }.map(\.key) }
        for number in late {
            fail(number, KeeperError(code: .deadline, reason: "the keeper did not answer in time"))
        }
    }

    private func lose() {
        let waiting = shared.withLock { shared in
            shared.isLost = true
            defer { shared.waiting = [:] }
            return Array(shared.waiting.values)
        }
        for request in waiting { request.caller.resume(returning: .failure(.lost)) }
        lost.yield()
        lost.finish()
        exits.finish()
    }
}

extension KeeperError {
    fileprivate static let lost = KeeperError(code: .lost, reason: "the keeper has ended")
}
