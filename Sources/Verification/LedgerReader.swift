// The access log as a growing file: each call reads what has come since the last one. A line counts once it has its end.

import Glibc

/// Reads the balancer's ledger while it is written.
package final class LedgerReader {
    private let path: String
    private var descriptor: CInt = -1
    private var lines: LedgerLineReader
    private var carry: [UInt8] = []
    private var lineNumber = 0
    private var skipsFirstBytes: off_t
    package private(set) var ledger = BalancerLedger()

    /// `idPrefix` tells this run's ids from others. `skippingExisting`: what is in the file already is not of this run.
    package init(path: String, idPrefix: String, skippingExisting: Bool) {
        self.path = path
        lines = LedgerLineReader(idPrefix: idPrefix)
        var status = stat()
        skipsFirstBytes = skippingExisting && stat(path, &status) == 0 ? status.st_size : 0
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads what has come. The file need not be there yet.
    package func readMore() {
        if descriptor < 0 {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            if skipsFirstBytes > 0 { lseek(descriptor, skipsFirstBytes, SEEK_SET) }
        }
        defer { ledger.texts = lines.texts }
        withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0a) {
            if carry.isEmpty {
                line(UnsafeRawBufferPointer(rebasing: rest[..<end]))
            } else {
                carry.append(contentsOf: rest[..<end])
                carry.withUnsafeBytes { line($0) }
                carry.removeAll(keepingCapacity: true)
            }
            rest = rest[(end + 1)...]
        }
        carry.append(contentsOf: rest)
    }

    private func line(_ bytes: UnsafeRawBufferPointer) {
        lineNumber += 1
        if let entry = lines.read(bytes) {
            ledger.entries.append(entry)
        } else {
            // Half a line of a server that was killed, and on its end the first one of its successor.
            if let start = Self.lastStart(in: bytes),
                let entry = lines.read(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            {
                ledger.entries.append(entry)
            }
            ledger.unreadableCount += 1
            if ledger.unreadable.count < 20 {
                let start = String(decoding: bytes.prefix(160), as: UTF8.self)
                ledger.unreadable.append("line \(lineNumber): \(start)")
            }
        }
    }

    private static func lastStart(in bytes: UnsafeRawBufferPointer) -> Int? {
        let mark = Array("{\"time\":".utf8)
        guard bytes.count > mark.count else { return nil }
        return (1...(bytes.count - mark.count)).last { bytes[$0..<($0 + mark.count)].elementsEqual(mark) }
    }
}
