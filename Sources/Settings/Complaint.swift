// What is wrong with one value, before its place is known.

/// A message and the operator's next step.
struct Complaint: Error, Hashable {
    var message: String
    var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
