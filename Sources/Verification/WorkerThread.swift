// A thread of the driver's own. Load and watching block, so they stay off the shared pool of Swift's concurrency.

import Glibc
import Synchronization

/// A thread that runs one function and hands its result to whoever joins it.
final class WorkerThread<Result: Sendable>: Sendable {
    private let result = Mutex<Result?>(nil)
    private let thread: Mutex<pthread_t?>

    init(_ body: @escaping @Sendable () -> Result) {
        thread = Mutex(nil)
        let start = Start {
            let value = body()
            self.result.withLock { $0 = value }
        }
        var identifier = pthread_t()
        let code = pthread_create(
            &identifier, nil,
            { context in
                let start = Unmanaged<Start>.fromOpaque(context!).takeRetainedValue()
                start.body()
                return nil
            }, Unmanaged.passRetained(start).toOpaque())
        precondition(code == 0, "no thread can be started: errno \(code)")
        thread.withLock { $0 = identifier }
    }

    /// Waits for the end. Once.
    func join() -> Result {
        let identifier = thread.withLock { slot in
            defer { slot = nil }
            return slot
        }
        guard let identifier else { preconditionFailure("a thread is joined once") }
        pthread_join(identifier, nil)
        return result.withLock { $0! }
    }
}

private final class Start: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}
