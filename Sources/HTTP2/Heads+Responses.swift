// A backend's HEADERS as the head of an HTTP/1.1 response (RFC 9113 §8.3.2).

import CNghttp2
import HTTPWire

extension UnsafeMutablePointer where Pointee == Core {
    func addResponseField(_ session: SessionPointer, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if name[0] == UInt8(ascii: ":") {
            // libnghttp2 has seen to it that this is `:status` and three digits.
            guard name.isText(":status"), value.count == 3 else { return refuseHead(session) }
            let status = value.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
            session.pointee.assembly.status = status
            return writeStatusLine(session, status, value)
        }
        guard session.pointee.assembly.status > 0 else { return refuseHead(session) }
        switch name.count {
        case 7 where name.isText("upgrade"), 10 where name.isText("connection"),
            17 where name.isText("transfer-encoding"):
            return refuseHead(session)
        case 14 where name.isText("content-length"):
            // Checked by libnghttp2 against what comes.
            var length: Int64 = 0
            for byte in value.prefix(18) { length = length * 10 + Int64(byte &- 0x30) }
            session.pointee.assembly.length = length
            return appendLength(session, name, value)
        case 7 where name.isText("trailer"):
            session.pointee.assembly.announcesTrailers = true
        case 12 where name.isText("content-type"):
            if UnsafeRawBufferPointer(rebasing: value.prefix(16)).isCalled("application/grpc") {
                session.pointee.assembly.announcesTrailers = true
            }
        default: break
        }
        appendField(session, name, value)
    }

    private func writeStatusLine(_ session: SessionPointer, _ status: Int, _ digits: UnsafeRawBufferPointer) {
        let isTunnel = session.pointee.assembly.stream.map { $0.pointee.flags.contains(.isTunnel) } ?? false
        pointee.arena.append("HTTP/1.1 ")
        if isTunnel, (200...299).contains(status) { return pointee.arena.append("101 Switching Protocols\r\n") }
        pointee.arena.append(digits)
        switch status {
        case 200: pointee.arena.append(" OK\r\n")
        case 204: pointee.arena.append(" No Content\r\n")
        case 304: pointee.arena.append(" Not Modified\r\n")
        case 404: pointee.arena.append(" Not Found\r\n")
        case 500: pointee.arena.append(" Internal Server Error\r\n")
        default: pointee.arena.append(" \r\n")
        }
    }

    func finishResponse(_ session: SessionPointer, _ stream: StreamPointer, isLast: Bool) {
        let assembly = session.pointee.assembly
        guard !assembly.isTooLong else {
            // The parser sees a head that is too long.
            stream.pointee.flags.formUnion([.hasFinalHead, .inputDropped])
            return tellText(stream, from: assembly.start)
        }
        if assembly.status >= 200 || assembly.status == 101 {
            stream.pointee.flags.insert(.hasFinalHead)
            stream.pointee.inputLeft = assembly.length
            writeResponseFraming(session, stream, isLast: isLast)
        }
        pointee.arena.append("\r\n")
        tellText(stream, from: assembly.start)
        guard isLast else { return }
        stream.pointee.flags.insert(.inputEnded)
        if stream.pointee.flags.contains(.isTunnel) { tell(.ended, stream) }
    }

    private func writeResponseFraming(_ session: SessionPointer, _ stream: StreamPointer, isLast: Bool) {
        let status = session.pointee.assembly.status
        if stream.pointee.flags.contains(.isTunnel), (200...299).contains(status) {
            // It has no content, whatever it says (RFC 9110 §9.3.6).
            removeLength(session)
            stream.pointee.inputLeft = -1
            pointee.arena.append("connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ")
            withUnsafeBytes(of: &stream.pointee.accept) { pointee.arena.append($0) }
            return pointee.arena.append("\r\n")
        }
        stream.pointee.flags.remove(.isTunnel)
        if stream.pointee.flags.contains(.isHead) || status == 204 || status == 304 {
            // No body, whatever the fields say (RFC 9110 §6.4.1).
            stream.pointee.flags.insert(.inputDropped)
            stream.pointee.inputLeft = 0
            return
        }
        // Whoever takes no trailers keeps the length.
        if !isLast, session.pointee.assembly.announcesTrailers, stream.pointee.flags.contains(.takesTrailers) {
            removeLength(session)
            stream.pointee.inputLeft = -1
        }
        if !session.pointee.assembly.hasLength {
            if isLast {
                pointee.arena.append("content-length: 0\r\n")
            } else {
                stream.pointee.flags.insert(.inputChunked)
                pointee.arena.append("transfer-encoding: chunked\r\n")
            }
        }
    }
}
