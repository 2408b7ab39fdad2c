// Standard output and standard error, written at once: no buffer keeps a line of `logs -f` back.

import Glibc

/// Writes to the terminal, or to whatever stands in its place.
enum Terminal {
    /// Whether standard error is read by a person right now.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

    /// A line on standard output.
    static func print(_ line: String) {
        write(line + "\n", to: STDOUT_FILENO)
    }

    /// A line on standard error.
    static func printError(_ line: String) {
        write(line + "\n", to: STDERR_FILENO)
    }

    /// Replaces the last line of standard error, which stays open for the next.
    static func replaceLastLine(_ line: String) {
        // CR, then "erase to the end of the line" (ECMA-48 EL).
        write("\r\u{1B}[K" + line, to: STDERR_FILENO)
    }

    /// Bytes on standard output, as they are.
    static func write(_ bytes: [UInt8]) {
        write(bytes[...], to: STDOUT_FILENO)
    }

    private static func write(_ text: String, to descriptor: CInt) {
        write(Array(text.utf8)[...], to: descriptor)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // Nobody reads any more (or the disk is full): there is no other place to say so.
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
