// Whether a complete answer is the one that was expected. Pure; the transfer collects what is looked at here.

/// Judges one answer.
enum ResponseCheck {
    /// The collected parts of an answer.
    struct Answer {
        var status: Int
        /// Lower-case names; only those that somebody asks for.
        var headers: [(name: String, value: String)]
        var body: [UInt8]
        var isBodyCut: Bool
    }

    static func outcome(of answer: Answer, expect: Expectation, values: Template.Values) -> Outcome {
        guard expect.statuses.contains(answer.status) else { return .badStatus }
        for header in expect.headers {
            let wanted = header.contains.filled(with: values)
            let isThere = answer.headers.contains { $0.name == header.name && contains($0.value, wanted) }
            if !isThere { return .mismatch }
        }
        guard expect.asksForBody else { return .ok }
        if answer.isBodyCut { return .mismatch }
        for template in expect.bodyContains
        where !contains(answer.body, Array(template.filled(with: values).utf8)) { return .mismatch }
        for field in expect.bodyFields {
            let value = answer.body.withUnsafeBytes { JSONScanner.field(field.name, of: $0) }
            if value != field.value.filled(with: values) { return .mismatch }
        }
        return .ok
    }

    /// The release an answer says it comes from.
    static func release(of answer: Answer, mark: LoadStream.ReleaseMark) -> String? {
        switch mark {
        case .header(let name): answer.headers.first { $0.name == name }?.value
        case .json(let field): answer.body.withUnsafeBytes { JSONScanner.field(field, of: $0) }
        }
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        contains(Array(text.utf8), Array(part.utf8))
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        guard bytes.count >= part.count else { return false }
        for start in 0...(bytes.count - part.count) where bytes[start] == first {
            if bytes[start..<(start + part.count)].elementsEqual(part) { return true }
        }
        return false
    }
}
