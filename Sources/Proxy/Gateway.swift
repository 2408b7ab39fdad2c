// The data plane as the control plane sees it: start it, publish tables to it, read its gauges, drain it, stop it.
// Everything here may be called from any thread; nothing here is on the path of a request.

import CKernel
import EventLoop
import Glibc
import Kernel
import Routing
import Synchronization
import Vocabulary

/// N event-loop threads that carry out the newest routing table they were given.
///
/// If nothing is published any more, traffic goes on by the last table.
package final class Gateway: Sendable {
    private let configuration: Configuration
    private let board: GaugeBoard
    private let running = Mutex<[WorkerThread]>([])
    /// What the machine was like at the last look, and what came of it.
    private let machine = Mutex((watch: MachineWatch(), processors: [[Int32]]()))

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        board = GaugeBoard(workers: configuration.workers, seed: configuration.seed)
        // A peer that left must be an error of the call that wrote to it, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        stop()
    }

    /// Starts the worker threads; traffic flows when it returns.
    ///
    /// The descriptors stay the caller's: they are used until `stop()` returns and are never closed here.
    /// Socket `i` of a listener belongs to worker `i` modulo the number of workers.
    /// - Throws: `EventLoopError` when the system refuses a loop or a thread. Then nothing was started.
    package func start(
        listeners: [BoundListener], table: RoutingTable, dresses: Dresses = Dresses()
    ) throws(EventLoopError) {
        precondition(running.withLock { $0.isEmpty }, "a gateway is started once")
        let publication = board.publication(of: table, listeners: listeners, dresses: dresses)
        var threads: [WorkerThread] = []
        for index in 0..<configuration.workers {
            do throws(EventLoopError) {
                threads.append(
                    try WorkerThread(index: index, configuration: configuration, first: publication))
            } catch {
                for thread in threads { thread.stop() }
                throw error
            }
        }
        running.withLock { $0 = threads }
    }

    /// Hands `table` to every worker; each applies it within one turn of its loop. An older revision than the
    /// newest published one is ignored.
    ///
    /// Pools, gauges and requests in flight of backends whose id and endpoint stay are kept. With `listeners`, new
    /// ones are opened, and ones that are no longer named take no new connections. With `dresses`, connections that
    /// come from here on wear the new ones; without, those of before.
    package func publish(
        _ table: RoutingTable, listeners: [BoundListener]? = nil, dresses: Dresses? = nil
    ) {
        running.withLock { threads in
            guard let publication = board.nextPublication(of: table, listeners: listeners, dresses: dresses) else {
                return
            }
            for thread in threads { thread.mailbox.post(publication) }
        }
    }

    /// The oldest revision that some worker still works by; zero before `start`.
    ///
    /// When this is at least R, and R shows a backend as draining, then `inFlight == 0` of that backend, read
    /// *after* this, can't become false again.
    package var appliedRevision: Revision {
        running.withLock { threads in
            threads.map { Revision($0.mailbox.appliedRevision) }.min() ?? .zero
        }
    }

    /// What traffic tells about a backend; `nil` when no table of this gateway has named it, or long ago.
    package func gauges(of backend: BackendID) -> BackendGauges? {
        board.gauges(of: backend, now: MonotonicClock.now)
    }

    /// The sum over every backend of the service, and what waits for one; `nil` when unknown.
    package func serviceGauges(_ service: ServiceName) -> ServiceGauges? {
        board.gauges(of: service, now: MonotonicClock.now)
    }

    /// Connections of a listener; `nil` when unknown.
    package func listenerGauges(_ listener: ListenerName) -> ListenerGauges? {
        board.gauges(of: listener)
    }

    /// Client connections open now, over all listeners; tunnels and TCP connections included.
    package var openConnections: Int { board.openConnections }

    /// Requests in flight or held now, over all services; tunnels and TCP connections included.
    package var requestsInFlight: Int { board.requestsInFlight }

    /// Takes no new connections (the listeners stay open: their backlog is for who comes next), closes idle client
    /// connections, and ends the others after the response in progress. Can't be taken back.
    package func beginDrain() {
        running.withLock { threads in
            for thread in threads { thread.mailbox.requestDrain() }
        }
    }

    /// Ends every connection and waits for the threads. Safe to call twice.
    package func stop() {
        let threads = running.withLock { threads in
            let taken = threads
            threads = []
            return taken
        }
        for thread in threads { thread.mailbox.requestStop() }
        for thread in threads { thread.join() }
    }

    /// How often `watchMachine` wants to be called.
    package static let machineInterval = MachineWatch.interval

    /// Lets workers run where it costs least: see `MachineWatch`. Reads a file of the system's.
    package func watchMachine(_ times: Processors.Times? = Processors.times) {
        let allowed = Processors.allowed
        // Under this lock no thread ends, so that none is taken for another.
        running.withLock { threads in
            machine.withLock { machine in
                machine.watch.look(times, processors: Processors.online)
                let processors = machine.watch.processors(workers: threads.count, allowed: allowed)
                // Who was never confined to one runs wherever the system, or somebody else, lets it.
                guard Set(processors).count > 1 || !machine.processors.isEmpty, processors != machine.processors else {
                    return
                }
                for (thread, own) in zip(threads, processors) where !own.isEmpty {
                    // What is refused stays as it is: nothing depends on it but some CPU time.
                    _ = Processors.confine(thread: thread.id, to: own)
                }
                machine.processors = processors
            }
        }
    }

    /// Opens the access log anew by its path, after it was rotated.
    package func reopenAccessLog() {
        running.withLock { threads in
            for thread in threads { thread.mailbox.requestLogReopening() }
        }
    }

    /// The name of the event loop's backend: `epoll` or `io_uring`.
    package var engineName: String { configuration.engine.rawValue }
}
