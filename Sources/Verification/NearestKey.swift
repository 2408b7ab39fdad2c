// "did you mean …": the known word nearest to a misspelt one.

/// Suggestions for misspelt keys. Pure.
enum NearestKey {
    /// ` (did you mean "rate"?)`, or nothing when no known word is near.
    static func suggestion(for word: String, among known: [String]) -> String {
        let limit = max(1, word.count / 3)
        let candidates = known.map { (distance(word, $0), $0) }.filter { $0.0 <= limit }
        guard let best = candidates.min(by: { $0 < $1 }) else { return "" }
        return " (did you mean \"\(best.1)\"?)"
    }

    /// The edit distance of Damerau in its restricted form: a swap of neighbours counts as one.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var twoBack: [Int] = []
        var previous = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var row = [i + 1]
            for (j, other) in right.enumerated() {
                var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (byte == other ? 0 : 1))
                if i > 0, j > 0, byte == right[j - 1], left[i - 1] == other { cost = min(cost, twoBack[j - 1] + 1) }
                row.append(cost)
            }
            twoBack = previous
            previous = row
        }
        return previous[right.count]
    }
}
