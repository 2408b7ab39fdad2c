// HTTP/2 sessions in memory, as a server (even first byte) and towards a backend (odd). Beyond traps: what a stream says
// in HTTP/1.1 is one message and not a byte more, whatever the frames; and it says the same however the frames are cut.
//
// The second byte chooses what the session logic does meanwhile: answer, answer in chunks, give up, or nothing.

import Glibc
import HTTP2
import HTTPWire
import Vocabulary

/// What was told of one stream.
private struct Told: Equatable {
    var method = Method.get
    var text: [UInt8] = []
    var hasEnded = false
    var isBroken = false

    func message(_ isRequest: Bool) -> Message { Message(text, isRequest: isRequest, answering: method) }
}

private final class Rig {
    let multiplexer = Multiplexer(seed: 1)
    let session: SessionPointer
    let isServer: Bool
    let behaviour: UInt8
    var streams: [StreamPointer?] = []
    var told: [Told] = []
    var isAlive = true
    private var answered: [Bool] = []

    init(isServer: Bool, behaviour: UInt8) {
        self.isServer = isServer
        self.behaviour = behaviour
        session = isServer ? multiplexer.openServer(owner: 1)! : multiplexer.openClient(owner: 1, isSecure: false)!
        guard !isServer else { return }
        ask(constant("GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n\r\n"))
        ask(constant("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"))
        ask(constant("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n"))
    }

    private func ask(_ request: UnsafeRawBufferPointer) {
        let stream = multiplexer.openStream(session, owner: UInt64(streams.count + 1))
        add(stream)
        if request[0] == UInt8(ascii: "H") { told[told.count - 1].method = .head }
        write(stream, request)
    }

