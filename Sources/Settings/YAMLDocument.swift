// From YAML text to nodes, with Yams (libyaml) as the parser. Its quirks end here:
// 1. It throws at the first repeated key, without the second one's place. We want every one: a repeated key's first
//    letter is replaced by a private-use character in the text and the text is parsed again, so that Yams sees none;
//    the conversion puts the letter back and finds the repetitions itself.
// 2. Anchors are kept weakly and die with the parser: the conversion runs while it lives. Aliases repeat the anchor's
//    node with the anchor's marks, so a place would lie; both are refused.
// 3. It recurses per level: nesting is bounded before it starts.
// 4. A value that begins with an escaped U+FEFF loses it; nobody writes that.
// Its marks are right: line and column from 1, in Unicode scalars, at the first character of keys, values and lists,
// at the opening quote (tested). That of a missing value is behind the colon in block style and anywhere near in flow
// style: the key's stands in for it.

import Yams

/// A parsed document, or what is wrong with its YAML.
struct YAMLDocument {
    /// `nil` when the document is empty, could not be parsed or has nodes that are refused.
    private(set) var root: SourceNode?
    /// In no order.
    private(set) var problems: [(place: Place, complaint: Complaint)] = []

    private let source: SourceText
    private var hasRefusals = false
    /// Letters taken out of repeated keys, by the place where they stood.
    private var replaced: [Place: Unicode.Scalar] = [:]

    init(_ source: SourceText) {
        self.source = source
        guard checkCharacters(), checkNesting() else { return }
        var text = source
        while true {
            do {
                let parser = try Parser(yaml: text.text, resolver: .basic, encoding: .utf8)
                let node = try parser.singleRoot()
                let converted = node.flatMap { convert($0) }
                withExtendedLifetime(parser) {}
                root = hasRefusals ? nil : converted
                return
            } catch let error as YamlError {
                guard case .duplicatedKeysInMapping(_, let context) = error, let next = hiding(context.mark, in: text)
                else {
                    problems.append(Self.complaint(error, source))
                    return
                }
                text = next
            } catch {
                problems.append((Place(line: 1, column: 1), Complaint("\(error)")))
                return
            }
        }
    }

    // MARK: Before parsing

    /// YAML 1.1 §5.1, less the byte order mark in the middle.
    private mutating func checkCharacters() -> Bool {
        for (row, line) in source.lines.enumerated() where problems.count < SettingsLimits.problemsKeptMax {
            for (column, scalar) in line.enumerated() {
                let isAllowed =
                    switch scalar.value {
                    case 0x09, 0x20...0x7e, 0xa0...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd, 0x10000...0x10ffff: true
                    default: false
                    }
                if !isAllowed {
                    let code = String(scalar.value, radix: 16, uppercase: true)
                    let number = String(repeating: "0", count: max(0, 4 - code.count)) + code
                    problems.append(
                        (
                            Place(line: row + 1, column: column + 1),
                            Complaint("the character U+\(number) is not allowed")
                        ))
                }
            }
        }
        return problems.isEmpty
    }

