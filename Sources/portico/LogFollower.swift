// `portico logs`: the log files of a service's instances as one stream of lines, each with its instance. Instances come
// and go while it runs. Reads when asked; who asks, and how often, is the command's business.

/// One line of an instance's output.
struct LogLine: Hashable {
    var instance: String
    /// As the instance wrote it, without the line feed; any encoding.
    var text: [UInt8]
}

/// Merges the log files of several instances. Lines carry no time, so the order between instances is the order in which
/// they were read; within an instance it is the order in which they were written.
struct LogFollower {
    private enum Interest {
        /// Its last lines, then what follows.
        case present
        /// It appeared while we watched: everything from its beginning.
        case appeared
    }

    private let lastLines: Int
    private var tails: [String: LogTail] = [:]
    private var awaited: [String: (path: String, interest: Interest)] = [:]
    private var hasBegun = false

    init(lastLines: Int) {
        self.lastLines = lastLines
    }

    /// Says which instances there are now, by their log files. Returns the last lines of those that are gone.
    mutating func attend(_ files: [String: String]) -> [LogLine] {
        let interest: Interest = hasBegun ? .appeared : .present
        hasBegun = true
        for (instance, path) in files where tails[instance] == nil && awaited[instance] == nil {
            awaited[instance] = (path, interest)
        }
        var lines: [LogLine] = []
        let gone = tails.keys.filter { files[$0] == nil }.sorted()
        for instance in gone {
            guard let tail = tails.removeValue(forKey: instance) else { continue }
            // It writes no more: read to the end, and give out a last line without a line feed too.
            while case let rest = tail.newLines(), !rest.isEmpty {
                lines += rest.map { LogLine(instance: instance, text: $0) }
            }
            if let rest = tail.remainder() { lines.append(LogLine(instance: instance, text: rest)) }
        }
        awaited = awaited.filter { files[$0.key] != nil }
        return lines
    }

    /// The lines that were completed since the last call, instance by instance in the order of their names.
    mutating func newLines() -> [LogLine] {
        for (instance, file) in awaited {
            // Not there yet, or not readable: tried again next time.
            let lastLines = file.interest == .present ? lastLines : nil
            guard let tail = LogTail(path: file.path, lastLines: lastLines) else { continue }
            tails[instance] = tail
            awaited[instance] = nil
        }
        return tails.sorted { LogFollower.isBefore($0.key, $1.key) }.flatMap { instance, tail in
            tail.newLines().map { LogLine(instance: instance, text: $0) }
        }
    }

    /// The instances that could not be read yet.
    var unread: [String] { awaited.keys.sorted(by: Self.isBefore) }

    /// `documents-9` before `documents-10`.
    static func isBefore(_ left: String, _ right: String) -> Bool {
        (left.count, left) < (right.count, right)
    }
}
