// What libyaml says is wrong, in words that help.

import Yams

extension YAMLDocument {
    /// The place and the complaint of a parser's error.
    static func complaint(_ error: YamlError, _ source: SourceText) -> (place: Place, complaint: Complaint) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let place = source.visible(Place(line: mark.line, column: mark.column))
            let message = [context?.text, problem].compactMap(\.self).joined(separator: ", ")
            return (place, Complaint("not YAML: \(message)", hint: hint(problem, place, context?.mark.line, source)))
        case .composer(_, let problem, let mark, _):
            let place = Place(line: mark.line, column: mark.column)
            if problem.contains("another document") {
                return (place, Complaint("a second document begins here", hint: "a settings file is one document"))
            }
            return (place, Complaint("not YAML: \(problem)", hint: "anchors and aliases are not supported"))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "`\($0)`" }.joined(separator: ", ")
            return (
                Place(line: context.mark.line, column: context.mark.column),
                Complaint("in this mapping \(names) is there more than once")
            )
        case .reader(let problem, _, _, _):
            return (Place(line: 1, column: 1), Complaint("not YAML: \(problem)"))
        case .memory:
            return (Place(line: 1, column: 1), Complaint("not enough memory to read the file"))
        case .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return (Place(line: 1, column: 1), Complaint("not YAML: \(error)"))
        }
    }

    private static func hint(_ problem: String, _ place: Place, _ contextLine: Int?, _ source: SourceText) -> String? {
        let line = source.line(place.line) ?? ""
        let lead = line.prefix { $0 == " " || $0 == "\t" }
        if lead.contains("\t") || source.scalar(at: place) == "\t" {
            return "YAML is indented with spaces, and this line has a tab"
        }
        let opened = contextLine.map { $0 == place.line ? "" : "; what is not closed begins in line \($0)" } ?? ""
        switch problem {
        case "mapping values are not allowed in this context":
            return "a value with `: ` in it needs quotes, and keys of one mapping start in the same column"
        case "did not find expected key", "did not find expected '-' indicator":
            return "the indentation differs from the lines above, or a quote or bracket is missing"
        case "could not find expected ':'":
            return "a key needs `: ` behind it"
        case "found character that cannot start any token":
            return "a value that starts with this character needs quotes"
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            return "a comma or the closing bracket is missing" + opened
        case "found unexpected end of stream":
            return "a quote is not closed" + opened
        default:
            return nil
        }
    }
}
