// Everything that the sessions of one loop share. Callbacks of libnghttp2 come here through the session's pointer while
// a method of `Multiplexer` is under way, so nothing may hold the whole of it: fields are touched one at a time.

import CNghttp2
import HTTPWire
import Vocabulary

struct Core: ~Copyable {
    let memory = LibraryMemory()
    var blocks = BlockStore()
    var spareStreams: StreamPointer?
    /// Slabs of records, to free them.
    var madeStreams: [StreamPointer] = []
    var events = EventList()
    var arena = Arena()
    /// Of unfinished heads between two receives.
    var partialBytes = 0
    var crumbs = Arena()
    var requestParser = RequestHeadParser()
    var responseParser = ResponseHeadParser()
    /// What is being collected for a connection.
    let output: UnsafeMutableRawBufferPointer
    var outputCount = 0
    var isOutputFull = false
    /// Fields of the head that is being sent.
    private(set) var fields: UnsafeMutablePointer<nghttp2_nv>
    private(set) var fieldsCapacity = HTTP2Limits.fieldsMax
    /// The block whose bytes were told last.
    var toldBlock: UnsafeMutableRawPointer?
    /// Makes WebSocket keys. Not secrets: they show that a server understood (RFC 6455 §1.3).
    var random: SeededRandom
    var now = Instant.zero
    let serverOptions: OpaquePointer
    let clientOptions: OpaquePointer
    let callbacks: OpaquePointer

    init(seed: UInt64) {
        output = .allocate(byteCount: HTTP2Limits.outputBytesMax, alignment: 64)
        fields = .allocate(capacity: HTTP2Limits.fieldsMax)
        fields.initialize(repeating: nghttp2_nv(), count: fieldsCapacity)
        random = SeededRandom(seed: seed).split("websocket keys")
        serverOptions = Self.options(isServer: true)
        clientOptions = Self.options(isServer: false)
        callbacks = Self.makeCallbacks()
    }

    deinit {
        for stream in madeStreams { stream.deallocate() }
        if let toldBlock { toldBlock.deallocate() }
        output.deallocate()
        fields.deallocate()
        nghttp2_option_del(serverOptions)
        nghttp2_option_del(clientOptions)
        nghttp2_session_callbacks_del(callbacks)
    }

    /// Makes room for that many fields.
    mutating func reserveFields(_ count: Int) {
        guard count > fieldsCapacity else { return }
        fields.deallocate()
        fieldsCapacity = count
        fields = .allocate(capacity: count)
        fields.initialize(repeating: nghttp2_nv(), count: count)
    }

    private static func options(isServer: Bool) -> OpaquePointer {
        var made: OpaquePointer?
        precondition(nghttp2_option_new(&made) == 0, "out of memory")
        let options = made!
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_max_settings(options, HTTP2Limits.settingsEntriesMax)
        nghttp2_option_set_max_outbound_ack(options, HTTP2Limits.acknowledgementsMax)
        nghttp2_option_set_max_continuations(options, HTTP2Limits.continuationPiecesMax)
        nghttp2_option_set_max_deflate_dynamic_table_size(options, HTTP2Limits.tableBytesMax)
        nghttp2_option_set_max_send_header_block_length(options, HTTP2Limits.sentHeadBytesMax)
        nghttp2_option_set_no_closed_streams(options, 1)
        if isServer {
            // Counted here instead, together with what has the same effect.
            nghttp2_option_set_stream_reset_rate_limit(options, 1 << 40, 1 << 40)
        } else {
            nghttp2_option_set_max_reserved_remote_streams(options, 0)
        }
        return options
    }
}