    /// Counts brackets, dashes in a row and growing indentation: rather too much than too little, since it knows
    /// nothing of quotes and comments.
    private mutating func checkNesting() -> Bool {
        var brackets = 0
        var indents: [Int] = []
        for (row, line) in source.lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            guard indent < line.count, line[indent] != "#" else { continue }
            while let last = indents.last, last >= indent { indents.removeLast() }
            indents.append(indent)
            let dashes = line.prefix { "-?: ".unicodeScalars.contains($0) }.count { $0 != " " }
            for (column, scalar) in line.enumerated() {
                switch scalar {
                case "[", "{": brackets += 1
                case "]", "}": brackets = max(0, brackets - 1)
                default: break
                }
                guard brackets + dashes + indents.count > SettingsLimits.nestingMax else { continue }
                problems.append((Place(line: row + 1, column: column + 1), Complaint("nested too deeply")))
                return false
            }
        }
        return true
    }

    // MARK: Repeated keys

    /// The text with the key at `mark` made different from its equals; `nil` when that is not possible.
    private mutating func hiding(_ mark: Mark, in text: SourceText) -> SourceText? {
        var place = Place(line: mark.line, column: mark.column)
        guard replaced.count < SettingsLimits.problemsMax, var scalar = text.scalar(at: place) else { return nil }
        if scalar == "\"" || scalar == "'" {
            let quote = scalar
            place.column += 1
            guard let inside = text.scalar(at: place), inside != quote, inside != "\\" else { return nil }
            scalar = inside
        }
        guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_",
            let hidden = Unicode.Scalar(0xE000 + UInt32(replaced.count))
        else { return nil }
        replaced[place] = scalar
        return text.replacing(at: place, with: hidden)
    }

    /// What really stands in the file for a scalar at `place`.
    private func restored(_ text: String, at place: Place, isPlain: Bool) -> String {
        let first = Place(line: place.line, column: place.column + (isPlain ? 0 : 1))
        guard let scalar = replaced[first], !text.isEmpty else { return text }
        return String(String.UnicodeScalarView([scalar])) + String(text.unicodeScalars.dropFirst())
    }

    // MARK: Conversion

    private mutating func refuse(_ place: Place, _ message: String, hint: String? = nil) {
        problems.append((place, Complaint(message, hint: hint)))
        hasRefusals = true
    }

    /// `nil` when the node was refused; the problem is recorded.
    private mutating func convert(_ node: Node) -> SourceNode? {
        let place = node.mark.map { Place(line: $0.line, column: $0.column) } ?? Place(line: 1, column: 1)
        guard node.anchorName == nil else {
            refuse(place, "anchors and aliases are not supported", hint: "write the value out")
            return nil
        }
        guard node.isUntagged else {
            refuse(place, "tags are not supported", hint: "write the value without `!`")
            return nil
        }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            let text = restored(scalar.string, at: place, isPlain: isPlain)
            return SourceNode(content: .scalar(text, isPlain: isPlain), place: place)
        case .sequence(let sequence):
            return SourceNode(content: .list(sequence.compactMap { convert($0) }), place: place)
        case .mapping(let mapping):
            return SourceNode(content: .mapping(entries(mapping)), place: place)
        case .alias:
            preconditionFailure("composing leaves no aliases behind")
        }
    }

    private mutating func entries(_ mapping: Node.Mapping) -> [SourceNode.Entry] {
        var entries: [SourceNode.Entry] = []
        var firstPlaces: [String: Place] = [:]
        for (keyNode, valueNode) in mapping {
            let key = convert(keyNode)
            let value = convert(valueNode)
            guard let key else { continue }
            guard case .scalar(let name, _) = key.content else {
                refuse(key.place, "a key must be a word, not \(key.description)")
                continue
            }
            if let first = firstPlaces[name] {
                problems.append(
                    (key.place, Complaint("`\(name)` is here twice", hint: "the first one is in line \(first.line)")))
                continue
            }
            firstPlaces[name] = key.place
            if var value {
                if case .scalar("", isPlain: true) = value.content { value.place = key.place }
                entries.append(SourceNode.Entry(key: name, keyPlace: key.place, value: value))
            }
        }
        return entries
    }
}

extension Node {
    fileprivate var anchorName: Anchor? {
        switch self {
        case .scalar(let scalar): scalar.anchor
        case .mapping(let mapping): mapping.anchor
        case .sequence(let sequence): sequence.anchor
        case .alias(let alias): alias.anchor
        }
    }

    /// Whether no `!tag` was written; a quoted scalar is a string by itself.
    fileprivate var isUntagged: Bool {
        let name =
            switch self {
            case .scalar(let scalar): scalar.tag.description
            case .mapping(let mapping): mapping.tag.description
            case .sequence(let sequence): sequence.tag.description
            case .alias(let alias): alias.tag.description
            }
        return [Tag.Name.implicit.rawValue, Tag.Name.str.rawValue, Tag.Name.map.rawValue, Tag.Name.seq.rawValue]
            .contains(name)
    }
}
