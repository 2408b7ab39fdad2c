// PROXY protocol headers, byte by byte: what is taken, what is refused, and that every cut of a good one is incomplete.

import HTTPWire
import Testing
import Vocabulary

@Suite struct ProxyHeaderTests {
    private static let sign = "\r\n\r\n\0\r\nQUIT\n"
    private static let v4 = "\u{c0}\u{0}\u{2}\u{7}\u{a}\u{0}\u{0}\u{1}\u{12}\u{67}\u{1}\u{bb}"
    private static let v6 =
        " \u{1}\u{d}\u{b8}" + String(repeating: "\0", count: 11) + "\u{1}" + " \u{1}\u{d}\u{b8}"
        + String(repeating: "\0", count: 11) + "\u{2}\u{12}\u{67}\u{1}\u{bb}"

    private static func header(_ source: String, _ destination: String) -> ProxyHeader {
        ProxyHeader(
            source: IPAddress(source)!, sourcePort: 4711, destination: IPAddress(destination)!, destinationPort: 443)
    }

    private static let ipv4 = header("192.0.2.7", "10.0.0.1")
    private static let ipv6 = header("2001:db8::1", "2001:db8::2")

    static let good: [(String, ProxyHeader)] = [
        ("PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n", ipv4),
        ("PROXY TCP6 2001:db8::1 2001:DB8:0::2 4711 443\r\n", ipv6),
        ("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:10.0.0.1 4711 443\r\n", ipv4),
        (
            "PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 4711 443\r\n".replacing("f...f", with: "1:2:3:4:5:6"),
            header("ffff:1:2:3:4:5:6:ffff", "ffff:1:2:3:4:5:6:ffff")
        ),
        ("PROXY UNKNOWN\r\n", .local),
        ("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", .local),
        ("PROXY UNKNOWN " + String(repeating: "x", count: 107 - 16) + "\r\n", .local),
        (sign + "\u{21}\u{11}\0\u{c}" + v4, ipv4),
        (sign + "\u{21}\u{21}\0\u{24}" + v6, ipv6),
        // With TLVs.
        (sign + "\u{21}\u{11}\0\u{10}" + v4 + "\u{4}\0\u{1}x", ipv4),
        (sign + "\u{21}\u{11}\u{f}\u{f0}" + v4 + String(repeating: "t", count: 4080 - 12), ipv4),
        // What tells nothing.
        (sign + "\u{20}\0\0\0", .local),
        (sign + "\u{20}\u{11}\0\u{c}" + v4, .local),
        (sign + "\u{20}\u{ff}\0\u{2}xx", .local),
        (sign + "\u{21}\0\0\0", .local),
        (sign + "\u{21}\u{31}\0\u{d8}" + String(repeating: "u", count: 216), .local),
    ]

