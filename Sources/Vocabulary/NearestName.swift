// "Did you mean …?": the known name nearest to a mistyped one.

/// Finds the nearest of a few names. Pure.
package enum NearestName {
    /// The known name that differs from `name` by the fewest edits, if that is at most a third of its length (and at
    /// least one); the first of equals. Case does not count. `nil` when none is near.
    ///
    /// An edit inserts, deletes or replaces a character or swaps two neighbours (optimal string alignment distance).
    package static func of(_ name: String, among known: [String]) -> String? {
        // Nobody mistypes a longer name, and the distance costs the product of the lengths.
        guard name.utf8.count <= 128 else { return nil }
        let wanted = Array(name.lowercased())
        let editsMax = max(1, wanted.count / 3)
        var best: (name: String, edits: Int)?
        for candidate in known where candidate.utf8.count <= 128 {
            let edits = distance(wanted, Array(candidate.lowercased()))
            if edits <= editsMax, edits < best?.edits ?? .max { best = (candidate, edits) }
        }
        return best?.name
    }

    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1] + [Int](repeating: 0, count: right.count)
            for j in right.indices {
                let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
                row[j + 1] = min(replaced, last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
                }
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
