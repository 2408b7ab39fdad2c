// The event log: what was decided or happened, and why, for people and for reports that explain a failed request.
// One JSON line per event in a file, and the newest in memory for `portico events`. Not for requests: see the access log.
//
// A file that can't be written (disk full) must not stop the front door: the line stays in memory, the loss is counted
// and the next event tries again.

import Administration
import FoundationEssentials
import Glibc
import Synchronization
import Vocabulary

/// Records events in a file and in a bounded ring. Safe from any thread; a call costs one small `write`.
package final class EventLog: Sendable {
    /// Bounds of the event log.
    package enum Limits {
        /// How many events are kept in memory.
        package static let eventsInMemoryMax = 1000
        /// At this size the file becomes `events.log.1`, replacing an older one, and a new file begins.
        package static let fileMax = ByteCount.mebibytes(16)
        /// How much of the file's end is read back at start.
        package static let readBackMax = ByteCount.kibibytes(512)
    }

    private struct State {
        var ring: [EventReport] = []
        /// Where the oldest event stands once the ring is full.
        var oldest = 0
        var file: EventFile?
        var linesLost = 0
    }

    private let state: Mutex<State>
    private let clock: @Sendable () -> Timestamp

    /// Opens (or creates, mode 0640) the file at `path`, or keeps events in memory only when it is `nil`.
    ///
    /// The newest events that the file already holds are read back, so that a restarted server still knows them.
    /// Throws `TelemetryError` when the file can't be opened for appending.
    package init(
        path: String?, fileMax: ByteCount = Limits.fileMax, clock: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) throws(TelemetryError) {
        var initial = State()
        if let path {
            for line in EventFile.newestLines(path: path, bytesMax: Limits.readBackMax) {
                // A line cut short by a crash, or by where reading back began, is not an event.
                guard let event = try? JSONDecoder().decode(EventReport.self, from: Data(line)) else { continue }
                Self.append(event, to: &initial)
            }
            initial.file = try EventFile(path: path, sizeMax: fileMax)
        }
        state = Mutex(initial)
        self.clock = clock
    }

    /// Records one event at the present time.
    package func record(
        _ kind: EventKind, service: ServiceName? = nil, instance: String? = nil, release: ReleaseName? = nil,
        message: String
    ) {
        state.withLock { state in
            // Inside the lock, so that the lines of the file are in the order of their times.
            let event = EventReport(
                time: clock().description, kind: kind.rawValue, service: service?.rawValue, instance: instance,
                release: release?.rawValue, message: message)
            Self.append(event, to: &state)
            guard let file = state.file else { return }
            if !file.append(Self.line(of: event)) { state.linesLost += 1 }
        }
    }

    /// The newest `count` events, oldest first. A negative count is zero.
    package func newest(_ count: Int) -> [EventReport] {
        state.withLock { state in
            let inOrder = state.ring[state.oldest...] + state.ring[..<state.oldest]
            return Array(inOrder.suffix(max(0, count)))
        }
    }

    /// How many lines the file did not take since the start.
    package var linesLost: Int {
        state.withLock { $0.linesLost }
    }

    private static func append(_ event: EventReport, to state: inout State) {
        if state.ring.count < Limits.eventsInMemoryMax {
            state.ring.append(event)
        } else {
            state.ring[state.oldest] = event
            state.oldest = (state.oldest + 1) % Limits.eventsInMemoryMax
        }
    }

    /// One line of JSON with its line feed; keys in a fixed order, so that files can be compared.
    private static func line(of event: EventReport) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try Array(encoder.encode(event)) + [UInt8(ascii: "\n")]
        } catch {
            // A value of strings always encodes.
            preconditionFailure("an event does not encode: \(error)")
        }
    }
}
