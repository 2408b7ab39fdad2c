// Writes a PROXY protocol header for the next hop.

import Vocabulary

extension ProxyHeader {
    /// Appends the header: at most `textBytesMax` bytes. Pure.
    ///
    /// Two addresses of different families go out as IPv6, the IPv4 one mapped; a local header as UNKNOWN or LOCAL.
    package func write(_ version: ProxyHeaderVersion, into writer: inout ByteWriter) {
        switch version {
        case .v1: writeText(into: &writer)
        case .v2: writeBinary(into: &writer)
        }
    }

    private var isV4: Bool { source.isV4 && destination.isV4 }

    private func writeText(into writer: inout ByteWriter) {
        guard !isLocal else { return writer.append("PROXY UNKNOWN\r\n") }
        if isV4 { writer.append("PROXY TCP4 ") } else { writer.append("PROXY TCP6 ") }
        Self.writeText(source, isV4: isV4, into: &writer)
        writer.append(" ")
        Self.writeText(destination, isV4: isV4, into: &writer)
        writer.append(" ")
        writer.append(decimal: UInt64(sourcePort))
        writer.append(" ")
        writer.append(decimal: UInt64(destinationPort))
        writer.append("\r\n")
    }

    /// IPv6 in eight groups without `::`, which every reader takes and 39 characters bound.
    private static func writeText(_ address: IPAddress, isV4: Bool, into writer: inout ByteWriter) {
        if isV4 {
            for index in 0..<4 {
                if index > 0 { writer.append(".") }
                writer.append(decimal: UInt64(address.v4 >> UInt32(24 - 8 * index) & 255))
            }
            return
        }
        for position in 0..<8 {
            if position > 0 { writer.append(":") }
            let half = position < 4 ? address.high : address.low
            writer.append(hexadecimal: half >> UInt64((3 - position % 4) * 16) & 0xffff)
        }
    }

    private func writeBinary(into writer: inout ByteWriter) {
        writer.append(Self.signature)
        guard !isLocal else {
            writer.append(0x20)
            for _ in 0..<3 { writer.append(UInt8(0)) }
            return
        }
        writer.append(0x21)
        writer.append(isV4 ? 0x11 : 0x21)
        writer.append(UInt8(0))
        writer.append(isV4 ? 12 : 36)
        Self.write(source, isV4: isV4, into: &writer)
        Self.write(destination, isV4: isV4, into: &writer)
        Self.write(UInt64(sourcePort), bytes: 2, into: &writer)
        Self.write(UInt64(destinationPort), bytes: 2, into: &writer)
    }

    private static func write(_ address: IPAddress, isV4: Bool, into writer: inout ByteWriter) {
        if !isV4 { write(address.high, bytes: 8, into: &writer) }
        write(address.low, bytes: isV4 ? 4 : 8, into: &writer)
    }

    /// The lowest `bytes` bytes, the highest of them first.
    private static func write(_ number: UInt64, bytes: Int, into writer: inout ByteWriter) {
        for index in 0..<bytes { writer.append(UInt8(truncatingIfNeeded: number >> UInt64((bytes - 1 - index) * 8))) }
    }
}
