// Turns the words of `run` into an instance's argument vector: `$NAME` and `${NAME}` are filled in, nothing else is
// touched. There is no shell. Pure.

/// The argument vector of one instance.
package enum RunWords {
    /// A variable that `run` names and the instance's environment lacks.
    package struct UnknownVariable: Error, Hashable, CustomStringConvertible {
        package let name: String
        package let word: String

        package var description: String {
            "`run` names $\(name) (in \"\(word)\"), which is not in the instance's environment"
        }
    }

    /// Fills the variables in; `$$` stands for a dollar sign.
    package static func expand(
        _ words: [String], environment: [String: String]
    ) throws(UnknownVariable) -> [String] {
        var expanded: [String] = []
        for word in words { expanded.append(try expand(word: word, environment: environment)) }
        return expanded
    }

    private static func expand(word: String, environment: [String: String]) throws(UnknownVariable) -> String {
        var result = ""
        var rest = word[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
                continue
            }
            let name: Substring
            if rest.first == "{", let close = rest.firstIndex(of: "}") {
                name = rest[rest.index(after: rest.startIndex)..<close]
                rest = rest[rest.index(after: close)...]
            } else {
                name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                rest = rest.dropFirst(name.count)
            }
            guard !name.isEmpty else {
                result += "$"
                continue
            }
            guard let value = environment[String(name)] else {
                throw UnknownVariable(name: String(name), word: word)
            }
            result += value
        }
        return result + rest
    }
}
