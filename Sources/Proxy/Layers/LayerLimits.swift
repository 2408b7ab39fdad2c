// The bounds of the layers, in one place.

enum LayerLimits {
    /// Handshake steps (one flight of a client answered) per turn of the loop. One with a key exchange and a signature
    /// takes 0.15 ms with ECDSA P-256 and 0.7 ms with RSA 2048, so that other connections wait 3 ms more at the most;
    /// a turn's own cost (three system calls) is then still below 1 % of what it does.
    static let handshakeStepsPerTurn = 4
    /// The plaintext of one record (RFC 8446 §5.1).
    static let recordBytes = 16 * 1024
    /// Bytes encrypted in one call.
    static let runBytes = 4 * recordBytes
    /// Room for encrypted bytes: what one event brings (64 KiB) and its head leave in one system call.
    static let outputBytes = 160 * 1024
}
