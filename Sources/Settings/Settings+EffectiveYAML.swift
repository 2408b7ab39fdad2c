// `portico config show --effective`: the whole configuration as a file that reads back to the same value.

extension Settings {
    /// The whole settings as YAML that reads back to an equal value; with `showOrigins`, each value followed by
    /// `# default`, `# FILE:LINE` or `# env VAR (FILE:LINE)`.
    ///
    /// Values below `env` that came from our own environment are shown as they were written (`${API_TOKEN}`), since
    /// they may be secrets; they read back to an equal value in the same environment.
    package func effectiveYAML(showOrigins: Bool = true) -> String {
        var printer = YAMLPrinter(origins: showOrigins ? origins : nil, written: origins)
        printer.print(outline, path: "", indent: 0)
        return printer.text
    }
}

/// Prints outlines.
private struct YAMLPrinter {
    /// `nil` when they are not shown.
    let origins: SettingsOrigins?
    let written: SettingsOrigins
    private(set) var text = ""

    init(origins: SettingsOrigins?, written: SettingsOrigins) {
        self.origins = origins
        self.written = written
    }

    /// `lead` is written in front of the first key instead of the indentation: the dash of a list.
    mutating func print(_ outline: Outline, path: String, indent: Int, lead: String? = nil) {
        let blanks = String(repeating: " ", count: indent)
        switch outline {
        case .mapping(let entries):
            // A dash stands in front of the first key: what is only a comment goes behind it.
            let ordered =
                lead == nil ? entries : entries.filter { !$0.value.isUnset } + entries.filter(\.value.isUnset)
            for (index, entry) in ordered.enumerated() {
                let start = index == 0 ? lead ?? blanks : blanks
                print(entry, path: path.isEmpty ? entry.key : "\(path).\(entry.key)", indent: indent, start: start)
            }
        case .list(let items):
            for (index, item) in items.enumerated() {
                print(item.value, path: "\(path).\(index)", indent: indent + 2, lead: blanks + "- ")
            }
        case .plain, .text, .template, .words, .unset:
            text += "\(blanks)\(outline.written)\n"
        }
    }

    private mutating func print(_ entry: Outline.Entry, path: String, indent: Int, start: String) {
        switch entry.value {
        case .unset(let meaning):
            text += "\(start)# \(entry.key): not set (\(meaning))\n"
        case .mapping(let entries) where entries.allSatisfy(\.value.isUnset):
            text += "\(start)\(entry.key): {}\n"
            print(entry.value, path: path, indent: indent + 2)
        case .list(let items) where items.isEmpty:
            text += "\(start)\(entry.key): []\n"
        case .mapping, .list:
            text += "\(start)\(entry.key):\n"
            print(entry.value, path: path, indent: indent + 2)
        case .plain, .text, .template, .words:
            var value = entry.value.written
            if path.contains(".instances.env."), let expression = written[path]?.written {
                value = Outline.template(expression).written
            }
            text += "\(start)\(entry.key): \(value)\(comment(path))\n"
        }
    }

    private func comment(_ path: String) -> String {
        guard let origins else { return "" }
        guard let origin = origins[path] else { return "  # default" }
        // A file name may hold anything, and a line break would end the comment.
        let file = String(origin.file.map { $0.isNewline || $0 == "\0" ? "?" : $0 })
        let place = "\(file):\(origin.line)"
        guard !origin.variables.isEmpty else { return "  # \(place)" }
        return "  # env \(origin.variables.joined(separator: ", ")) (\(place))"
    }
}

extension Outline {
    fileprivate var isUnset: Bool {
        if case .unset = self { true } else { false }
    }
}