    func run(_ bytes: UnsafeRawBufferPointer, inPiecesOf size: Int) {
        if isServer { receive(constant("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) }
        receive(constant("\0\0\0\u{4}\0\0\0\0\0\0\0\0\u{4}\u{1}\0\0\0\0"))
        var start = 0
        while start < bytes.count, isAlive {
            let end = min(start + min(size, bytes.count), bytes.count)
            receive(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            start = end
        }
        multiplexer.close(session)
        tell()
        for stream in streams { if let stream { multiplexer.release(stream, isFailure: true) } }
        tell()
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        isAlive = multiplexer.receive(session, bytes, now: Instant(nanoseconds: 1_000_000_000)) && isAlive
        tell()
        while !multiplexer.collect(session).isEmpty {}
        tell()
    }

    private func add(_ stream: StreamPointer) {
        streams.append(stream)
        told.append(Told())
        answered.append(false)
    }

    private func tell() {
        var event = SessionEvent()
        while multiplexer.next(&event) {
            guard let stream = event.stream else { continue }
            if event.kind == .opened {
                require(isServer, "a backend opened a stream")
                multiplexer.adopt(stream, owner: UInt64(streams.count + 1))
                add(stream)
                continue
            }
            let number = Int(stream.pointee.owner) - 1
            require(streams.indices.contains(number) && streams[number] == stream, "a stream of nobody")
            require(!told[number].isBroken, "something of a broken stream")
            switch event.kind {
            case .received:
                require(!told[number].hasEnded, "bytes behind the end")
                told[number].text += event.bytes
                answer(number)
            case .ended: told[number].hasEnded = true
            case .broken:
                told[number].isBroken = true
                multiplexer.release(stream, isFailure: false)
                streams[number] = nil
            case .opened, .drained: break
            }
        }
    }

    /// What the session logic does once it has a head.
    private func answer(_ number: Int) {
        guard isServer, !answered[number], behaviour & 3 != 0, let stream = streams[number] else { return }
        guard told[number].text.suffix(4) == [13, 10, 13, 10] else { return }
        answered[number] = true
        switch behaviour & 3 {
        case 1: write(stream, constant("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        case 2:
            write(stream, constant("HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n"))
            write(stream, constant("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: x\r\n\r\n"))
            write(stream, constant("2\r\nok\r\n0\r\nGrpc-Status: 0\r\n\r\n"))
        default:
            multiplexer.release(stream, isFailure: true)
            streams[number] = nil
        }
    }

    private func write(_ stream: StreamPointer, _ bytes: UnsafeRawBufferPointer) {
        var piece = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
        withUnsafeMutablePointer(to: &piece) { pieces in
            _ = multiplexer.write(stream, UnsafeMutableBufferPointer(start: pieces, count: 1))
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let all = input(start, count)
    guard all.count >= 2 else { return 0 }
    let isServer = all[0] & 1 == 0
    let bytes = UnsafeRawBufferPointer(rebasing: all[2...])
    let whole = Rig(isServer: isServer, behaviour: all[1])
    whole.run(bytes, inPiecesOf: .max)
    for told in whole.told { check(told, isRequest: isServer) }
    let pieces = Rig(isServer: isServer, behaviour: all[1])
    pieces.run(bytes, inPiecesOf: 1 + Int(all[1] >> 4))
    for told in pieces.told { check(told, isRequest: isServer) }
    // A session that was given up says no more, and how much it had said depends on the pieces; so do answers of ours.
    guard whole.isAlive, pieces.isAlive, all[1] & 3 == 0 else { return 0 }
    var (streams, others) = (whole.told, pieces.told)
    if streams.count != others.count {
        // A stream that was reset before it could be told is not told at all.
        streams.removeAll(where: \.isBroken)
        others.removeAll(where: \.isBroken)
    }
    require(streams.count == others.count, "in pieces there are \(others.count) streams")
    for (one, other) in zip(streams, others) {
        let (left, right) = (one.message(isServer), other.message(isServer))
        if one.isBroken || other.isBroken {
            // How much of a message was told before it was found wrong depends on the pieces.
            let isPrefix = left.content.starts(with: right.content) || right.content.starts(with: left.content)
            require(one.isBroken == other.isBroken && isPrefix, "in pieces it breaks otherwise")
        } else {
            require(left == right, "in pieces it differs: \(right) and not \(left)")
        }
    }
    return 0
}

/// The text of a stream is one message that the parsers take, or one that they refuse at its head.
private func check(_ told: Told, isRequest: Bool) {
    let message = told.message(isRequest)
    require(message.leftover.isEmpty || message.isRaw, "bytes behind the message: \(message.leftover)")
    require(message.bodyFault == nil, "a body of ours is malformed: \(message.bodyFault!)")
}

/// An HTTP/1.1 text taken apart by the parsers of the front door.
private struct Message: Equatable {
    var head: [UInt8] = []
    var content: [UInt8] = []
    var trailers: [UInt8] = []
    var leftover: [UInt8] = []
    var bodyFault: HeadError?
    var isRaw = false
    var hasEnded = false

    init(_ text: [UInt8], isRequest: Bool, answering method: Method = .get) {
        let limits = HeadLimits(bytesMax: 1 << 20, fieldsMax: 9999)
        text.withUnsafeBytes { bytes in
            var framing = BodyFraming.none
            var rest = bytes
            if isRequest {
                var parser = RequestHeadParser()
                guard case .complete(let length) = parser.parse(bytes, within: limits) else { return }
                head = Array(bytes[..<length])
                framing = parser.framing
                isRaw = parser.isUpgrade
                rest = UnsafeRawBufferPointer(rebasing: bytes[length...])
            } else {
                var parser = ResponseHeadParser()
                repeat {
                    let parse = parser.parse(rest, answering: method, within: limits)
                    guard case .complete(let length) = parse else { return }
                    head += rest[..<length]
                    rest = UnsafeRawBufferPointer(rebasing: rest[length...])
                } while parser.isInterim
                framing = parser.framing
            }
            readBody(rest, framing)
        }
    }

    private mutating func readBody(_ bytes: UnsafeRawBufferPointer, _ framing: BodyFraming) {
        switch framing {
        case .none: leftover = Array(bytes)
        case .untilClose: content = Array(bytes)
        case .length(let size):
            content = Array(bytes.prefix(Int(clamping: size)))
            leftover = Array(bytes.dropFirst(Int(clamping: size)))
        case .chunked:
            var decoder = ChunkedDecoder()
            var rest = bytes
            while !rest.isEmpty {
                let used: Int
                switch decoder.next(in: rest) {
                case .data(let range):
                    content += rest[range]
                    used = range.upperBound
                case .trailer(let range):
                    trailers += rest[range]
                    used = range.upperBound
                case .needMore(let consumed): used = consumed
                case .end(let consumed):
                    hasEnded = true
                    leftover = Array(rest[consumed...])
                    return
                case .malformed(let fault):
                    bodyFault = fault
                    return
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[used...])
            }
        }
    }
}
