// Tables for people: columns as wide as their widest cell, two spaces between them.

/// Rows below a heading. Pure.
struct TextTable {
    /// Which side of its column a cell leans to.
    enum Alignment {
        case left, right
    }

    private let headings: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ headings: KeyValuePairs<String, Alignment>) {
        self.headings = headings.map { ($0.key, $0.value) }
    }

    /// Adds a row with a cell for every heading.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == headings.count, "\(cells.count) cells for \(headings.count) columns")
        rows.append(cells.map(Self.printable))
    }

    /// The lines, without spaces at their ends.
    var lines: [String] {
        let titles = headings.map(\.title)
        let widths = titles.indices.map { column in
            ([titles] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([titles] + rows).map { cells in
            let padded = cells.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - cells[column].count)
                return headings[column].alignment == .left ? cells[column] + space : space + cells[column]
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// Control characters would break the table, or speak to the terminal.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
