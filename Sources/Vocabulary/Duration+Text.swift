// Durations in sentences for people. Settings print theirs in their own grammar: see `Settings`.

extension Duration {
    /// `250 ms` below a second, else seconds with one decimal at most: `1.5 s`, `60 s`. Rounded to the nearest.
    package var inWords: String {
        let milliseconds = (max(0, nanoseconds) + 500_000) / 1_000_000
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
