// What a settings file may contain: every object, its keys, the kind and range of their values, and what each means.
// The reader knows no key that is not here, and the schema is made from here, so that the two can't differ.

import Vocabulary

/// What a key's value must be.
enum Kind: Sendable {
    case duration(ClosedRange<Duration>)
    case size(ClosedRange<ByteCount>)
    case integer(ClosedRange<Int>)
    case percent
    /// `1` or `25%`.
    case amount(max: Int)
    /// `2..8` or `3`.
    case range(ClosedRange<Int>)
    /// One of `words`; those of `notYet` are known and not supported yet.
    case choice([String], notYet: [String])
    /// `true` and nothing else.
    case flag
    case boolean
    case name
    case release
    case listenAddress
    case backendAddress
    case adminAddress
    case filePath
    case routePath
    case probePath
    case host
    /// A host name or an address, as a certificate has it.
    case serverName
    /// `auto` or a number.
    case workers
    /// `off` or a path.
    case accessLog
    /// A command: one string or a list of words.
    case command
    /// A list of names of shares.
    case names
    /// A list of networks.
    case networks
    /// Names of environment variables and their values.
    case environment
    case object(Shape)
    case list(Shape)
    /// Entries under names of the operator's choice.
    case named(Shape)
    /// An address, or an object with one.
    case backends(Shape)
    /// In the design, and not in this version.
    case notYet
}

extension Kind {
    /// What must be written, for messages.
    var expectation: String {
        switch self {
        case .duration: "a duration such as `250ms`, `2s` or `5m`"
        case .size: "a size such as `32KiB` or `1GiB`"
        case .integer: "a whole number"
        case .percent: "a percentage such as `20%`"
        case .amount: "a number such as `1` or a share such as `25%`"
        case .range: "a range such as `2..8`, or a number"
        case .choice(let words, _): "one of \(words.joined(separator: ", "))"
        case .flag: "`true`"
        case .boolean: "`true` or `false`"
        case .name: "a name"
        case .release: "the name of a release"
        case .listenAddress: "an address such as `0.0.0.0:8080`"
        case .backendAddress: "an address such as `10.0.0.7:8080`"
        case .adminAddress: "an address such as `unix:/run/portico/admin.sock`"
        case .filePath: "a path"
        case .routePath, .probePath: "a path such as `/health`"
        case .host: "a host such as `shop.example.com` or `*.example.com`"
        case .serverName: "a host such as `books.internal`"
        case .workers: "`auto` or a number"
        case .accessLog: "a path or `off`"
        case .command: "a command"
        case .networks: "a list of networks such as `[10.0.0.0/8]`"
        case .names: "a list of names such as `[covers]`"
        case .environment: "a mapping of names to values"
        case .object, .named: "a mapping"
        case .list, .backends: "a list"
        case .notYet: "nothing"
        }
    }
}

/// A key of an object.
struct Key: Sendable {
    let name: String
    let kind: Kind
    /// One sentence.
    let summary: String
    /// As it is written in a file; `nil` when leaving it out means "none" or is not allowed.
    let initial: String?
    let isRequired: Bool

    init(_ name: String, _ kind: Kind, _ summary: String, initial: String? = nil, isRequired: Bool = false) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.initial = initial
        self.isRequired = isRequired
    }

    /// A key of the design that this version does not have.
    static func notYet(_ names: String...) -> [Key] {
        names.map { Key($0, .notYet, "Not supported yet.") }
    }

    var isSupported: Bool {
        if case .notYet = kind { false } else { true }
    }
}

/// An object: a mapping with known keys.
struct Shape: Sendable {
    /// With its article left out: `listener`, `health`.
    let name: String
    let keys: [Key]

    init(_ name: String, _ keys: [Key]) {
        self.name = name
        self.keys = keys
    }

    /// For messages: "the listener", but "`health`" for what has no other name than its key.
    var title: String {
        ["settings file", "listener", "route", "service", "backend", "share", "certificate"].contains(name)
            ? "the \(name)" : "`\(name)`"
    }

    subscript(name: String) -> Key? { keys.first { $0.name == name } }

    var supportedNames: [String] { keys.filter(\.isSupported).map(\.name) }
}
