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
        /// Why there is no file, although one was asked for.
        var problem: TelemetryError?
        /// The second of the wall clock in which opening it was last tried: only ever compared.
        var secondTried: Int64?
        var linesLost = 0
    }

    private let path: String?
    private let fileMax: ByteCount
    private let state: Mutex<State>
    private let clock: @Sendable () -> Timestamp

    /// Opens (or creates, mode 0640) the file at `path`, or keeps events in memory only when it is `nil`.
    ///
    /// The newest events that the file already holds are read back, so that a restarted server still knows them.
    /// When the file can't be opened, `problem` says why, events stay in memory, and it is tried again about every
    /// second in which there is an event.
    package init(
        path: String?, fileMax: ByteCount = Limits.fileMax, clock: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        var initial = State()
        if let path {
            for line in EventFile.newestLines(path: path, bytesMax: Limits.readBackMax) {
                // A line cut short by a crash, or by where reading back began, is not an event.
                guard let event = try? JSONDecoder().decode(EventReport.self, from: Data(line)) else { continue }
                Self.append(event, to: &initial)
            }
            Self.open(path, fileMax, &initial)
        }
        self.path = path
        self.fileMax = fileMax
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
            let now = clock()
            let event = EventReport(
                time: now.description, kind: kind.rawValue, service: service?.rawValue, instance: instance,
                release: release?.rawValue, message: message)
            Self.append(event, to: &state)
            let second = now.microseconds / 1_000_000
            if state.file == nil, let path, state.secondTried != second {
                state.secondTried = second
                Self.open(path, fileMax, &state)
            }
            guard let file = state.file else {
                if path != nil { state.linesLost += 1 }
                return
            }
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

    /// Why events are kept in memory only, although a file was asked for; `nil` when all is well.
    package var problem: TelemetryError? {
        state.withLock { $0.problem }
    }

    private static func open(_ path: String, _ fileMax: ByteCount, _ state: inout State) {
        do {
            state.file = try EventFile(path: path, sizeMax: fileMax)
            state.problem = nil
        } catch {
            state.problem = error
        }
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
