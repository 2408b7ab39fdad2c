// One line of JSON per request, from what the exchange left behind.

import EventLoop
import HTTPWire
import Vocabulary

extension Worker where Loop: ~Copyable {
    mutating func writeLog(_ client: ClientPointer) {
        guard log.isOn else { return }
        let listener = Int(client.pointee.listener)
        let service = Int(client.pointee.service)
        let isTCP = client.pointee.flags.contains(.isTCP)
        log.begin(now: loop.now)
        if isTCP {
            log.add(",\"id\":\"")
            withUnsafeTemporaryAllocation(byteCount: RequestID.length, alignment: 8) { room in
                var writer = ByteWriter(room)
                RequestID.write((random.next(), random.next()), into: &writer)
                log.add(raw: writer.written)
            }
            log.add("\"")
        } else {
            log.field(",\"id\":", quoted: text(client, client.pointee.requestID))
        }
        log.field(",\"listener\":", raw: listeners[listener].nameJSON)
        if service >= 0 {
            log.field(",\"service\":", raw: services[service].nameJSON)
        } else {
            log.add(",\"service\":null")
        }
        writeBackend(client)
        log.field(",\"client\":", quoted: PeerText.whole(peers[client.pointee.handle.index]))
        writeProtocol(client)
        if isTCP {
            log.add(",\"method\":\"TCP\",\"path\":\"\"")
            log.field(",\"host\":", quoted: text(client, client.pointee.host))
        } else {
            log.field(",\"method\":", quoted: text(client, client.pointee.methodText))
            log.field(",\"path\":", quoted: text(client, client.pointee.path))
            log.field(",\"host\":", quoted: text(client, client.pointee.host))
        }
        log.field(",\"status\":", number: UInt64(client.pointee.status))
        log.field(",\"bytes_in\":", number: client.pointee.bytesIn)
        log.field(",\"bytes_out\":", number: client.pointee.bytesOut)
        writeTimes(client)
        log.field(",\"attempts\":", number: UInt64(client.pointee.attempts))
        writeTried(client)
        writeReason(client)
        log.field(
            ",\"revision\":", number: client.pointee.backend >= 0 ? client.pointee.revision : mailbox.appliedRevision)
        log.add("}\n")
    }

    /// What the client spoke, by the names of ALPN.
    private mutating func writeProtocol(_ client: ClientPointer) {
        if client.pointee.flags.contains(.isTCP) { return log.add(",\"protocol\":\"tcp\"") }
        if client.pointee.flags.contains(.isStream) || client.pointee.phase == .multiplexed {
            return log.add(",\"protocol\":\"h2\"")
        }
        log.add(client.pointee.flags.contains(.isHTTP11) ? ",\"protocol\":\"http/1.1\"" : ",\"protocol\":\"http/1.0\"")
    }

    private mutating func writeBackend(_ client: ClientPointer) {
        guard client.pointee.backend >= 0 else { return log.add(",\"instance\":null,\"release\":null") }
        log.field(",\"instance\":", raw: backends[client.pointee.backend].pointee.nameJSON)
        log.field(",\"release\":", raw: backends[client.pointee.backend].pointee.releaseJSON)
    }

    /// Microseconds: until a backend was chosen, until it was connected, until it answered, and all together.
    private mutating func writeTimes(_ client: ClientPointer) {
        let begun = client.pointee.begun
        // Without a backend it queued to its end.
        let isQueued = client.pointee.backend < 0 && client.pointee.service >= 0
        let chosen = isQueued ? loop.now : max(begun, client.pointee.chosen)
        let connected = max(chosen, client.pointee.connected)
        let answered = max(connected, client.pointee.answered)
        let isConnected = client.pointee.connected >= chosen
        log.field(",\"queue_us\":", number: Self.microseconds(begun, chosen))
        log.field(",\"connect_us\":", number: isConnected ? Self.microseconds(chosen, connected) : 0)
        log.field(
            ",\"response_us\":",
            number: isConnected && client.pointee.answered > begun ? Self.microseconds(connected, answered) : 0)
        log.field(",\"total_us\":", number: Self.microseconds(begun, loop.now))
    }

    private static func microseconds(_ start: Instant, _ end: Instant) -> UInt64 {
        UInt64(max(0, (end.nanoseconds &- start.nanoseconds) / 1000))
    }

    private mutating func writeTried(_ client: ClientPointer) {
        log.add(",\"tried\":[")
        let tried = Client.tried(client)
        for attempt in 0..<Int(client.pointee.triedCount) {
            if attempt > 0 { log.add(",") }
            let slot = tried[attempt].slot
            // The slot may have gone to another backend since.
            if backends[slot].pointee.id == tried[attempt].id {
                log.add(raw: backends[slot].pointee.nameJSON)
            } else {
                log.field("\"b", number: UInt64(tried[attempt].id))
                log.add("\"")
            }
        }
        log.add("]")
    }

    private mutating func writeReason(_ client: ClientPointer) {
        guard client.pointee.reason != .none else { return log.add(",\"reason\":null") }
        log.add(",\"reason\":\"")
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { room in
            var writer = ByteWriter(room)
            writeReason(client, into: &writer)
            log.add(raw: writer.written)
        }
        log.add("\"")
    }
}
