// What can go wrong while telemetry is set up. Once it runs, it loses lines rather than fail.

import Glibc

/// A log file that can't be used.
package struct TelemetryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The closed set of reasons; the raw value labels metrics.
    package enum Code: String, Sendable, Hashable {
        case fileNotOpened = "file_not_opened"
    }

    package let code: Code
    package let operation: String
    /// The path of the file.
    package let subject: String
    /// What the system said, as `errno`.
    package let cause: CInt
    /// The operator's next step.
    package let hint: String

    package var description: String {
        "can't \(operation) \(subject): \(String(cString: strerror(cause)))\n  hint: \(hint)"
    }
}
