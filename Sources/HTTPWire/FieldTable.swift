// The lines of a head, shared by the request and the response parser: finds line ends, keeps the fields, and refuses
// whatever breaks the line rules of RFC 9112 §2.2 and §5. What the fields mean is the parsers' work.
//
// How a head that comes in pieces is read once and not once per piece:
// 1. `read` goes on at `HeadProgress.scanned`, and takes each line apart as soon as it is complete, so that a fault shows
//    at the same byte however the input was split.
// 2. The table belongs to a parser that served other connections in between, so lines taken apart in an earlier call are
//    no longer in it. They count, but after the last line the parser reads the whole head once more in one go.

/// A preallocated table of fields, filled line by line.
struct FieldTable: ~Copyable {
    var fields: UnsafeMutablePointer<HeadField>
    private var capacity: Int
    var count = 0
    /// Offset behind the empty line, once complete.
    var headLength = 0

    init(capacity: Int) {
        self.capacity = capacity
        fields = .allocate(capacity: capacity)
        fields.initialize(repeating: Self.empty, count: capacity)
    }

    deinit {
        fields.deallocate()
    }

    private static var empty: HeadField {
        HeadField(nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0, role: .endToEnd)
    }

    /// Makes room for `wanted` fields. Allocates only when a bigger limit than ever before is asked for.
    mutating func reserve(_ wanted: Int) {
        guard wanted > capacity else { return }
        fields.deallocate()
        fields = .allocate(capacity: wanted)
        fields.initialize(repeating: Self.empty, count: wanted)
        capacity = wanted
    }

    subscript(index: Int) -> HeadField {
        get {
            precondition(index >= 0 && index < count, "field \(index) of \(count)")
            return fields[index]
        }
    }

    /// Goes on reading lines. `skipsEmptyLine`: one empty line before the first is ignored (requests, RFC 9112 §2.2).
    mutating func read(
        _ bytes: UnsafeRawBufferPointer, resuming progress: inout HeadProgress, within limits: HeadLimits,
        skipsEmptyLine: Bool
    ) -> FieldTableEvent {
        let end = min(bytes.count, limits.bytesMax)
        var lineStart = Int(progress.lineStart)
        var offset = Int(progress.scanned)
        // Only a caller that mixes up its buffers gets here; reading from the start is then always right.
        if offset > end || lineStart > offset { (lineStart, offset, progress.lines) = (0, 0, 0) }
        while true {
            offset = ByteScan.firstControl(bytes, from: offset, to: end)
            guard offset < end, bytes[offset] != 0x0D || offset + 1 < end else {
                progress.lineStart = UInt32(truncatingIfNeeded: lineStart)
                progress.scanned = UInt32(truncatingIfNeeded: offset)
                guard end == limits.bytesMax else { return .incomplete }
                return .malformed(progress.lines == 0 ? .targetTooLong : .headTooLarge)
            }
            switch bytes[offset] {
            case 0x0D:
                guard bytes[offset + 1] == 0x0A else { return .malformed(.bareCR) }
            case 0x09:
                offset += 1
                continue
            case 0x0A:
                return .malformed(.bareLF)
            default:
                return .malformed(.controlByte)
            }
            let line = lineStart..<offset
            offset += 2
            lineStart = offset
            if line.isEmpty {
                if progress.lines > 0 {
                    headLength = offset
                    count = Int(progress.lines) - 1
                    return .complete
                }
                guard skipsEmptyLine, offset == 2 else {
                    return .malformed(skipsEmptyLine ? .badRequestLine : .badStatusLine)
                }
                continue
            }
            if progress.lines == 0 {
                progress = HeadProgress(lineStart: lineStart, lines: 1)
                return .firstLine(line)
            }
            if let fault = addField(bytes, line, at: Int(progress.lines) - 1, within: limits) {
                return .malformed(fault)
            }
            progress.lines += 1
        }
    }

    /// Takes a field line apart (RFC 9112 §5): a token, a colon, a value with optional whitespace around it.
    private mutating func addField(
        _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>, at index: Int, within limits: HeadLimits
    ) -> HeadError? {
        // RFC 9112 §5.2 lets a server replace obs-fold by spaces or refuse it, §2.2 likewise for whitespace before the
        // first field. We refuse both: every reader unfolds differently.
        if bytes[line.lowerBound] == 0x20 || bytes[line.lowerBound] == 0x09 { return .foldedField }
        guard index < limits.fieldsMax else { return .tooManyFields }
        var colon = line.lowerBound
        var classes: UInt8 = 0
        while colon < line.upperBound, ByteScan.isIn(ByteClass.token, bytes[colon]) {
            classes |= ByteClass[bytes[colon]]
            colon &+= 1
        }
        let hasUnderscore = classes & ByteClass.underscore != 0
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == 0x3A else { return .badFieldName }
        let name = line.lowerBound..<colon
        let value = ByteScan.trimmed(bytes, colon + 1..<line.upperBound)
        fields[index] = HeadField(
            nameStart: name.lowerBound, nameEnd: name.upperBound, valueStart: value.lowerBound,
            valueEnd: value.upperBound, role: hasUnderscore ? .underscored : FieldRole(of: name, in: bytes))
        return nil
    }

    /// Gives every end-to-end field called like `option` the role `.nominated`. Host, framing, forwarding, id and
    /// credential fields have roles of their own and so can't be nominated away.
    mutating func nominate(_ option: Range<Int>, in bytes: UnsafeRawBufferPointer) {
        let wanted = UnsafeRawBufferPointer(rebasing: bytes[option])
        for index in 0..<count where fields[index].role == .endToEnd {
            let name = UnsafeRawBufferPointer(rebasing: bytes[fields[index].name])
            if ByteScan.areEqualWithoutCase(name, wanted) { fields[index].role = .nominated }
        }
    }
}
