// The table of byte classes against the sets as the standards spell them.
// And the search for control bytes, eight at a time.

import Testing

@testable import HTTPWire

@Suite struct ByteClassTests {
    private static let alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    @Test(arguments: [
        (ByteClass.token, alphanumerics + "!#$%&'*+-.^_`|~"),
        (ByteClass.plainTarget, alphanumerics + "!\"$&'()*+,-/:;<=>@[]^_`{|}~"),
        (ByteClass.host, alphanumerics + "-._~"),
        (ByteClass.underscore, "_"),
        (ByteClass.requestID, alphanumerics + "._:-"),
    ])
    func `holds the bytes of each class and no others`(_ byteClass: UInt8, _ members: String) {
        let found = (UInt8.min...UInt8.max).filter { ByteScan.isIn(byteClass, $0) }
        #expect(found == Array(members.utf8).sorted())
    }

    @Test func `finds the first control byte at any place in any length`() {
        for length in 0...40 {
            let plain = [UInt8](repeating: 0x80, count: length)
            #expect(withExactBytes(plain) { ByteScan.firstControl($0, from: 0, to: length) } == length)
            for place in 0..<length {
                for byte in [0, 0x09, 0x0A, 0x0D, 0x1F, 0x7F] as [UInt8] {
                    var bytes = plain
                    bytes[place] = byte
                    // Neighbours that differ from a control byte by one bit or one borrow.
                    if place > 0 { bytes[place - 1] = 0x20 }
                    if place + 1 < length { bytes[place + 1] = 0xFF }
                    #expect(withExactBytes(bytes) { ByteScan.firstControl($0, from: 0, to: length) } == place)
                    #expect(withExactBytes(bytes) { ByteScan.firstControl($0, from: place, to: length) } == place)
                }
            }
        }
        let allowed = (UInt8.min...UInt8.max).filter { $0 >= 0x20 && $0 != 0x7F }
        #expect(withExactBytes(allowed) { ByteScan.firstControl($0, from: 0, to: allowed.count) } == allowed.count)
    }
}
