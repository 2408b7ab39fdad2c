// An event loop without a system: a test says what happens and when, and sees what the worker does about it. For races
// that real sockets show once in a million times.

import CKernel
import Glibc
import Vocabulary

@testable import EventLoop
@testable import Proxy

/// What a test sees of the connections and says about the world. Used by one thread.
final class Stage {
    /// One connection, listener or timer.
    struct Line {
        var isOpen = true
        var wasReset = false
        var isUpstream = false
        /// Everything the worker sent, whether the system took it or not.
        var sent: [UInt8] = []
        /// What the system took.
        var taken: UInt64 = 0
        var deadline: Instant?
        var isReceiving = true
        /// What is sent is held back for an end that follows.
        var isCorked = false
        var hasEnd = false
        /// Something arrived that was not told yet: known to the loop, or only to the system.
        var isStirred = false
        var hasInput = false

        var text: String { String(decoding: sent, as: UTF8.self) }
    }

    var now = Instant(nanoseconds: 1_000_000_000)
    var lines: [UInt32: Line] = [:]
    /// Whether the system takes what is sent.
    var takesBytes = true
    /// Connections to backends, in the order they were asked for.
    var upstreams: [ConnectionHandle] = []
    private var count: UInt32 = 0
    let address = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: 1)

    init() {
        address.initialize(to: sockaddr_storage())
        address.pointee.ss_family = sa_family_t(AF_UNIX)
    }

    deinit { address.deallocate() }

    func make(isUpstream: Bool = false) -> ConnectionHandle {
        // A slot is never used again: whoever looks at a closed connection is found out.
        lines[count] = Line(isUpstream: isUpstream)
        count += 1
        return ConnectionHandle(index: count - 1, generation: 1)
    }

    func line(_ handle: ConnectionHandle) -> Line { lines[handle.index]! }

    /// The open line of a handle, for the worker.
    func change(_ handle: ConnectionHandle, _ body: (inout Line) -> Void) {
        precondition(lines[handle.index]?.isOpen == true, "connection \(handle.index) is closed")
        body(&lines[handle.index]!)
    }
}

/// The face of a `Stage`.
struct ScriptedLoop: LayeredLoop, ~Copyable {
    let stage = Stage()

    init(_ limits: LoopLimits) {}

    var now: Instant { stage.now }
    mutating func stayAwake() {}
    var bell: WakeupBell { WakeupBell(descriptor: -1) }
    var openDescriptors: Int { 0 }
    var lentBytes: Int { 0 }

    mutating func next(_ event: inout LoopEvent) { preconditionFailure("the test tells the events") }

    mutating func listen(on descriptor: CInt, token: UInt32) -> CInt { 0 }
    mutating func stopListening(token: UInt32) {}
    mutating func pauseListening(token: UInt32) {}
    mutating func resumeListening(token: UInt32) {}

    mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, error: inout CInt
    ) -> ConnectionHandle? {
        let handle = stage.make(isUpstream: true)
        stage.upstreams.append(handle)
        return handle
    }

    func peerAddress(of connection: ConnectionHandle) -> UnsafePointer<sockaddr_storage> {
        UnsafePointer(stage.address)
    }

    func localAddress(of connection: ConnectionHandle) -> sockaddr_storage { stage.address.pointee }

    mutating func send(_ connection: ConnectionHandle, _ pieces: UnsafeMutableBufferPointer<iovec>) {
        let takesBytes = stage.takesBytes
        stage.change(connection) { line in
            for piece in pieces {
                line.sent += UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
                if takesBytes { line.taken += UInt64(piece.iov_len) }
            }
        }
    }

    func isCongested(_ connection: ConnectionHandle) -> Bool { unsentBytes(connection) > 0 }
    func unsentBytes(_ connection: ConnectionHandle) -> Int {
        let line = stage.line(connection)
        return line.sent.count - Int(line.taken)
    }
    func sentBytes(_ connection: ConnectionHandle) -> UInt64 { stage.line(connection).taken }
    func deliveredBytes(_ connection: ConnectionHandle) -> UInt64 { sentBytes(connection) }
    mutating func cork(_ connection: ConnectionHandle) { stage.change(connection) { $0.isCorked = true } }
    mutating func hurry(_ connection: ConnectionHandle) {}

    /// Has no system that could.
    mutating func splice(_ source: ConnectionHandle, to sink: ConnectionHandle, count: UInt64) -> Bool { false }

    mutating func pauseReceiving(_ connection: ConnectionHandle) { stage.change(connection) { $0.isReceiving = false } }
    mutating func resumeReceiving(_ connection: ConnectionHandle) { stage.change(connection) { $0.isReceiving = true } }
    func isReceiving(_ connection: ConnectionHandle) -> Bool { stage.line(connection).isReceiving }
    func hasInput(_ connection: ConnectionHandle) -> Bool { stage.line(connection).hasInput }
    func isStirred(_ connection: ConnectionHandle) -> Bool { stage.line(connection).isStirred }

    mutating func shutdownSending(_ connection: ConnectionHandle) { stage.change(connection) { $0.hasEnd = true } }
    mutating func close(_ connection: ConnectionHandle) { stage.change(connection) { $0.isOpen = false } }
    mutating func reset(_ connection: ConnectionHandle) {
        stage.change(connection) { line in
            line.isOpen = false
            line.wasReset = true
        }
    }

    mutating func setDeadline(_ connection: ConnectionHandle, _ instant: Instant) {
        stage.change(connection) { $0.deadline = instant }
    }
    mutating func clearDeadline(_ connection: ConnectionHandle) { stage.change(connection) { $0.deadline = nil } }
    mutating func makeTimer() -> ConnectionHandle { stage.make() }
    var hasSpareSlots: Bool { true }

    // Nothing is dressed here.
    mutating func dress(token: UInt32, _ dress: ListenerDress?) {}
    mutating func connect(
        to address: UnsafeRawPointer, length: UInt32, family: CInt, dress: UpstreamDress?, error: inout CInt
    ) -> ConnectionHandle? {
        connect(to: address, length: length, family: family, error: &error)
    }
    func facts(of connection: ConnectionHandle) -> ConnectionFacts { ConnectionFacts() }
    func isMisdirected(_ connection: ConnectionHandle, host: UnsafeRawBufferPointer) -> Bool { false }
    mutating func endExchange(on connection: ConnectionHandle) {}
    mutating func announceDrain() {}
    mutating func announceDrain(of connection: ConnectionHandle) {}
}
