// One log file that somebody else appends to: its last lines first, then every line as it is completed.
// The head of such a file may have been given back to the file system: it then reads as zero bytes, which are no text.

import Glibc

/// The reading end of a log file. Not thread-safe.
final class LogTail {
    /// Bounds of reading.
    enum Limits {
        /// A line longer than this is handed out in pieces.
        static let lineBytesMax = 64 * 1024
        /// How far back the last lines are looked for.
        static let readBackBytesMax = 4 * 1024 * 1024
        /// How much one call reads, so that one talkative instance does not silence the others.
        static let bytesPerReadMax = 1024 * 1024
    }

    private let descriptor: CInt
    private var offset: Int
    private var partial: [UInt8] = []

    /// Starts before the last `lastLines` lines of the file, or at its beginning for `nil`. Fails when it can't be read.
    init?(path: String, lastLines: Int?) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        offset = 0
        if let lastLines { offset = start(ofLast: lastLines) }
    }

    deinit { close(descriptor) }

    /// The lines completed since the last call, without their line feeds.
    func newLines() -> [[UInt8]] {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        // Somebody emptied the file: what follows is new.
        if size < offset { (offset, partial) = (0, []) }
        let bytes = read(at: offset, count: min(size - offset, Limits.bytesPerReadMax))
        offset += bytes.count
        var lines: [[UInt8]] = []
        for byte in bytes where byte != 0 {
            if byte == UInt8(ascii: "\n") {
                lines.append(partial)
                partial = []
            } else {
                partial.append(byte)
                if partial.count == Limits.lineBytesMax {
                    lines.append(partial)
                    partial = []
                }
            }
        }
        return lines
    }

    /// What is left without a line feed, once nobody will write any more.
    func remainder() -> [UInt8]? {
        defer { partial = [] }
        return partial.isEmpty ? nil : partial
    }

    /// Where the last `count` complete lines, and a begun one after them, begin.
    private func start(ofLast count: Int) -> Int {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        let first = max(0, size - Limits.readBackBytesMax)
        let tail = read(at: first, count: size - first)
        var feeds = 0
        for index in tail.indices.reversed() {
            // A zero byte is where the head was given back: no text lies before it.
            if tail[index] == 0 { return first + index + 1 }
            guard tail[index] == UInt8(ascii: "\n") else { continue }
            feeds += 1
            if feeds > count { return first + index + 1 }
        }
        return first
    }

    private func read(at offset: Int, count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
    }
}
