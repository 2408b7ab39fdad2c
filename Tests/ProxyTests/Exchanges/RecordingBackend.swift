// A backend that understands nothing: it keeps every byte it gets, on whatever connection, and answers when as many have
// come as the case says must come.

import Synchronization

/// Records raw bytes; follows the steps of one case after the other.
final class RecordingBackend: Sendable {
    private struct State {
        var recorded: [UInt8] = []
        /// Still to be done, and how many bytes must have come before.
        var steps: [(mark: Int, step: Exchange.Step)] = []
    }

    private final class Record: Sendable {
        let state = Mutex(State())
    }

    private let record = Record()
    private let origin: Origin
    var port: UInt16 { origin.port }

    init() {
        let record = record
        origin = Origin { _, connection, _ in
            while case let bytes = connection.readSome(), !bytes.isEmpty {
                let due = record.state.withLock { state -> [Exchange.Step] in
                    state.recorded += bytes
                    var due: [Exchange.Step] = []
                    while let next = state.steps.first, state.recorded.count >= next.mark {
                        due.append(next.step)
                        state.steps.removeFirst()
                    }
                    return due
                }
                for step in due {
                    connection.write(step.answer)
                    switch step.end {
                    case .keep: break
                    case .close: return connection.close()
                    case .reset: return connection.reset()
                    }
                }
            }
            connection.close()
        }
    }

    /// Forgets what was, and will do these steps.
    func begin(_ steps: [Exchange.Step]) {
        record.state.withLock { state in
            state.recorded = []
            var mark = 0
            state.steps = steps.map { step in
                mark += step.expected.count
                return (mark, step)
            }
        }
    }

    /// Everything that came since, with our request ids made alike.
    var recorded: [UInt8] { Self.masked(record.state.withLock { $0.recorded }) }

    /// `bytes` with `Exchange.id` in place of every request id of ours.
    static func masked(_ bytes: [UInt8]) -> [UInt8] {
        let name = Array("X-Request-Id: ".utf8)
        var result = bytes
        var offset = 0
        while offset + name.count + 34 <= result.count {
            let value = offset + name.count..<offset + name.count + 32
            let isID =
                result[offset..<offset + name.count].elementsEqual(name) && result[value.upperBound] == 13
                && result[value].allSatisfy { $0 >= 0x30 && $0 < 0x3A || $0 >= 0x61 && $0 < 0x67 }
            if isID { result.replaceSubrange(value, with: Array(Exchange.id.utf8)) }
            offset += isID ? name.count + 32 : 1
        }
        return result
    }
}
