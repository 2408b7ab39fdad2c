// The prober's thread: waits for every probe's connection at once. Callers reach it through one lock and a wake-up; no
// caller is resumed while the lock is held.

import CKernel
import Glibc
import Kernel
import Synchronization
import Vocabulary

/// A probe from its caller's side: the way to call it off, before, while or after it runs.
final class ProbeTicket: Sendable {
    let isCancelled = Atomic<Bool>(false)
}

/// The loop under `Prober`.
final class ProbeLoop: Sendable {
    typealias Caller = CheckedContinuation<ProbeReport, Never>

    private struct Arrival {
        var order: ProbeOrder
        var ticket: ProbeTicket
        var caller: Caller
    }

    private struct Shared {
        var arrivals: [Arrival] = []
        var isStopped = false
    }

    /// A probe under way; without a caller once it has its verdict.
    private struct Running {
        var connection: ProbeConnection
        var ticket: ProbeTicket
        var caller: Caller?
        var isOver = false
    }

    private let shared = Mutex(Shared())
    private let wake: WakeDescriptor

    init() throws(SystemError) {
        wake = try WakeDescriptor()
    }

    // MARK: - For callers

    func add(_ order: ProbeOrder, _ ticket: ProbeTicket, caller: Caller) {
        let isStopped = shared.withLock { shared in
            if !shared.isStopped { shared.arrivals.append(Arrival(order: order, ticket: ticket, caller: caller)) }
            return shared.isStopped
        }
        if isStopped { Self.turnAway(caller, ProbeWording.stopped) } else { wake.wake() }
    }

    func cancel(_ ticket: ProbeTicket) {
        ticket.isCancelled.store(true, ordering: .releasing)
        wake.wake()
    }

    func stop() {
        shared.withLock { $0.isStopped = true }
        wake.wake()
    }

    // MARK: - The thread

    /// Runs until `stop`.
    func run() {
        var running: [Running] = []
        var entries: [pollfd] = []
        while true {
            wake.clear()
            let (arrivals, isStopped) = shared.withLock { shared in
                defer { shared.arrivals = [] }
                return (shared.arrivals, shared.isStopped)
            }
            guard !isStopped else {
                let callers = running.compactMap(\.caller) + arrivals.map(\.caller)
                callers.forEach { Self.turnAway($0, ProbeWording.stopped) }
                return
            }
            let now = MonotonicClock.now
            for arrival in arrivals { Self.start(arrival, &running, now) }
            wait(running, &entries)
            Self.proceed(&running, entries.dropFirst(), MonotonicClock.now)
        }
    }

    private static func start(_ arrival: Arrival, _ running: inout [Running], _ now: Instant) {
        guard running.count < ProbingLimits.probesMax else { return turnAway(arrival.caller, ProbeWording.tooMany) }
        do {
            let connection = try ProbeConnection(arrival.order, now: now)
            running.append(Running(connection: connection, ticket: arrival.ticket, caller: arrival.caller))
        } catch {
            arrival.caller.resume(
                returning: ProbeReport(error.verdict, detail: error.detail, latency: .zero))
        }
    }

    /// Waits until a connection is ready, somebody wakes the thread, or the first deadline passes.
    private func wait(_ running: [Running], _ entries: inout [pollfd]) {
        entries.removeAll(keepingCapacity: true)
        entries.append(pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0))
        var deadline = Instant(nanoseconds: .max)
        for probe in running {
            entries.append(pollfd(fd: probe.connection.number, events: Int16(probe.connection.events), revents: 0))
            // Called off since it was last looked at: the wake-up that told so may have been cleared already.
            let isCancelled = probe.ticket.isCancelled.load(ordering: .acquiring)
            deadline = min(deadline, isCancelled ? .zero : probe.connection.deadline)
        }
        let left = (deadline - MonotonicClock.now).nanoseconds
        let milliseconds = running.isEmpty ? -1 : CInt(max(0, min(60_000, left / 1_000_000 + 1)))
        let ready = poll(&entries, nfds_t(entries.count), milliseconds)
        guard ready < 0 else { return }
        precondition(errno == EINTR || errno == ENOMEM, "poll: errno \(errno)")
        for index in entries.indices { entries[index].revents = 0 }
    }

    /// `entries` are those of `running`, in the same order.
    private static func proceed(_ running: inout [Running], _ entries: ArraySlice<pollfd>, _ now: Instant) {
        for (index, entry) in zip(running.indices, entries) {
            let connection = running[index].connection
            if entry.revents != 0 { apply(connection.proceed(now: now), to: &running[index], now) }
            if running[index].isOver { continue }
            if running[index].ticket.isCancelled.load(ordering: .acquiring) {
                if let caller = running[index].caller.take() { turnAway(caller, ProbeWording.cancelled) }
                running[index].isOver = true
            } else if connection.deadline <= now {
                apply(connection.expire(), to: &running[index], now)
            }
        }
        running.removeAll(where: \.isOver)
    }

    private static func apply(_ step: ProbeConnection.Step, to probe: inout Running, _ now: Instant) {
        switch step {
        case .waiting: break
        case .over: probe.isOver = true
        case .verdict(let verdict, let detail, let isOver):
            let latency = now - probe.connection.startedAt
            probe.caller.take()?.resume(returning: ProbeReport(verdict, detail: detail, latency: latency))
            probe.isOver = isOver
        }
    }

    private static func turnAway(_ caller: Caller, _ detail: String) {
        caller.resume(returning: ProbeReport(.notSent, detail: detail, latency: .zero))
    }
}
