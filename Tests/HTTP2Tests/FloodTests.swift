// What costs a client little and us much is counted, and ends its connection with ENHANCE_YOUR_CALM.

import HTTP2
import TestFrames
import Testing
import Vocabulary

@Suite struct FloodTests {
    private static let calm: UInt32 = 11

    /// Sends one frame after the other until the connection is given up; how many it took, `nil`: never.
    private static func flood(_ rig: ServerRig, upTo count: Int, _ frame: (UInt32) -> [Frame]) -> Int? {
        for number in 0..<count {
            rig.send(frame(UInt32(number)).flatMap(\.bytes))
            let goAway = rig.collect(Frame.goAway)
            guard goAway.isEmpty else { return goAway[0].error == calm && rig.isCondemned ? number : nil }
        }
        return nil
    }

    @Test func `rapid resets end the connection and are never told`() {
        let rig = ServerRig()
        let count = Self.flood(rig, upTo: 400) { [.get(2 * $0 + 1), .reset(2 * $0 + 1)] }
        #expect(count == 256)
        #expect(rig.streams.isEmpty)
    }

    @Test func `resets are forgiven with time`() {
        let rig = ServerRig()
        let count = Self.flood(rig, upTo: 2000) {
            rig.now = rig.now + .milliseconds(31)
            return [.get(2 * $0 + 1), .reset(2 * $0 + 1)]
        }
        #expect(count == nil)
        #expect(rig.isAlive)
    }

    @Test func `resets that the client provokes count as its own`() {
        // A window above 2^31 - 1 is an error of the stream (RFC 9113 §6.9.1): the server has to reset it.
        let rig = ServerRig()
        let count = Self.flood(rig, upTo: 400) { [.get(2 * $0 + 1), .windowUpdate(2 * $0 + 1, 0x7fff_ffff)] }
        #expect(count != nil && count! <= 257)
    }

    @Test func `PING, SETTINGS, empty frames, WINDOW_UPDATE and PRIORITY have budgets`() {
        let floods: [(String, ClosedRange<Int>, (UInt32) -> [Frame])] = [
            ("PING", 400...500, { _ in [Frame(type: Frame.ping, payload: [UInt8](repeating: 0, count: 8))] }),
            ("SETTINGS", 40...50, { _ in [.settings()] }),
            ("empty DATA", 200...200, { $0 == 0 ? [.post(1), .data(1, "")] : [.data(1, "")] }),
            (
                "padded DATA", 200...200,
                {
                    let frame = Frame(type: Frame.data, flags: 8, stream: 1, payload: [3, 0, 0, 0])
                    return $0 == 0 ? [.post(1), frame] : [frame]
                }
            ),
            ("WINDOW_UPDATE", 2000...2000, { _ in [.windowUpdate(0, 1)] }),
            ("PRIORITY", 2000...2000, { _ in [Frame(type: Frame.priority, stream: 3, payload: [0, 0, 0, 0, 1])] }),
        ]
        for (name, expected, frames) in floods {
            let rig = ServerRig()
            let count = Self.flood(rig, upTo: 3000, frames)
            #expect(count.map { expected.contains($0) } == true, "\(name): \(count.map { "\($0)" } ?? "never")")
        }
    }

    @Test func `CONTINUATION without end is cut off`() {
        let rig = ServerRig()
        rig.send(
            Frame(type: Frame.headers, flags: Frame.endStream, stream: 1, payload: Frame.block([(":method", "GET")])))
        let count = Self.flood(rig, upTo: 100) { _ in
            [Frame(type: Frame.continuation, stream: 1, payload: Frame.block([("x", "y")]))]
        }
        #expect(count != nil && count! <= 9)
        #expect(rig.streams.isEmpty)
    }

    @Test func `CONTINUATION is counted by frames, in however many pieces they come`() {
        let rig = ServerRig()
        var head = Frame.get(1)
        head.flags = Frame.endStream
        rig.send(head)
        for number in 1...8 {
            let frame = Frame(
                type: Frame.continuation, flags: number == 8 ? Frame.endHeaders : 0, stream: 1,
                payload: Frame.block([("x\(number)", "y")]))
            for byte in frame.bytes { rig.send([byte]) }
        }
        #expect(rig.isAlive)
        #expect(rig.texts.count == 1 && rig.texts[0].contains("x8: y\r\n"))
    }

    @Test func `window updates of a client that is sent data are free`() {
        let rig = ServerRig()
        rig.send(.get(1))
        rig.write(0, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        for _ in 0..<5000 {
            rig.write(0, [UInt8](repeating: 1, count: 100))
            #expect(rig.collect(Frame.goAway).isEmpty)
            rig.send(.windowUpdate(0, 100), .windowUpdate(1, 100))
        }
        #expect(rig.isAlive)
    }

    @Test func `streams above the limit end the connection`() {
        let rig = ServerRig()
        for number in 0..<130 { rig.send(.get(UInt32(2 * number + 1))) }
        #expect(rig.streams.count == HTTP2Limits.streamsMax)
        // libnghttp2 takes a client that was told the limit, and passes it, for one that can't be trusted.
        #expect(rig.collect(Frame.goAway).map(\.error) == [1])
    }

    @Test func `a connection that does not begin with the preface is given up`() {
        let rig = ServerRig(isGreeted: false)
        rig.send(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        #expect(!rig.isAlive)
    }

    @Test func `bytes by chance lead to no crash`() {
        var random = SeededRandom(seed: 3)
        let valid =
            Frame.get(1).bytes + Frame.post(3).bytes + Frame.data(3, "body").bytes + Frame.windowUpdate(1, 5).bytes
            + Frame(type: Frame.ping, payload: [UInt8](repeating: 0, count: 8)).bytes
            + Frame.request(3, [("x", "y")]).bytes + Frame.reset(1).bytes
        for _ in 0..<3000 {
            let rig = ServerRig()
            var bytes = valid
            for _ in 0..<Int(1 + random.next() % 6) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            let cut = Int(random.next() % UInt64(bytes.count))
            rig.send(Array(bytes[..<cut]))
            for number in rig.streams.indices where random.next() % 2 == 0 {
                rig.write(number, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab")
                if random.next() % 2 == 0 { rig.multiplexer.pause(rig.streams[number]) }
            }
            rig.send(Array(bytes[cut...]))
            _ = rig.collect()
            for number in rig.streams.indices where random.next() % 2 == 0 {
                rig.multiplexer.resume(rig.streams[number])
            }
            for number in rig.streams.indices { rig.release(number, isFailure: random.next() % 2 == 0) }
            _ = rig.collect()
        }
    }
}
