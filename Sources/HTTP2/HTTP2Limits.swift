// The bounds of HTTP/2, in one place, each with where its number comes from. What no peer may exceed at all is announced
// in SETTINGS or kept by libnghttp2; what a peer may do often, but not for ever, has a budget that fills up again.

/// The bounds of one HTTP/2 connection. No setting changes them.
package enum HTTP2Limits {
    /// Streams of one client at a time (RFC 9113 §6.5.2 advises 100 or more; nginx has 128, Envoy's edge guide 100).
    package static let streamsMax = 128
    /// Bytes of a body that a peer may send ahead of us per stream.
    package static let streamWindowBytes = 256 * 1024
    /// The same for all streams of a connection together: what one client can make us keep (Envoy's edge guide: 1 MiB).
    package static let connectionWindowBytes = 1024 * 1024
    /// Bytes of a head, written as HTTP/1.1; more is cut off, and refused by the HTTP/1.1 parser (431). Above the
    /// largest `header_bytes` that has an effect.
    package static let headBytesMax = 64 * 1024
    /// Announced as SETTINGS_MAX_HEADER_LIST_SIZE.
    package static let headerListBytesMax = 64 * 1024
    /// Bytes of all trailer fields; more are dropped, all of them (`WireLimits.trailerBytesMax`).
    static let trailerBytesMax = 8 * 1024
    /// HPACK: the table that a peer may fill, and the most we fill of one (RFC 7541 §4.2; the default).
    static let tableBytesMax = 4096
    /// CONTINUATION frames of one header block (CVE-2024-28182).
    static let continuationsMax = 8
    /// The same for libnghttp2, which counts each piece that a frame's header of 9 bytes comes in.
    static let continuationPiecesMax = continuationsMax * 9
    /// Entries of a SETTINGS frame; libnghttp2's default.
    static let settingsEntriesMax = 32
    /// Acknowledgements that wait to be sent to a peer that does not read. libnghttp2 has 1000; ours are budgeted below.
    static let acknowledgementsMax = 100
    /// Bytes of one stream that wait to be sent before its source must pause, and below which it may go on.
    static let outboxBytesMax = 128 * 1024
    static let outboxBytesLow = 64 * 1024
    /// Bytes that one `collect` gives at most.
    static let outputBytesMax = 256 * 1024
    /// Bytes of an outgoing head, by HPACK's worst case: 60 KiB of HTTP/1.1 and 12 for each of its fields.
    static let sentHeadBytesMax = 192 * 1024
    /// Fields of an outgoing head, pseudo fields included, for which there is room from the start.
    static let fieldsMax = 512
    /// Pieces of a body up to this size are copied behind what the same stream received just before.
    static let joinBytesMax = 2048

    /// How often something may happen: at once, and per second for ever.
    struct Budget {
        var burst: Int64
        var perSecond: Int64
    }

    /// RST_STREAM of the peer, and those that its errors made us send (CVE-2023-44487, CVE-2025-8671). The burst is twice
    /// `streamsMax`, as in nginx 1.25.3; the rate is libnghttp2's.
    static let resets = Budget(burst: 256, perSecond: 33)
    /// PING. gRPC measures its windows by PINGs, one per round trip while data flows: DATA frames sent give credit.
    static let pings = Budget(burst: 500, perSecond: 10)
    /// SETTINGS: one is normal, a few follow when an application changes its mind.
    static let settings = Budget(burst: 50, perSecond: 1)
    /// DATA frames without content, END_STREAM or credit (CVE-2019-9518).
    static let empties = Budget(burst: 200, perSecond: 10)
    /// WINDOW_UPDATE: two per DATA frame sent are given as credit on top (Envoy allows ten).
    static let windowUpdates = Budget(burst: 2000, perSecond: 100)
    /// PRIORITY: a few per stream are normal (Envoy allows 100). Frames of unknown type are skipped unseen.
    static let priorities = Budget(burst: 2000, perSecond: 100)
}
