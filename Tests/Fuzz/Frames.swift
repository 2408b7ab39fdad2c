// HTTP/2 from a client: whatever frames come, each stream is told as one HTTP/1.1 request and nothing behind it, and what
// the session logic does meanwhile leaves no stream behind. The first byte of the input chooses what the session logic
// does, and where the rest is cut in two.

import Glibc
import HTTP2
import HTTPWire
import Vocabulary

/// A client's connection, and what was told of it.
private final class Connection {
    let multiplexer = Multiplexer(seed: 1)
    let session: SessionPointer
    var streams: [StreamPointer] = []
    var texts: [[UInt8]] = []
    var isBroken: [Bool] = []
    var isReleased: [Bool] = []
    private let choice: UInt8

    init(_ choice: UInt8) {
        self.choice = choice
        session = multiplexer.openServer(owner: 1)!
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let isAlive = multiplexer.receive(session, bytes, now: Instant(nanoseconds: 1))
        tell()
        return isAlive
    }

    func tell() {
        var event = SessionEvent()
        while multiplexer.next(&event) {
            guard let stream = event.stream else { continue }
            switch event.kind {
            case .opened:
                multiplexer.adopt(stream, owner: UInt64(streams.count + 1))
                streams.append(stream)
                texts.append([])
                isBroken.append(false)
                isReleased.append(false)
                if choice & 1 != 0, streams.count % 3 == 0 { multiplexer.pause(stream) }
            case .received:
                require(!isReleased[number(stream)], "told of a stream that was released")
                texts[number(stream)] += event.bytes
            case .broken: isBroken[number(stream)] = true
            case .ended, .drained: break
            }
        }
    }

    func number(_ stream: StreamPointer) -> Int {
        let owner = Int(stream.pointee.owner)
        require(owner > 0 && owner <= streams.count, "told of a stream without an owner")
        return owner - 1
    }

    func answer() {
        for (index, stream) in streams.enumerated() where !isReleased[index] {
            switch (choice >> 1 & 3) + UInt8(index & 1) {
            case 0: continue
            case 1: write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            case 2: write(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx: y\r\n\r\n")
            case 3:
                write(stream, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx")
            default: write(stream, "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\nonly this")
            }
        }
        collect()
    }

    private func write(_ stream: StreamPointer, _ text: String) {
        var bytes = Array(text.utf8)
        bytes.withUnsafeMutableBytes { raw in
            var piece = iovec(iov_base: raw.baseAddress, iov_len: raw.count)
            withUnsafeMutablePointer(to: &piece) {
                _ = multiplexer.write(stream, UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
    }

    func collect() {
        while case let bytes = multiplexer.collect(session), !bytes.isEmpty {}
        tell()
    }

    func releaseAll() {
        for (index, stream) in streams.enumerated() where !isReleased[index] {
            isReleased[index] = true
            multiplexer.release(stream, isFailure: choice & 32 != 0)
        }
        collect()
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    guard let choice = bytes.first else { return 0 }
    let connection = Connection(choice)
    _ = connection.receive(constant("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0"))
    connection.collect()
    let cut = 1 + (bytes.count - 1) * Int(choice >> 6) / 4
    var isAlive = connection.receive(UnsafeRawBufferPointer(rebasing: bytes[1..<cut]))
    connection.answer()
    if isAlive { isAlive = connection.receive(UnsafeRawBufferPointer(rebasing: bytes[cut...])) }
    if choice & 16 != 0 { connection.answer() }
    for stream in connection.streams { connection.multiplexer.resume(stream) }
    connection.tell()
    for index in connection.texts.indices { check(connection.texts[index], isBroken: connection.isBroken[index]) }
    connection.releaseAll()
    connection.multiplexer.close(connection.session)
    connection.tell()
    return 0
}

/// A told text is one request: a head that the parser understands or refuses, and at most the body it states.
private func check(_ text: [UInt8], isBroken: Bool) {
    text.withUnsafeBytes { bytes in
        var parser = RequestHeadParser()
        switch parser.parse(bytes, within: HeadLimits(bytesMax: 60 * 1024, fieldsMax: 10_000)) {
        case .incomplete: require(false, "a head without end: \(String(decoding: text, as: UTF8.self))")
        case .malformed: return
        case .complete(let length):
            let rest = UnsafeRawBufferPointer(rebasing: bytes[length...])
            switch parser.framing {
            case .none: require(rest.isEmpty || parser.isUpgrade, "bytes behind a request without a body")
            case .length(let size): require(rest.count <= size, "\(rest.count) of \(size) bytes")
            case .chunked:
                var decoder = ChunkedDecoder()
                var used = 0
                while used < rest.count {
                    switch decoder.next(in: UnsafeRawBufferPointer(rebasing: rest[used...])) {
                    case .data(let range), .trailer(let range): used += range.upperBound
                    case .needMore(let consumed): used += consumed
                    case .end(let consumed):
                        used += consumed
                        require(used == rest.count, "bytes behind the last chunk")
                    case .malformed(let fault): require(false, "\(fault.label) in chunks of our own")
                    }
                }
            case .untilClose: require(false, "a request until close")
            }
        }
    }
}
