// A worker's end of the access log: lines gather in a buffer and are appended to the file in one write. Several workers
// and processes may append to one file, since each write is whole lines at the end (O_APPEND). Loop-confined.

import CKernel
import Glibc
import Vocabulary

/// Lines on their way to the access log. Without a path it does nothing.
struct AccessLog: ~Copyable {
    private let path: String?
    private var descriptor: CInt = -1
    private var line: LogLine
    /// Whether the file ends, as far as we know, with a line of ours that a full disk cut short.
    private var isTorn = false
    /// What the wall clock is ahead of the monotonic one, and until when we believe that.
    private var wallOffset: Int64 = 0
    private var wallOffsetEnd = Instant.zero
    /// The date that the first 19 characters of `stamp` show, in seconds since 1970.
    private var stampSecond = Int64.min
    private let stamp: UnsafeMutablePointer<UInt8>

    init(path: String?) {
        self.path = path
        // Three texts of 2 KiB, each byte escaped to six, and all else fit behind the limit.
        line = LogLine(capacity: path == nil ? 1 : 4 * ProxyLimits.logBytesMax)
        stamp = .allocate(capacity: 32)
        stamp.initialize(repeating: UInt8(ascii: "0"), count: 32)
        reopen()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        stamp.deallocate()
    }

    @inline(__always)
    var isOn: Bool { descriptor >= 0 }

    /// Opens the path anew; keeps the old file when that fails.
    mutating func reopen() {
        guard let path else { return }
        flush()
        let opened = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard opened >= 0 else { return }
        if descriptor >= 0 { close(descriptor) }
        descriptor = opened
    }

    /// Writes what has gathered.
    @inline(__always)
    mutating func flush() {
        if line.count > 0 { write() }
    }

    private mutating func write() {
        if isTorn {
            // Ends the cut line, so that it spoils no other.
            var newline = UInt8(ascii: "\n")
            isTorn = Glibc.write(descriptor, &newline, 1) != 1
        }
        var offset = 0
        while !isTorn, offset < line.count {
            let count = Glibc.write(descriptor, line.base + offset, line.count - offset)
            if count < 0 {
                if errno == EINTR { continue }
                // A full disk: traffic goes on without these lines.
                break
            }
            offset += count
        }
        if offset < line.count { lose(from: offset) }
        line.clear()
    }

    /// Counts the lines that the file did not take whole, and notes whether it took a part of one.
    private mutating func lose(from offset: Int) {
        let bytes = UnsafeRawBufferPointer(start: line.base, count: line.count)
        if offset > 0 { isTorn = bytes[offset - 1] != UInt8(ascii: "\n") }
        AccessLogLoss.add(lines: bytes[offset...].count { $0 == UInt8(ascii: "\n") })
    }

    /// Begins a line with its time, at which `now` of the loop's clock is.
    mutating func begin(now: Instant) {
        if line.count >= ProxyLimits.logBytesMax { write() }
        if now >= wallOffsetEnd {
            wallOffset = loop_wall_clock() - loop_clock()
            wallOffsetEnd = now + .seconds(1)
        }
        let wall = now.nanoseconds + wallOffset
        let second = wall / 1_000_000_000
        if second != stampSecond { format(second) }
        line.add("{\"time\":\"")
        line.add(UnsafeRawBufferPointer(start: stamp, count: 20))
        line.add(sixDigits: UInt32((wall % 1_000_000_000) / 1000))
        line.add("Z\"")
    }

    mutating func field(_ name: StaticString, quoted text: UnsafeRawBufferPointer) {
        line.add(name)
        line.addQuoted(text)
    }

    mutating func field(_ name: StaticString, raw text: UnsafeRawBufferPointer) {
        line.add(name)
        line.add(text)
    }

    mutating func field(_ name: StaticString, number: UInt64) {
        line.add(name)
        line.add(number: number)
    }

    mutating func add(_ text: StaticString) {
        line.add(text)
    }

    mutating func add(raw text: UnsafeRawBufferPointer) {
        line.add(text)
    }

    /// Fills `stamp` with `2026-11-21T06:11:40.`.
    private mutating func format(_ second: Int64) {
        stampSecond = second
        let (days, rest) = second.quotientAndRemainder(dividingBy: 86_400)
        // Days since 0000-03-01 to a date (Howard Hinnant, "chrono-compatible low-level date algorithms").
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        put(year / 100, at: 0)
        put(year % 100, at: 2)
        stamp[4] = UInt8(ascii: "-")
        put(month, at: 5)
        stamp[7] = UInt8(ascii: "-")
        put(day, at: 8)
        stamp[10] = UInt8(ascii: "T")
        put(rest / 3600, at: 11)
        stamp[13] = UInt8(ascii: ":")
        put(rest / 60 % 60, at: 14)
        stamp[16] = UInt8(ascii: ":")
        put(rest % 60, at: 17)
        stamp[19] = UInt8(ascii: ".")
    }

    private func put(_ number: Int64, at offset: Int) {
        stamp[offset] = UInt8(ascii: "0") + UInt8(number / 10)
        stamp[offset + 1] = UInt8(ascii: "0") + UInt8(number % 10)
    }
}
