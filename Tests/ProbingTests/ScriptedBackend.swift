// A backend that does exactly what a test says, on a thread of its own.

import Glibc
import Kernel
import Synchronization
import Testing
import Vocabulary

/// A listener whose every connection is handled by a script, one after the other.
final class ScriptedBackend: Sendable {
    let endpoint: Endpoint
    private let sockets: ListeningSockets
    private let stop: WakeDescriptor
    private let thread: Mutex<NativeThread?>

    /// `script` gets the connection, which blocks; it returns to close.
    init(
        _ endpoint: Endpoint = .tcp(host: "127.0.0.1", port: 0), _ script: @escaping @Sendable (CInt) -> Void
    ) throws {
        sockets = try ListeningSockets(endpoint, count: 1)
        self.endpoint = sockets.bound
        stop = try WakeDescriptor()
        thread = Mutex(nil)
        // It may begin when nobody needs the backend any more: `deinit` waits for it, and keeps both open until then.
        let (stopping, listening) = (stop.number, sockets.descriptors[0])
        let started = try NativeThread(name: "backend") { Self.serve(listening, until: stopping, script) }
        thread.withLock { $0 = started }
    }

    deinit {
        stop.wake()
        thread.withLock { $0 }?.join()
    }

    private static func serve(_ listening: CInt, until stopping: CInt, _ script: (CInt) -> Void) {
        while true {
            var entries = [
                pollfd(fd: stopping, events: Int16(POLLIN), revents: 0),
                pollfd(fd: listening, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&entries, 2, -1)
            if entries[0].revents != 0 { return }
            let connection = accept(listening, nil, nil)
            guard connection >= 0 else { continue }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            script(connection)
            close(connection)
        }
    }

    /// Reads a request's head, up to its empty line.
    static func readHead(_ connection: CInt) -> String {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), read(connection, &byte, 1) == 1 { head.append(byte) }
        return String(decoding: head, as: UTF8.self)
    }

    static func say(_ connection: CInt, _ text: String) {
        _ = send(connection, text, text.utf8.count, CInt(MSG_NOSIGNAL))
    }
}
