// What a command can't do, said to a person.

/// An error with its next step. ArgumentParser prints it after `Error: ` and the process ends with 1.
struct CommandError: Error, Hashable, CustomStringConvertible {
    let message: String
    let hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    var description: String {
        hint.map { "\(message)\n  hint: \($0)" } ?? message
    }
}
