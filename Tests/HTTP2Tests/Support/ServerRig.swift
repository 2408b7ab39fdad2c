// A server session in memory: the test is the client, which speaks in frames, and the session logic, which speaks
// HTTP/1.1.

import Glibc
import HTTP2
import TestFrames
import Vocabulary

final class ServerRig {
    let multiplexer = Multiplexer(seed: 1)
    let session: SessionPointer
    let reader = FrameReader()
    /// By the order in which they were opened.
    private(set) var streams: [StreamPointer] = []
    /// What each stream received.
    private(set) var texts: [String] = []
    /// Everything but received bytes: `opened 0`, `ended 0`, `broken 0`, `drained 0`.
    private(set) var events: [String] = []
    private(set) var isAlive = true
    var now = Instant(nanoseconds: 1_000_000_000_000)

    /// With `isGreeted`, preface and SETTINGS have been exchanged.
    init(isGreeted: Bool = true, settings: [(UInt16, UInt32)] = []) {
        session = multiplexer.openServer(owner: 7)!
        if isGreeted {
            send(Frame.preface)
            send(.settings(settings), Frame(type: Frame.settings, flags: Frame.acknowledges))
            _ = collect()
        }
    }

    deinit { multiplexer.close(session) }

    func send(_ frames: Frame...) { send(frames.flatMap(\.bytes)) }

    func send(_ bytes: [UInt8]) {
        isAlive = bytes.withUnsafeBytes { bytes in
            defer { tell() }
            return multiplexer.receive(session, bytes, now: now)
        }
    }

    /// Tells what waits.
    func tell() {
        var event = SessionEvent()
        while multiplexer.next(&event) {
            let stream = event.stream!
            if event.kind == .opened {
                multiplexer.adopt(stream, owner: UInt64(streams.count + 1))
                streams.append(stream)
                texts.append("")
            }
            let number = Int(stream.pointee.owner) - 1
            if event.kind == .received {
                texts[number] += String(decoding: event.bytes, as: UTF8.self)
            } else {
                events.append("\(event.kind) \(number)")
            }
        }
    }

    /// The session says `text` on a stream, in one piece or byte by byte.
    @discardableResult
    func write(_ number: Int, _ text: String) -> Bool { write(number, Array(text.utf8)) }

    @discardableResult
    func write(_ number: Int, _ bytes: [UInt8]) -> Bool {
        var bytes = bytes
        return bytes.withUnsafeMutableBytes { raw in
            var piece = iovec(iov_base: raw.baseAddress, iov_len: raw.count)
            return withUnsafeMutablePointer(to: &piece) {
                multiplexer.write(streams[number], UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
    }

    func release(_ number: Int, isFailure: Bool = false) {
        multiplexer.release(streams[number], isFailure: isFailure)
    }

    /// Everything there is to send.
    func collect() -> [Frame] {
        var bytes: [UInt8] = []
        while case let piece = multiplexer.collect(session), !piece.isEmpty { bytes += Array(piece) }
        tell()
        return reader.read(bytes)
    }

    /// The frames of one type.
    func collect(_ type: UInt8) -> [Frame] { collect().filter { $0.type == type } }

    // A value that can't be copied can't stand in an expectation.

    var isCondemned: Bool { session.pointee.isCondemned }
    var isOver: Bool { multiplexer.isOver(session) }
    func isCongested(_ number: Int) -> Bool { multiplexer.isCongested(streams[number]) }
}