    @Test(arguments: good.indices)
    func `reads a header, and not the bytes behind it`(_ index: Int) {
        let (header, expected) = Self.good[index]
        let wire = bytes(header)
        withExactBytes(wire) { #expect(ProxyHeader.parse($0) == .complete(length: wire.count, expected)) }
        withExactBytes(wire + bytes("GET / HTTP/1.1\r\n")) {
            #expect(ProxyHeader.parse($0) == .complete(length: wire.count, expected))
        }
        for count in 0..<wire.count {
            withExactBytes(wire[..<count]) { #expect(ProxyHeader.parse($0) == .incomplete, "\(count) bytes") }
        }
    }

    static let bad: [(String, ProxyHeaderFault)] = [
        ("G", .notProxy), ("GET / HTTP/1.1\r\n", .notProxy), ("PROXZ", .notProxy), ("PROXY\r\n", .notProxy),
        ("proxy TCP4 192.0.2.7 10.0.0.1 1 2\r\n", .notProxy), ("\u{16}\u{3}\u{1}", .notProxy), ("\n", .notProxy),
        ("PROXY \r\n", .badText), ("PROXY TCP4\r\n", .badText), ("PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n", .badText),
        ("PROXY TCP4  192.0.2.7 10.0.0.1 1 2\r\n", .badText), ("PROXY TCP4 192.0.2.7 10.0.0.1 1 2 \r\n", .badText),
        ("PROXY TCP4 192.0.2.7 10.0.0.1 1\r\n", .badText), ("PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n", .badText),
        ("PROXY TCP4 192.0.2.7 10.0.0.1 01 2\r\n", .badText), ("PROXY TCP4 192.0.2.7 10.0.0.1 1 65536\r\n", .badText),
        ("PROXY TCP4 192.0.2.7 10.0.0.1 -1 2\r\n", .badText), ("PROXY TCP4 192.0.2.07 10.0.0.1 1 2\r\n", .badText),
        ("PROXY TCP4 192.0.2.256 10.0.0.1 1 2\r\n", .badText), ("PROXY TCP4 ::1 10.0.0.1 1 2\r\n", .badText),
        ("PROXY TCP4 ::ffff:1.2.3.4 10.0.0.1 1 2\r\n", .badText), ("PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n", .badText),
        ("PROXY TCP6 ::1 10.0.0.1 1 2\r\n", .badText), ("PROXY TCP6 ::1 ::g 1 2\r\n", .badText),
        ("PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n", .badText), ("PROXY TCP4 192.0.2.7 10.0.0.1 1 2\rX", .badText),
        ("PROXY TCP4 192.0.2.7\t10.0.0.1 1 2\r\n", .badText), ("PROXY UNKNOWN\0\r\n", .badText),
        ("PROXY UNKNOWNS\r\n", .badText), ("PROXY UNKNOWN " + String(repeating: "x", count: 107 - 15), .tooLong),
        ("\r\n\r\n\0\r\nQUIT\r", .notProxy), ("\r\nGET", .notProxy), (sign + "\u{11}", .badCommand),
        (sign + "\u{22}", .badCommand), (sign + "\u{31}", .badCommand), (sign + "\u{21}\u{12}\0\u{c}", .badFamily),
        (sign + "\u{21}\u{22}\0\u{24}", .badFamily), (sign + "\u{21}\u{32}\0\u{d8}", .badFamily),
        (sign + "\u{21}\u{41}\0\u{c}", .badFamily), (sign + "\u{21}\u{10}\0\u{c}", .badFamily),
        (sign + "\u{21}\u{1}\0\u{c}", .badFamily), (sign + "\u{21}\u{11}\0\u{b}", .tooShort),
        (sign + "\u{21}\u{21}\0\u{23}", .tooShort), (sign + "\u{21}\u{11}\u{f}\u{f1}", .tooLong),
        (sign + "\u{20}\u{0}\u{ff}\u{ff}", .tooLong),
    ]

    @Test(arguments: bad.indices)
    func `refuses what is no header`(_ index: Int) {
        let (wire, fault) = Self.bad[index]
        withExactBytes(bytes(wire)) { #expect(ProxyHeader.parse($0) == .malformed(fault), "\(wire.debugDescription)") }
    }

    @Test(arguments: ProxyHeaderVersion.allCases)
    func `reads what it writes`(_ version: ProxyHeaderVersion) {
        let mixed = Self.header("2001:db8::1", "10.0.0.1")
        for header in [Self.ipv4, Self.ipv6, mixed, .local] {
            withUnsafeTemporaryAllocation(byteCount: ProxyHeader.textBytesMax, alignment: 1) { room in
                var writer = ByteWriter(room)
                header.write(version, into: &writer)
                #expect(ProxyHeader.parse(writer.written) == .complete(length: writer.count, header))
                #expect(writer.count > 0)
            }
        }
    }

    @Test func `writes the longest addresses within the bound of version 1`() {
        let address = IPAddress(high: .max, low: .max)
        let longest = ProxyHeader(
            source: address, sourcePort: .max, destination: address, destinationPort: .max)
        withUnsafeTemporaryAllocation(byteCount: ProxyHeader.textBytesMax, alignment: 1) { room in
            var writer = ByteWriter(room)
            longest.write(.v1, into: &writer)
            let full = String(repeating: "ffff:", count: 7) + "ffff"
            let line = "PROXY TCP6 \(full) \(full) 65535 65535\r\n"
            #expect(Array(writer.written) == bytes(line))
        }
    }

    @Test func `writes the bytes of the specification`() {
        for (version, expected) in [
            (ProxyHeaderVersion.v1, "PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n"),
            (.v2, Self.sign + "\u{21}\u{11}\0\u{c}" + Self.v4),
        ] {
            withUnsafeTemporaryAllocation(byteCount: ProxyHeader.textBytesMax, alignment: 1) { room in
                var writer = ByteWriter(room)
                Self.ipv4.write(version, into: &writer)
                #expect(Array(writer.written) == bytes(expected))
            }
        }
    }
}
