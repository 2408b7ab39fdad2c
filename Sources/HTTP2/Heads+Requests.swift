// A client's HEADERS as the head of an HTTP/1.1 request (RFC 9113 §8.3.1; extended CONNECT: RFC 8441).
//
// Decisions: `:scheme` must be http or https. `Host` besides `:authority` must say the same (§8.3.1), else the request is
// malformed. Cookie crumbs are joined (§8.2.3). CONNECT goes on as CONNECT and is refused by the parser. Extended CONNECT
// for `websocket` becomes an upgrade with a key made here; for anything else it goes on as CONNECT.

import CNghttp2
import HTTPWire
import Vocabulary

extension UnsafeMutablePointer where Pointee == Core {
    func addRequestField(_ session: SessionPointer, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if name[0] == UInt8(ascii: ":") { return addPseudo(session, name, value) }
        if session.pointee.assembly.lineStart < 0 { writeRequestLine(session) }
        switch name.count {
        case 2 where name.isText("te"):
            session.pointee.assembly.wantsTrailers = true
            return
        case 4 where name.isText("host"):
            if session.pointee.assembly.hasAuthority {
                let start = session.pointee.assembly.start
                let authority = session.pointee.assembly.authority
                let bytes = pointee.arena.bytes(start + authority.lowerBound..<start + authority.upperBound)
                if !ByteScan.areEqualWithoutCase(bytes, value) { refuseHead(session) }
                return
            }
        case 6 where name.isText("cookie"):
            let size = pointee.crumbs.count - session.pointee.assembly.cookieStart
            guard size + value.count + 2 <= HTTP2Limits.headBytesMax else {
                return appendField(
                    session, name, pointee.crumbs.bytes(pointee.crumbs.count - size..<pointee.crumbs.count))
            }
            if size > 0 { pointee.crumbs.append("; ") }
            return pointee.crumbs.append(value)
        case 17 where name.isText("sec-websocket-key") && session.pointee.assembly.isTunnel:
            // The backend gets one key, which is ours to check the answer of.
            return
        case 7 where name.isText("upgrade"), 10 where name.isText("connection"),
            17 where name.isText("transfer-encoding"):
            // Refused by libnghttp2; they would change what the message means.
            return refuseHead(session)
        case 14 where name.isText("content-length"):
            // CONNECT has no content (RFC 9110 §9.3.6): what follows it belongs to the tunnel.
            if session.pointee.assembly.isTunnel { return refuseHead(session) }
            return appendLength(session, name, value)
        case 7 where name.isText("trailer"):
            session.pointee.assembly.announcesTrailers = true
        default: break
        }
        appendField(session, name, value)
    }

    private func addPseudo(_ session: SessionPointer, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        guard value.count <= HTTP2Limits.headBytesMax, value.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            return refuseHead(session)
        }
        let start = pointee.arena.count - session.pointee.assembly.start
        let range = start..<start + value.count
        switch name.count {
        case 7 where name.isText(":method"): session.pointee.assembly.method = range
        case 5 where name.isText(":path"): session.pointee.assembly.path = range
        case 10 where name.isText(":authority"):
            session.pointee.assembly.authority = range
            session.pointee.assembly.hasAuthority = true
        case 9 where name.isText(":protocol"): session.pointee.assembly.protocol = range
        case 7 where name.isText(":scheme"):
            guard value.isText("https") || value.isText("http") else { return refuseHead(session) }
            return
        default: return
        }
        pointee.arena.append(value)
    }

    private func writeRequestLine(_ session: SessionPointer) {
        let assembly = session.pointee.assembly
        func place(_ range: Range<Int>) -> Range<Int> {
            assembly.start + range.lowerBound..<assembly.start + range.upperBound
        }
        guard let stream = assembly.stream else { return }
        session.pointee.assembly.lineStart = pointee.arena.count
        let method = pointee.arena.bytes(place(assembly.method))
        if method.isText("HEAD") { stream.pointee.flags.insert(.isHead) }
        if method.isText("CONNECT") {
            if pointee.arena.bytes(place(assembly.protocol)).isText("websocket") {
                stream.pointee.flags.insert(.isTunnel)
                session.pointee.assembly.isTunnel = true
                pointee.arena.append("GET ")
                pointee.arena.append(copyOf: place(assembly.path))
            } else {
                pointee.arena.append("CONNECT ")
                pointee.arena.append(copyOf: place(assembly.authority))
            }
        } else {
            pointee.arena.append(copyOf: place(assembly.method))
            pointee.arena.append(" ")
            pointee.arena.append(copyOf: place(assembly.path))
        }
        pointee.arena.append(" HTTP/1.1\r\n")
        if assembly.hasAuthority {
            pointee.arena.append("host: ")
            pointee.arena.append(copyOf: place(assembly.authority))
            pointee.arena.append("\r\n")
        }
    }

    func finishRequest(_ session: SessionPointer, _ stream: StreamPointer, isLast: Bool) {
        if session.pointee.assembly.lineStart < 0 { writeRequestLine(session) }
        let crumbs = pointee.crumbs.bytes(session.pointee.assembly.cookieStart..<pointee.crumbs.count)
        if crumbs.count > 0 {
            let name: StaticString = "cookie"
            appendField(session, UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), crumbs)
        }
        if isLast { stream.pointee.flags.insert(.inputEnded) }
        if session.pointee.assembly.isTooLong {
            stream.pointee.flags.insert(.inputDropped)
        } else {
            writeRequestFraming(session, stream, isLast: isLast)
        }
        stream.pointee.flags.insert(.isAnnounced)
        tell(.opened, stream)
        tellText(stream, from: session.pointee.assembly.lineStart)
        if isLast, session.pointee.assembly.isTunnel { tell(.ended, stream) }
    }

    private func writeRequestFraming(_ session: SessionPointer, _ stream: StreamPointer, isLast: Bool) {
        if stream.pointee.flags.contains(.isTunnel) {
            pointee.arena.append("connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: ")
            appendKey()
            pointee.arena.append("\r\n\r\n")
            return
        }
        if !isLast, session.pointee.assembly.announcesTrailers { removeLength(session) }
        if !isLast, !session.pointee.assembly.hasLength {
            stream.pointee.flags.insert(.inputChunked)
            pointee.arena.append("transfer-encoding: chunked\r\n")
        }
        if session.pointee.assembly.wantsTrailers { pointee.arena.append("te: trailers\r\nconnection: te\r\n") }
        pointee.arena.append("\r\n")
    }

    /// 16 bytes by chance, in base 64 (RFC 6455 §4.1). HTTP/2 has no such key (RFC 8441 §5), but the backend wants one.
    private func appendKey() {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var key: [24 of UInt8] = .init(repeating: UInt8(ascii: "="))
        // 128 bits: 21 digits of 6 bits, and one of 2 bits and four zeros.
        var word = pointee.random.next()
        for digit in 0..<22 {
            if digit % 8 == 0 { word = pointee.random.next() }
            let bits = digit == 21 ? Int(word & 3) << 4 : Int(word & 63)
            word >>= 6
            key[digit] = alphabet.utf8Start[bits]
        }
        withUnsafeBytes(of: &key) { pointee.arena.append($0) }
    }
}
