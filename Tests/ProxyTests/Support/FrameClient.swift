// HTTP/2 over a test's blocking socket, in frames made by hand: as a client, and as a backend.

import TestFrames

/// A client with prior knowledge. Used by one thread at a time.
final class FrameClient {
    let socket: Socket
    let reader = FrameReader()
    private var frames: [Frame] = []

    init(_ plane: Plane, settings: [(UInt16, UInt32)] = []) {
        socket = plane.connect()
        socket.write(Frame.preface + Frame.settings(settings).bytes)
    }

    func send(_ frames: Frame...) { socket.write(frames.flatMap(\.bytes)) }

    /// The next frame, whatever it is; `nil` at the end.
    func next() -> Frame? {
        while frames.isEmpty {
            let bytes = socket.readSome()
            if bytes.isEmpty { return nil }
            frames += reader.read(bytes)
        }
        let frame = frames.removeFirst()
        // Until then, the server holds us to the windows that we were born with.
        if frame.type == Frame.settings, frame.flags == 0 {
            send(Frame(type: Frame.settings, flags: Frame.acknowledges))
        }
        return frame
    }

    /// The next frame of one of these types; the others before it are dropped.
    func next(_ types: UInt8...) -> Frame? {
        while let frame = next() {
            if types.contains(frame.type) { return frame }
        }
        return nil
    }

    struct Response: Equatable {
        var heads: [[String]] = []
        var body: [UInt8] = []
        /// The error of the RST_STREAM that ended it.
        var reset: UInt32?
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Reads until `count` streams have ended.
    func responses(_ count: Int) -> [UInt32: Response] {
        var responses: [UInt32: Response] = [:]
        var ended = 0
        while ended < count, let frame = next() {
            switch frame.type {
            case Frame.headers: responses[frame.stream, default: Response()].heads.append(reader.fields(frame))
            case Frame.data: responses[frame.stream, default: Response()].body += frame.payload
            case Frame.reset:
                responses[frame.stream, default: Response()].reset = frame.error
                ended += 1
            case Frame.goAway: return responses
            default: break
            }
            if frame.type <= Frame.headers, frame.endsStream { ended += 1 }
        }
        return responses
    }
}

/// One connection of a backend that speaks HTTP/2.
final class FrameServer {
    let socket: Socket
    let reader = FrameReader()
    private var frames: [Frame] = []
    private var inflated: [UInt32: [String]] = [:]

    /// Reads the preface and says SETTINGS.
    init(_ socket: Socket, settings: [(UInt16, UInt32)] = []) {
        self.socket = socket
        _ = socket.readBytes(Frame.preface.count)
        send(.settings(settings), Frame(type: Frame.settings, flags: Frame.acknowledges))
    }

    func send(_ frames: Frame...) { socket.write(frames.flatMap(\.bytes)) }

    /// The next HEADERS or DATA frame; `nil` at the end.
    func next() -> Frame? {
        while true {
            while !frames.isEmpty {
                let frame = frames.removeFirst()
                if frame.type == Frame.headers { inflated[frame.stream] = reader.fields(frame) }
                if frame.type == Frame.headers || frame.type == Frame.data || frame.type == Frame.reset { return frame }
            }
            let bytes = socket.readSome()
            if bytes.isEmpty { return nil }
            frames += reader.read(bytes)
        }
    }

    /// The stream of the next request, once it is complete.
    func request() -> (stream: UInt32, fields: [String])? {
        while let frame = next() {
            if frame.endsStream, frame.type != Frame.reset { return (frame.stream, inflated[frame.stream] ?? []) }
        }
        return nil
    }

    func answer(_ stream: UInt32, _ text: String, _ fields: [(String, String)] = []) {
        send(
            .request(stream, [(":status", "200")] + fields, isLast: false), .data(stream, text, isLast: true))
    }
}
