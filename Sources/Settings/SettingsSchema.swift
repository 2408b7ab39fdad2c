// The JSON Schema of a settings file, made from the catalogue. For editors: they complete and underline; the reader
// knows more (references, conflicts, variables).

import Vocabulary

extension Settings {
    /// JSON Schema (draft 2020-12) of a settings file, for editors. Keys of the design that this version lacks are not
    /// in it.
    package static let schemaJSON: String = {
        var members: [(String, JSONText)] = [
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("Portico settings")),
        ]
        members += SettingsSchema.object(Catalogue.root)
        return JSONText.object(members).printed() + "\n"
    }()
}

/// Turns the catalogue into JSON Schema.
private enum SettingsSchema {
    /// What `${VAR}` may stand in for: every single value.
    private static let variable = "\\$\\{[^}]*\\}"

    private static let name = "[a-z0-9][a-z0-9-]{0,\(SettingsLimits.nameLengthMax - 1)}"

    static func object(_ shape: Shape) -> [(String, JSONText)] {
        var members: [(String, JSONText)] = [
            ("type", .string("object")), ("additionalProperties", .bool(false)),
            (
                "properties",
                .object(
                    shape.keys.filter(\.isSupported).map { key in
                        var members: [(String, JSONText)] = [("description", .string(key.summary))]
                        if let initial = key.initial { members.append(("default", initialValue(initial))) }
                        return (key.name, .object(members + value(key.kind)))
                    })
            ),
        ]
        let required = shape.keys.filter(\.isRequired).map { JSONText.string($0.name) }
        if !required.isEmpty { members.append(("required", .array(required))) }
        return members
    }

    private static func initialValue(_ text: String) -> JSONText {
        Int(text).map { .number($0) } ?? .string(text)
    }

    private static func value(_ kind: Kind) -> [(String, JSONText)] {
        switch kind {
        case .duration: pattern("[0-9]+(ms|s|m|h)")
        case .size: pattern("[0-9]+(B|KiB|MiB|GiB)")
        case .integer(let range): numberOrVariable(range)
        case .percent: pattern("[0-9]{1,3}%")
        case .amount(let max): anyOf([numberOrVariable(0...max), pattern("[0-9]+%?")])
        case .range(let range): anyOf([numberOrVariable(range), pattern("[0-9]+(\\.\\.[0-9]+)?")])
        case .choice(let words, _): [("enum", .array(words.map { .string($0) }))]
        case .flag: [("const", .bool(true))]
        case .boolean: [("type", .string("boolean"))]
        case .name: pattern(name)
        case .release: pattern("[A-Za-z0-9][A-Za-z0-9._-]{0,\(SettingsLimits.releaseLengthMax - 1)}")
        case .listenAddress:
            anyOf([[("type", .string("integer")), ("minimum", .number(0)), ("maximum", .number(65535))], text])
        case .backendAddress, .host, .serverName, .filePath, .accessLog: text
        case .adminAddress: pattern("unix:.+")
        case .routePath, .probePath: pattern("/.*")
        case .workers: anyOf([[("const", .string("auto"))], numberOrVariable(Grammar.workersRange)])
        case .command:
            anyOf([text, [("type", .string("array")), ("items", .object(scalar)), ("minItems", .number(1))]])
        case .names, .networks: [("type", .string("array")), ("items", .object(text))]
        case .environment: [("type", .string("object")), ("additionalProperties", .object(scalar))]
        case .object(let shape): object(shape)
        case .list(let shape): [("type", .string("array")), ("items", .object(object(shape)))]
        case .named(let shape):
            [
                ("type", .string("object")),
                // Variables are not filled into keys.
                ("propertyNames", .object([("pattern", .string("^\(name)$"))])),
                ("additionalProperties", .object(object(shape))),
            ]
        case .backends(let shape):
            [
                ("type", .string("array")), ("minItems", .number(1)),
                ("items", .object(anyOf([text, object(shape)]))),
            ]
        case .notYet: []
        }
    }

    private static let text: [(String, JSONText)] = [("type", .string("string"))]

    private static let scalar: [(String, JSONText)] = [
        ("type", .array([.string("string"), .string("number"), .string("boolean")]))
    ]

    private static func pattern(_ pattern: String) -> [(String, JSONText)] {
        [("type", .string("string")), ("pattern", .string("^(\(pattern)|.*\(variable).*)$"))]
    }

    private static func numberOrVariable(_ range: ClosedRange<Int>) -> [(String, JSONText)] {
        anyOf([
            [
                ("type", .string("integer")), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)),
            ],
            [("type", .string("string")), ("pattern", .string("^([0-9]+|.*\(variable).*)$"))],
        ])
    }

    private static func anyOf(_ schemas: [[(String, JSONText)]]) -> [(String, JSONText)] {
        [("anyOf", .array(schemas.map { .object($0) }))]
    }
}
