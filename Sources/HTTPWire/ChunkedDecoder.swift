// Takes the chunked coding apart (RFC 9112 §7.1), byte by byte, with nothing kept but a few numbers. Extensions are
// checked, bounded and dropped (§7.1.1): whoever forwards the data chunks anew with `ChunkWriter`. Trailers are checked,
// bounded and given to the caller, who forwards those that `TrailerSection` lets pass.
//
// Trailers are checked even where nobody wants them, because a reader that skips anything up to an empty line would
// swallow the next request of whoever smuggles one.

/// Decodes one chunked body. A tiny value that a connection keeps; start each body with a new one. Pure, allocates
/// nothing.
package struct ChunkedDecoder: Hashable, Sendable {
    /// What the next byte belongs to.
    private enum State: Hashable {
        /// A size: hexadecimal digits.
        case size
        /// Whitespace behind a size, which only an extension may follow (BWS, RFC 9112 §7.1.1).
        case gap
        case extensions
        /// The LF of a size line.
        case sizeEnd
        case data
        /// The CR behind the data of a chunk.
        case dataCR
        case dataLF
        /// The first byte of a trailer line, or the CR that ends the body.
        case trailerStart
        case trailerName
        case trailerValue
        /// The LF of a trailer line.
        case trailerEnd
        /// The LF that ends the body.
        case bodyEnd
        case ended
        case failed(HeadError)
    }

    private var state = State.size
    private var digits: UInt8 = 0
    /// Bytes of extensions after this size; of all extensions; of the trailer section. Bounded by `WireLimits`.
    private var extensionBytes: UInt16 = 0
    private var extensionBytesTotal: UInt16 = 0
    private var trailerBytes: UInt16 = 0
    /// While reading a size: the number so far. In data: what is left of the chunk.
    private var remaining: UInt64 = 0

    package init() {}

    /// The next event in `bytes`, which begin where the last event ended. After `.end` or `.malformed` it is spent and
    /// repeats that answer with nothing consumed.
    package mutating func next(in bytes: UnsafeRawBufferPointer) -> ChunkEvent {
        var offset = 0
        if case .failed(let fault) = state { return .malformed(fault) }
        if case .ended = state { return .end(consumed: 0) }
        while offset < bytes.count {
            if case .data = state {
                let length = Int(min(remaining, UInt64(bytes.count - offset)))
                remaining -= UInt64(length)
                if remaining == 0 { state = .dataCR }
                return .data(offset..<offset + length)
            }
            if isTrailer, !isAtEnd(bytes[offset]) {
                let start = offset
                repeat {
                    if let fault = readTrailer(bytes[offset]) {
                        state = .failed(fault)
                        return .malformed(fault)
                    }
                    offset += 1
                } while offset < bytes.count && !isAtEnd(bytes[offset])
                return .trailer(start..<offset)
            }
            let byte = bytes[offset]
            offset += 1
            if let fault = isTrailer || state == .bodyEnd ? readTrailer(byte) : readFrame(byte) {
                state = .failed(fault)
                return .malformed(fault)
            }
            if case .ended = state { return .end(consumed: offset) }
        }
        return .needMore(consumed: offset)
    }

    /// Within the lines of the trailer section.
    private var isTrailer: Bool {
        switch state {
        case .trailerStart, .trailerName, .trailerValue, .trailerEnd: true
        default: false
        }
    }

    /// Whether `byte` begins the empty line behind the trailer section.
    private func isAtEnd(_ byte: UInt8) -> Bool { state == .trailerStart && byte == 0x0D }

    /// One byte of a size line, or of the CRLF behind data.
    private mutating func readFrame(_ byte: UInt8) -> HeadError? {
        switch state {
        case .size: return readSize(byte)
        case .gap:
            guard byte == 0x20 || byte == 0x09 || byte == 0x3B else { return .badChunkSize }
            if byte == 0x3B { state = .extensions }
            return countExtensionByte()
        case .extensions:
            if byte == 0x0D {
                state = .sizeEnd
                return nil
            }
            return Self.faultOfText(byte) ?? countExtensionByte()
        case .sizeEnd:
            guard byte == 0x0A else { return .bareCR }
            (digits, extensionBytes) = (0, 0)
            state = remaining == 0 ? .trailerStart : .data
            return nil
        case .dataCR:
            state = .dataLF
            return byte == 0x0D ? nil : .badChunkEnd
        case .dataLF:
            state = .size
            return byte == 0x0A ? nil : .badChunkEnd
        case .data, .trailerStart, .trailerName, .trailerValue, .trailerEnd, .bodyEnd, .ended, .failed:
            preconditionFailure("no frame byte is read in \(state)")
        }
    }

    /// One byte of a size, or the byte behind it.
    private mutating func readSize(_ byte: UInt8) -> HeadError? {
        if let digit = ByteScan.hexValue(byte) {
            guard digits < WireLimits.chunkSizeDigitsMax, remaining >> 59 == 0 else { return .badChunkSize }
            // The top five bits were clear, so the number stays within `Int64.max`.
            remaining = remaining << 4 | UInt64(digit)
            digits += 1
            return nil
        }
        guard digits > 0 else { return .badChunkSize }
        switch byte {
        case 0x0D: state = .sizeEnd
        case 0x3B:
            state = .extensions
            return countExtensionByte()
        case 0x20, 0x09:
            state = .gap
            return countExtensionByte()
        case 0x0A: return .bareLF
        default: return .badChunkSize
        }
        return nil
    }

    private mutating func countExtensionByte() -> HeadError? {
        extensionBytes += 1
        extensionBytesTotal += 1
        let isTooMany =
            extensionBytes > WireLimits.chunkExtensionBytesMax
            || extensionBytesTotal > WireLimits.chunkExtensionBytesTotalMax
        return isTooMany ? .chunkExtensionsTooLong : nil
    }

    /// One byte of the trailer section: field lines, then an empty line.
    private mutating func readTrailer(_ byte: UInt8) -> HeadError? {
        trailerBytes += 1
        guard trailerBytes <= WireLimits.trailerBytesMax else { return .trailerTooLarge }
        switch (state, byte) {
        case (.trailerStart, 0x0D): state = .bodyEnd
        case (.trailerName, 0x3A): state = .trailerValue
        case (.trailerStart, _), (.trailerName, _):
            if ByteScan.isIn(ByteClass.token, byte) {
                state = .trailerName
            } else {
                return byte == 0x0A ? .bareLF : .badTrailer
            }
        case (.trailerValue, 0x0D): state = .trailerEnd
        case (.trailerValue, _): return Self.faultOfText(byte)
        case (.trailerEnd, _):
            guard byte == 0x0A else { return .bareCR }
            state = .trailerStart
        case (.bodyEnd, _):
            guard byte == 0x0A else { return .bareCR }
            state = .ended
        default: preconditionFailure("no trailer byte is read in \(state)")
        }
        return nil
    }

    /// What is wrong with a byte of a value or an extension, CR apart.
    private static func faultOfText(_ byte: UInt8) -> HeadError? {
        if byte == 0x0A { return .bareLF }
        return byte < 0x20 && byte != 0x09 || byte == 0x7F ? .controlByte : nil
    }
}
