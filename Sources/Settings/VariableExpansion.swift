// `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in a value. Variables of an instance (`${PORT}`, `${SHARE_…}`) are
// left for the supervisor where a value is used per instance (`run`, `env`).

/// Fills environment variables into values. Pure.
struct VariableExpansion {
    /// Where a value is used.
    enum Use {
        /// By ourselves. `$${` stands for `${`.
        case here
        /// By each instance: its own variables and every `$$` stay, and a `$` in what is filled in is doubled, since
        /// the supervisor fills in once more.
        case perInstance
    }

    /// What is wrong, and the expression it is about, for its place.
    struct Failure: Error {
        var complaint: Complaint
        var expression: String
    }

    let environment: [String: String]
    let use: Use
    /// The variables that were asked for, in their order.
    private(set) var variables: [String] = []

    init(environment: [String: String], use: Use) {
        self.environment = environment
        self.use = use
    }

    mutating func expand(_ text: String) -> Result<String, Failure> {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${"), use == .here {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("$$"), use == .perInstance {
                result += "$$"
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix("${") {
                guard let close = rest.firstIndex(of: "}") else {
                    return .failure(
                        Failure(complaint: Complaint("`${` has no `}`", hint: "write `${VAR}`"), expression: "${"))
                }
                let expression = String(rest[...close])
                rest = rest[rest.index(after: close)...]
                switch value(of: expression) {
                case .success(let value): result += value
                case .failure(let complaint): return .failure(Failure(complaint: complaint, expression: expression))
                }
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
            guard result.utf8.count <= SettingsLimits.valueBytesMax else {
                let complaint = Complaint("the value is longer than \(SettingsLimits.valueBytesMax) bytes")
                return .failure(Failure(complaint: complaint, expression: "$"))
            }
        }
        return .success(result + rest)
    }

    /// Turns a value that is used by ourselves into text that `expand` gives back.
    static func escaped(_ value: String) -> String {
        value.replacing("${", with: "$${")
    }

    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
                || byte == UInt8(ascii: "_")
        }
    }

    /// Whether the supervisor sets the variable for each instance.
    static func isOfInstances(_ name: some StringProtocol) -> Bool {
        name == "PORT" || name.hasPrefix("PORTICO_") || name.hasPrefix("SHARE_")
    }

    /// The variables that the supervisor will fill into a value that is used per instance.
    static func names(in text: String) -> [String] {
        var names: [String] = []
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                rest = rest.dropFirst()
                continue
            }
            if rest.first == "{" { rest = rest.dropFirst() }
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            if !name.isEmpty { names.append(String(name)) }
            rest = rest.dropFirst(name.count)
        }
        return names
    }

    /// `expression` begins with `${` and ends with the first `}`.
    private mutating func value(of expression: String) -> Result<String, Complaint> {
        let inside = expression.dropFirst(2).dropLast()
        let name = inside.prefix { $0 != ":" && $0 != "-" && $0 != "?" && $0 != "+" && $0 != "=" }
        guard Self.isName(name) else {
            return .failure(
                Complaint("`\(expression)` does not name a variable", hint: "write `${VAR}` or `${VAR:-default}`"))
        }
        let tail = inside.dropFirst(name.count)
        guard tail.isEmpty || tail.hasPrefix(":-") || tail.hasPrefix(":?") else {
            return .failure(
                Complaint(
                    "`\(expression)` is not a form of a variable",
                    hint: "the forms are `${VAR}`, `${VAR:-default}` and `${VAR:?message}`"))
        }
        guard !tail.contains("$") else {
            return .failure(Complaint("`\(expression)` has a variable in a variable", hint: "a default is plain text"))
        }
        if use == .perInstance, Self.isOfInstances(name) {
            guard tail.isEmpty else {
                return .failure(Complaint("`\(name)` is always set for an instance", hint: "write `${\(name)}`"))
            }
            return .success(expression)
        }
        let text = tail.dropFirst(2)
        variables.append(String(name))
        if let value = environment[String(name)], tail.isEmpty || !value.isEmpty {
            return .success(use == .perInstance ? value.replacing("$", with: "$$") : value)
        }
        if tail.hasPrefix(":-") { return .success(String(text)) }
        let message =
            text.isEmpty
            ? "the environment variable \(name) is not set"
            : text.hasPrefix("\(name):") ? String(text) : "\(name): \(text)"
        return .failure(Complaint(message, hint: "set it, or write `${\(name):-default}`"))
    }
}
