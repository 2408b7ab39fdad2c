// What an HTTP/1.1 client of a WebSocket wants to see, and an HTTP/2 backend does not send (RFC 8441 §5): the answer to
// its key (RFC 6455 §4.2.2). It shows that somebody understood, and protects nothing; so does the SHA-1 within.

import HTTPWire

/// `Sec-WebSocket-Accept`. Pure.
package enum WebSocketAccept {
    typealias Text = [28 of UInt8]

    /// Whether `response` answers the one key of `request` (RFC 6455 §4.1). `responseBytes` and `requestBytes` are those
    /// the heads were parsed from.
    package static func isRight(
        _ response: borrowing ResponseHeadParser, in responseBytes: UnsafeRawBufferPointer,
        to request: borrowing RequestHeadParser, in requestBytes: UnsafeRawBufferPointer
    ) -> Bool {
        var expected: Text?
        for index in 0..<request.fieldCount {
            let field = request.field(index)
            guard field.isCalled("sec-websocket-key", in: requestBytes) else { continue }
            guard expected == nil else { return false }
            expected = answer(UnsafeRawBufferPointer(rebasing: requestBytes[field.value]))
        }
        guard var expected else { return false }
        var answers = 0
        for index in 0..<response.fieldCount {
            let field = response.field(index)
            guard field.isCalled("sec-websocket-accept", in: responseBytes) else { continue }
            let value = UnsafeRawBufferPointer(rebasing: responseBytes[field.value])
            guard withUnsafeBytes(of: &expected, { $0.elementsEqual(value) }) else { return false }
            answers += 1
        }
        return answers == 1
    }

    /// The answer to `key`; `nil` when that is none (24 characters).
    static func answer(_ key: UnsafeRawBufferPointer) -> Text? {
        guard key.count == 24 else { return nil }
        let suffix: StaticString = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        // 24 + 36 bytes, the bit that ends them, and their length, 480 bits: two blocks of 64.
        var message: [128 of UInt8] = .init(repeating: 0)
        for index in 0..<24 { message[index] = key[index] }
        for index in 0..<36 { message[24 + index] = suffix.utf8Start[index] }
        message[60] = 0x80
        message[126] = 0x01
        message[127] = 0xe0
        var state: [5 of UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
        addBlock(message, from: 0, to: &state)
        addBlock(message, from: 64, to: &state)
        return encode(state)
    }

    /// One round of SHA-1 (FIPS 180-4 §6.1.2).
    private static func addBlock(_ message: [128 of UInt8], from start: Int, to state: inout [5 of UInt32]) {
        var words: [80 of UInt32] = .init(repeating: 0)
        for index in 0..<16 {
            for byte in 0..<4 { words[index] = words[index] << 8 | UInt32(message[start + 4 * index + byte]) }
        }
        for index in 16..<80 {
            let mixed = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16]
            words[index] = mixed << 1 | mixed >> 31
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for index in 0..<80 {
            let (mixed, constant): (UInt32, UInt32) =
                switch index {
                case 0..<20: (b & c | ~b & d, 0x5a82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ed9_eba1)
                case 40..<60: (b & c | b & d | c & d, 0x8f1b_bcdc)
                default: (b ^ c ^ d, 0xca62_c1d6)
                }
            let next = (a << 5 | a >> 27) &+ mixed &+ e &+ constant &+ words[index]
            (a, b, c, d, e) = (next, a, b << 30 | b >> 2, c, d)
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
    }

    /// 20 bytes in base 64: 28 characters.
    private static func encode(_ state: [5 of UInt32]) -> Text {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var text: Text = .init(repeating: UInt8(ascii: "="))
        for digit in 0..<27 {
            var bits = 0
            for bit in 6 * digit..<6 * digit + 6 {
                bits = bits << 1
                if bit < 160 { bits |= Int(state[bit / 32] >> UInt32(31 - bit % 32) & 1) }
            }
            text[digit] = alphabet.utf8Start[bits]
        }
        return text
    }
}
