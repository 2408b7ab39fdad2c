// The error for a service that is not there, worded once for the API and the command line.

import Administration
import Vocabulary

/// Words the refusal of an unknown service. Pure.
package enum UnknownService {
    package static func error(_ name: String, among known: [String]) -> AdministrationError {
        let hint: String
        if known.isEmpty {
            hint = "this front door has no services"
        } else {
            let nearest = NearestName.of(name, among: known).map { "did you mean \($0)? " } ?? ""
            hint = "\(nearest)services: \(known.sorted().joined(separator: ", "))"
        }
        return AdministrationError(code: .notFound, message: "there is no service \"\(name)\"", hint: hint)
    }
}
