// The file behind the event log: appended line by line, bounded by starting over. Knows bytes, not events.

import Glibc
import Vocabulary

/// An append-only file of lines. Not thread-safe: its owner holds a lock.
final class EventFile {
    private let path: String
    private let sizeMax: Int
    private var descriptor: CInt
    private var size: Int

    init(path: String, sizeMax: ByteCount) throws(TelemetryError) {
        self.path = path
        self.sizeMax = sizeMax.bytes
        descriptor = Self.open(path)
        guard descriptor >= 0 else {
            throw TelemetryError(
                code: .fileNotOpened, operation: "open the event log", subject: path, cause: errno,
                hint: "make the state directory writable for this user, or choose another with --state")
        }
        size = Int(lseek(descriptor, 0, SEEK_END))
        repairLastLine()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Writes one line; `false` when the file did not take all of it.
    func append(_ line: [UInt8]) -> Bool {
        if size > 0, size + line.count > sizeMax { startOver() }
        guard descriptor >= 0 else { return false }
        let written = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        size += max(0, written)
        return written == line.count
    }

    private static func open(_ path: String) -> CInt {
        Glibc.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    }

    /// The full file becomes `….1`. If that fails the old file is appended to further: losing the bound is better than
    /// losing events.
    private func startOver() {
        guard rename(path, path + ".1") == 0 else { return }
        let next = Self.open(path)
        guard next >= 0 else { return }
        close(descriptor)
        descriptor = next
        size = 0
    }

    /// Ends a line that a crash cut short, so that the next event does not continue it.
    private func repairLastLine() {
        guard size > 0 else { return }
        var last: UInt8 = 0
        guard pread(descriptor, &last, 1, off_t(size - 1)) == 1, last != UInt8(ascii: "\n") else { return }
        _ = append([UInt8(ascii: "\n")])
    }

    /// The whole lines within the last `bytesMax` of the file at `path`; none when it can't be read.
    static func newestLines(path: String, bytesMax: ByteCount) -> [ArraySlice<UInt8>] {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard size > 0 else { return [] }
        let start = max(0, size - bytesMax.bytes)
        let bytes = [UInt8](unsafeUninitializedCapacity: size - start) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, off_t(start)))
        }
        return bytes.split(separator: UInt8(ascii: "\n"))
    }
}
