// What one check came to, in figures and in a sentence.

/// The outcome of one check.
package struct Finding: Sendable, Codable, Hashable {
    /// The key of the check in scenario files.
    package var check: String
    /// Its name in the catalogue of invariants (I1 …), if it has one.
    package var invariant: String?
    /// `nil`: reported, but the scenario asked for no limit, or there was nothing to judge.
    package var verdict: Verdict?
    /// One sentence with the figures.
    package var summary: String
    /// Examples and particulars, at most `detailsMax`.
    package var details: [String]

    static let detailsMax = 10

    package init(
        _ check: String, _ invariant: String? = nil, _ verdict: Verdict?, _ summary: String, details: [String] = []
    ) {
        self.check = check
        self.invariant = invariant
        self.verdict = verdict
        self.summary = summary
        self.details = Array(details.prefix(Self.detailsMax))
        if details.count > Self.detailsMax {
            self.details.append("… and \(Figures.count(details.count - Self.detailsMax)) more")
        }
    }
}
