// Addresses between their value and the system's form.

import CKernel
import Glibc
import Vocabulary

extension IPAddress {
    /// `nil` for a unix socket.
    init?(_ form: UnsafePointer<sockaddr_storage>) {
        let raw = UnsafeRawPointer(form)
        switch CInt(form.pointee.ss_family) {
        case AF_INET: self.init(v4: UInt32(bigEndian: raw.load(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6:
            let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
            self.init(
                high: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
                low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
        default: return nil
        }
    }

    /// Writes the system's form of the address and a port.
    func write(port: UInt16, to form: UnsafeMutablePointer<sockaddr_storage>) {
        form.pointee = sockaddr_storage()
        let raw = UnsafeMutableRawPointer(form)
        if isV4 {
            var v4 = sockaddr_in()
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            v4.sin_addr.s_addr = self.v4.bigEndian
            raw.storeBytes(of: v4, as: sockaddr_in.self)
        } else {
            var v6 = sockaddr_in6()
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            raw.storeBytes(of: v6, as: sockaddr_in6.self)
            let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
            raw.storeBytes(of: high.bigEndian, toByteOffset: offset, as: UInt64.self)
            raw.storeBytes(of: low.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
        }
    }

    /// The port of an IPv4 or IPv6 form; 0 of any other.
    static func port(of form: UnsafePointer<sockaddr_storage>) -> UInt16 {
        let raw = UnsafeRawPointer(form)
        switch CInt(form.pointee.ss_family) {
        case AF_INET: return UInt16(bigEndian: raw.load(as: sockaddr_in.self).sin_port)
        case AF_INET6: return UInt16(bigEndian: raw.load(as: sockaddr_in6.self).sin6_port)
        default: return 0
        }
    }
}
