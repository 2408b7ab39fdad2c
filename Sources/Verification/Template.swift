// Text of a request that differs from request to request: `/json/{seq % 1000}`. Not a language: five words, no logic.
// The same values can be computed again later from the request's sequence number, which is how writes are read back.

import Vocabulary

/// A text with places that are filled in per request.
///
/// Words: `{seq}` the number of the request in its stream, from 0; `{id}` its request id; `{random}` 16 hex digits drawn
/// from seed, stream and number; `{run}` the run's nonce. `{seq % N}` and `{random % N}` are `0 ..< N`. A brace that is not followed by
/// a lower-case letter is itself, so JSON needs no escapes. `${NAME}` is filled in when the scenario is read.
package struct Template: Sendable, Hashable {
    enum Piece: Sendable, Hashable {
        case text(String)
        case sequence(modulo: UInt64?)
        case random(modulo: UInt64?)
        case id
        case run
    }

    /// What the places are filled with.
    package struct Values: Sendable {
        package var sequence: UInt64
        package var id: String
        package var random: UInt64
        package var run: String
    }

    /// Why a text is no template. The caller knows the place.
    package struct Problem: Error, Equatable {
        package var message: String
    }

    let pieces: [Piece]
    /// As it was written.
    package let source: String

    static let words = ["seq", "id", "random", "run"]

    /// Reads `source`; `variable` gives the values of `${NAME}`.
    package init(_ source: String, variable: (String) -> String? = { _ in nil }) throws(Problem) {
        self.source = source
        var pieces: [Piece] = []
        var text = ""
        var rest = source[...]
        while let character = rest.first {
            if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else { throw Problem(message: "`${` has no closing brace") }
                let name = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])
                guard let value = variable(name) else {
                    throw Problem(message: "the variable \(name) is neither in `environment` nor in the environment")
                }
                text += value
                rest = rest[rest.index(after: end)...]
            } else if character == "{", let next = rest.dropFirst().first, next.isASCII, next.isLowercase {
                guard let end = rest.firstIndex(of: "}") else { throw Problem(message: "`{` has no closing brace") }
                if !text.isEmpty { pieces.append(.text(text)) }
                text = ""
                pieces.append(try Self.piece(rest[rest.index(after: rest.startIndex)..<end]))
                rest = rest[rest.index(after: end)...]
            } else {
                text.append(character)
                rest = rest.dropFirst()
            }
        }
        if !text.isEmpty { pieces.append(.text(text)) }
        self.pieces = pieces
    }

    private static func piece(_ inner: Substring) throws(Problem) -> Piece {
        let words = inner.split(whereSeparator: { $0 == " " || $0 == "%" }).map(String.init)
        let hasModulo = inner.contains("%")
        guard let word = words.first, words.count == (hasModulo ? 2 : 1) else {
            throw Problem(message: "`{\(inner)}` is not a place: write {seq} or {seq % 100}")
        }
        var modulo: UInt64?
        if hasModulo {
            guard let number = UInt64(words[1]), number > 0 else {
                throw Problem(message: "`\(words[1])` after % is not a number above 0")
            }
            modulo = number
        }
        switch word {
        case "seq": return .sequence(modulo: modulo)
        case "random": return .random(modulo: modulo)
        case "id" where !hasModulo: return .id
        case "run" where !hasModulo: return .run
        default:
            let hint = NearestKey.suggestion(for: word, among: Self.words)
            throw Problem(message: "unknown place {\(word)}\(hint); known are {seq}, {id}, {random}, {run}")
        }
    }

    /// The text for one request.
    package func filled(with values: Values) -> String {
        if pieces.count == 1, case .text(let text) = pieces[0] { return text }
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .sequence(nil): result += String(values.sequence)
            case .sequence(let modulo?): result += String(values.sequence % modulo)
            case .random(nil):
                let digits = String(values.random, radix: 16)
                result += String(repeating: "0", count: 16 - digits.count) + digits
            case .random(let modulo?): result += String(values.random % modulo)
            case .id: result += values.id
            case .run: result += values.run
            }
        }
        return result
    }

    /// The text, if it is the same for every request.
    package var constant: String? {
        guard isConstant else { return nil }
        return filled(with: Values(sequence: 0, id: "", random: 0, run: ""))
    }

    /// Whether two requests of a stream never give the same text.
    package var isUniquePerRequest: Bool {
        pieces.contains { $0 == .sequence(modulo: nil) || $0 == .id }
    }

    /// Whether it is filled in at all; if not, it is the same for every request.
    var isConstant: Bool {
        pieces.allSatisfy { if case .text = $0 { true } else { false } }
    }
}
