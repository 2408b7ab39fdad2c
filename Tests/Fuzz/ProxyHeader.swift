// PROXY protocol headers, both versions: a prefix never says anything but "more", the header ends where it says, and
// written in either version it is read as the same.

import HTTPWire
import Vocabulary

private let versions = [ProxyHeaderVersion.v1, .v2]

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    let whole = ProxyHeader.parse(bytes)
    var last = ProxyHeaderParse.incomplete
    for end in cuts(bytes.count) where last == .incomplete {
        last = withPrefix(bytes, end) { ProxyHeader.parse($0) }
        if last == .incomplete { require(end < ProxyHeader.bytesMax, "wants more than \(end) bytes") }
    }
    if last == .incomplete { last = whole }
    switch (last, whole) {
    case (.complete, .complete), (.incomplete, .incomplete): require(last == whole, "in pieces \(last), not \(whole)")
    case (.malformed, .malformed): break
    default: require(false, "in pieces \(last) and not \(whole)")
    }
    guard case .complete(let length, let header) = whole else { return 0 }
    require(length > 0 && length <= bytes.count, "\(length) of \(bytes.count) bytes")
    withUnsafeTemporaryAllocation(byteCount: ProxyHeader.textBytesMax, alignment: 1) { room in
        for version in versions {
            var writer = ByteWriter(room)
            header.write(version, into: &writer)
            require(!writer.isOverflowed, "outgrew \(room.count) bytes")
            let again = ProxyHeader.parse(writer.written)
            guard case .complete(writer.count, let read) = again else {
                return require(false, "written it is \(again)")
            }
            // Mixed families go out as IPv6, with the IPv4 address mapped, which reads as IPv4 again.
            require(read == header, "written it is \(read) and not \(header)")
        }
    }
    return 0
}
