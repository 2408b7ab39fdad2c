// The answer to a WebSocket's key, by OpenSSL.

import COpenSSL

/// What a server says to `key` in `Sec-WebSocket-Accept` (RFC 6455 §4.2.2).
func webSocketAccept(_ key: String) -> String {
    let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    precondition(EVP_Digest(text, text.count, &digest, &count, EVP_sha1(), nil) == 1)
    var encoded = [UInt8](repeating: 0, count: 64)
    let length = EVP_EncodeBlock(&encoded, digest, CInt(count))
    return String(decoding: encoded[..<Int(length)], as: UTF8.self)
}
