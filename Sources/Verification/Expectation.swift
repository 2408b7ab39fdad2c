// What must come back. Judged by `ResponseCheck`.

/// What an answer must be to count as a success.
package struct Expectation: Sendable {
    package struct Header: Sendable {
        /// Lower case.
        package var name: String
        /// Must be contained in the value, compared with case.
        package var contains: Template
    }

    package struct Field: Sendable {
        package var name: String
        package var value: Template
    }

    /// Never empty.
    package var statuses: [Int]
    package var headers: [Header] = []
    package var bodyContains: [Template] = []
    /// Fields of the answer's top-level JSON object, compared as text (numbers and booleans as they are written).
    package var bodyFields: [Field] = []

    package var asksForBody: Bool { !bodyContains.isEmpty || !bodyFields.isEmpty }
}
