// A YAML document as the reader sees it: plain values with places, whatever parser made them.

/// One node of a document.
struct SourceNode {
    enum Content {
        case scalar(String, isPlain: Bool)
        /// Keys are unique.
        case mapping([Entry])
        case list([SourceNode])
    }

    struct Entry {
        var key: String
        var keyPlace: Place
        var value: SourceNode
    }

    var content: Content
    /// Of its first character; of its key for a value that is missing.
    var place: Place

    /// Whether nothing is written there, or `null` or `~` without quotes.
    var isMissing: Bool {
        if case .scalar(let text, isPlain: true) = content {
            return text.isEmpty || text == "~" || text.lowercased() == "null"
        }
        return false
    }

    /// For messages: "found a list".
    var description: String {
        switch content {
        case .scalar(let text, _): "`\(text.prefix(60))`"
        case .mapping: "a mapping"
        case .list: "a list"
        }
    }
}
