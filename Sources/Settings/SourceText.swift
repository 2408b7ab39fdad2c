// The text of a settings file with its lines, and the checks that come before YAML: UTF-8, characters, size.

/// A place in a settings file: line and column from 1, the column in Unicode scalars, as YAML counts them.
struct Place: Hashable, Comparable {
    var line: Int
    var column: Int

    static func < (left: Place, right: Place) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// The text of one settings file.
struct SourceText {
    let file: String
    /// Without a byte order mark.
    private(set) var text: String
    /// Without their ends. Split where YAML 1.1 splits, so that its line numbers fit.
    private(set) var lines: [[Unicode.Scalar]]

    init(file: String, text: String) {
        self.file = file
        // A mark at the start is no character of the first line.
        self.text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        lines = Self.split(self.text)
    }

    func line(_ number: Int) -> String? {
        guard lines.indices.contains(number - 1) else { return nil }
        var line = String.UnicodeScalarView()
        line.append(contentsOf: lines[number - 1].prefix(SettingsLimits.shownLineLength))
        return String(line)
    }

    /// The scalar at `place`; `nil` at the end of a line and behind it.
    func scalar(at place: Place) -> Unicode.Scalar? {
        guard lines.indices.contains(place.line - 1), place.column >= 1 else { return nil }
        let line = lines[place.line - 1]
        return line.indices.contains(place.column - 1) ? line[place.column - 1] : nil
    }

    /// The first place of `token` at or after `place` in the same line.
    func find(_ token: String, from place: Place) -> Place? {
        let wanted = Array(token.unicodeScalars)
        guard lines.indices.contains(place.line - 1), !wanted.isEmpty, place.column >= 1 else { return nil }
        let line = lines[place.line - 1]
        var start = place.column - 1
        while start + wanted.count <= line.count {
            if line[start..<start + wanted.count].elementsEqual(wanted) {
                return Place(line: place.line, column: start + 1)
            }
            start += 1
        }
        return nil
    }

    /// `place`, or the end of the last line that has text when there is nothing at `place` and behind it.
    func visible(_ place: Place) -> Place {
        guard let last = lines.lastIndex(where: { $0.contains { $0 != " " } }), last + 1 < place.line else {
            return place
        }
        return Place(line: last + 1, column: lines[last].count + 1)
    }

    /// The text with the scalar at `place` replaced: same length, same places.
    func replacing(at place: Place, with scalar: Unicode.Scalar) -> SourceText {
        var changed = self
        changed.lines[place.line - 1][place.column - 1] = scalar
        var text = String.UnicodeScalarView()
        for (index, line) in changed.lines.enumerated() {
            if index > 0 { text.append("\n") }
            text.append(contentsOf: line)
        }
        changed.text = String(text)
        return changed
    }

    private static func split(_ text: String) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = [[]]
        var isAfterReturn = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where isAfterReturn: break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
            default: lines[lines.count - 1].append(scalar)
            }
            isAfterReturn = scalar == "\r"
        }
        return lines
    }
}

/// The bounds of this module that are not ranges of keys (those are in `Catalogue`).
package enum SettingsLimits {
    /// Bytes of a settings file. A larger one is refused unread.
    package static let fileBytesMax = 1 << 20
    /// Levels of mappings and lists. The format has 6; the parser below us recurses.
    static let nestingMax = 40
    /// Problems reported at once; the rest is counted.
    static let problemsMax = 100
    /// Problems put in order before that.
    static let problemsKeptMax = 1000
    /// Characters shown of a source line.
    static let shownLineLength = 300
    /// Bytes of one value after filling in variables.
    static let valueBytesMax = 64 << 10
    /// Characters of a name of a listener, service or share.
    static let nameLengthMax = 40
    /// Characters of a release name.
    static let releaseLengthMax = 64
}
