// What this program calls itself.

/// The version of Portico.
enum Version {
    /// Semantic versioning; 0 until the first release.
    static let text = "0.1.0"
}
