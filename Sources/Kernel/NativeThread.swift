// A thread of our own for a loop that waits in the kernel. Not for computing: that is what tasks are for.

import CKernel
import Glibc

/// A named system thread.
package struct NativeThread: Sendable {
    private let thread: pthread_t

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts `run`. `name` shows in `top -H`; the kernel keeps 15 bytes of it. Every signal is left to other threads.
    package init(name: String, run: @escaping @Sendable () -> Void) throws(SystemError) {
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        var thread = pthread_t()
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let error = pthread_create(
            &thread, nil,
            { argument in
                let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
                NativeThread.nameCurrent(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard error == 0 else {
            body.release()
            throw SystemError(
                errno: error, operation: "start", subject: "thread \(name)",
                hint: "the limit on processes (ulimit -u) counts threads too")
        }
        self.thread = thread
    }

    /// Names the calling thread; on the main thread this is the process's name in `ps` and `top`.
    package static func nameCurrent(_ name: String) {
        portico_name_thread(name)
    }

    /// What the system calls the calling thread.
    package static var currentID: Int32 { portico_thread() }

    /// Waits for the end of the thread. Once, and not from the thread itself.
    package func join() {
        pthread_join(thread, nil)
    }

    /// Whether the caller runs on this thread.
    package var isCurrent: Bool {
        pthread_equal(thread, pthread_self()) != 0
    }

    /// Lets the thread end by itself; nobody will join it.
    package func detach() {
        pthread_detach(thread)
    }
}
