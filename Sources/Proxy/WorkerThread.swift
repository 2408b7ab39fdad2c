// A system thread that runs one worker from start to stop.

import EventLoop
import Glibc
import Kernel
import Synchronization

/// A running worker, from outside.
struct WorkerThread: Sendable {
    let mailbox: Mailbox
    /// What the system calls the thread.
    let id: Int32
    private let thread: NativeThread

    /// Returns when the worker has applied `first` and serves, or could not be made.
    init(
        index: Int, configuration: Gateway.Configuration, first: Publication
    ) throws(EventLoopError) {
        let start = StartResult()
        do {
            thread = try NativeThread(name: "portico-\(index)") {
                Self.run(index: index, configuration: configuration, first: first, start: start)
            }
        } catch {
            throw EventLoopError(
                errno: error.errno, operation: "pthread_create", hint: "raise the limit of processes (ulimit -u)")
        }
        switch start.wait() {
        case .success(let begun): (mailbox, id) = begun
        case .failure(let error):
            thread.join()
            throw error
        }
    }

    func stop() {
        mailbox.requestStop()
        join()
    }

    func join() {
        thread.join()
    }

    private static func run(
        index: Int, configuration: Gateway.Configuration, first: Publication, start: StartResult
    ) {
        var limits = LoopLimits()
        limits.loop = index
        do throws(EventLoopError) {
            switch configuration.engine {
            case .epoll:
                try serve(try MultiplexLoop<SecureLoop<EpollLoop>>(limits), index, configuration, first, start)
            case .ioUring:
                try serve(try MultiplexLoop<SecureLoop<RingLoop>>(limits), index, configuration, first, start)
            }
        } catch {
            start.set(.failure(error))
        }
    }

    private static func serve<Loop: LayeredLoop & ~Copyable>(
        _ loop: consuming Loop, _ index: Int, _ configuration: Gateway.Configuration, _ first: Publication,
        _ start: StartResult
    ) throws(EventLoopError) {
        var worker = Worker(loop: loop, index: index, configuration: configuration)
        worker.apply(first)
        guard worker.listenError == 0 else {
            throw EventLoopError(
                errno: worker.listenError, operation: "listen",
                hint: "the descriptors of a listener must be listening sockets, each given once")
        }
        start.set(.success((worker.mailbox, NativeThread.currentID)))
        worker.run()
    }
}

/// Carries the outcome of a worker's start from its thread to the one that waits for it.
private final class StartResult: Sendable {
    typealias Begun = (mailbox: Mailbox, thread: Int32)

    private let result = Mutex<Result<Begun, EventLoopError>?>(nil)
    // SAFETY: initialised in `init`, and a semaphore may be used from any thread.
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func set(_ outcome: Result<Begun, EventLoopError>) {
        result.withLock { $0 = outcome }
        sem_post(semaphore)
    }

    func wait() -> Result<Begun, EventLoopError> {
        while sem_wait(semaphore) != 0 {}
        return result.withLock { $0! }
    }
}
