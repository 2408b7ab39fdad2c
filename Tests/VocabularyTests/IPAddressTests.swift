// Addresses and networks as text.

import Testing
import Vocabulary

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
        ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"), ("64:ff9b::192.0.2.7", "64:ff9b::c000:207"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"), ("fe80::0", "fe80::"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ])
    func `reads an address and writes it as people do`(_ text: String, _ expected: String) {
        #expect(IPAddress(text)?.description == expected)
        #expect(IPAddress(expected) == IPAddress(text))
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", " 1.2.3.4",
        "1.2.3.-4", "1.2.3.4a", "00.0.0.0", "a.b.c.d", "99999999999.1.1.1", ":", ":::", "1:", ":1", "1:2", "12345::",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2::3", "1:::2", "g::",
        "::1%lo", "[::1]", "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::01.2.3.4", "1::2:", "::ffff:1.2.3.4.5",
        "1:2:3:4:5:6:7:8:", "0000000000000000000000000000000000000000000000::",
    ])
    func `refuses what is no address`(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `an IPv4 address is the same mapped or not`() {
        #expect(IPAddress(v4: 0x7f00_0001) == IPAddress("127.0.0.1"))
        #expect(IPAddress("127.0.0.1")!.isV4)
        #expect(!IPAddress("::127.0.0.1")!.isV4)
        #expect(IPAddress("10.1.2.3")!.v4 == 0x0a01_0203)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "2001:db8::1", true),
        ("::/0", "10.0.0.1", true), ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false),
        ("192.0.2.6/31", "192.0.2.7", true), ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::", false), ("2001:db8::/64", "2001:db8::ffff:0:0:1", true),
        ("2001:db8::/65", "2001:db8::8000:0:0:1", false), ("2001:db8::1/128", "2001:db8::1", true),
        ("2001:db8::1", "2001:db8::2", false),
    ])
    func `a network contains the addresses of its prefix`(_ network: String, _ address: String, _ isIn: Bool) {
        #expect(Network(network)?.contains(IPAddress(address)!) == isIn)
        #expect(Network(network)?.description == network.replacing("/128", with: ""))
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0.0/-1", "::/129",
        "2001:db8::1/64",
        "example.com", "/8", "", "10.0.0.0/ 8", "10.0.0.0/1000",
    ])
    func `refuses what is no network`(_ text: String) {
        #expect(Network(text) == nil)
    }

    @Test func `addresses of one IPv6 network of 64 bits share it`() {
        let first = Network(IPAddress("2001:db8:1:2:3::4")!, bits: 64)
        #expect(first == Network(IPAddress("2001:db8:1:2:ffff::9")!, bits: 64))
        #expect(first != Network(IPAddress("2001:db8:1:3::4")!, bits: 64))
    }
}
