// Where each value of a settings file came from, for `config show --effective` and for the place of a problem that
// shows only after reading.

/// The origin of every value that is not a default, by its path: `services.shop.health.interval`, `listeners.0.bind`.
package struct SettingsOrigins: Sendable {
    /// Where one value came from.
    package struct Origin: Hashable, Sendable {
        package var file: String
        package var line: Int
        package var column: Int
        /// The environment variables that were filled in, in their order.
        package var variables: [String]
        /// The text before they were filled in; `nil` when there were none.
        package var written: String?

        package init(file: String, line: Int, column: Int, variables: [String] = [], written: String? = nil) {
            self.file = file
            self.line = line
            self.column = column
            self.variables = variables
            self.written = written
        }
    }

    package var byPath: [String: Origin] = [:]

    package init() {}

    package subscript(path: String) -> Origin? { byPath[path] }
}

extension SettingsOrigins: Hashable {
    /// Always equal: two settings that say the same are the same, wherever they were written.
    package static func == (left: SettingsOrigins, right: SettingsOrigins) -> Bool { true }

    package func hash(into hasher: inout Hasher) {}
}
