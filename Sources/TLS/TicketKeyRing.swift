// The keys that session tickets are sealed with (RFC 5077 §4, RFC 8446 §4.6.1). They live in memory only: whoever has
// one can read what was resumed with it.
//
// There are three: a ticket is sealed with the middle one; all three open. A new key therefore opens tickets for one
// period before it seals any, so that several front doors that get the same new key at slightly different times can
// open each other's tickets, and a ticket can be opened for one period at least.

import COpenSSL
import Synchronization

/// One ring per listener, shared by all its workers, kept when certificates are swapped.
package final class TicketKeyRing: Sendable {
    /// Seconds between two rotations, and the life of a ticket.
    package static let period: Int64 = 12 * 3600

    final class Key: Sendable {
        let name: [UInt8]
        let cipher: [UInt8]
        let mac: [UInt8]

        static let nameBytes = 16

        init() {
            name = Self.random(Self.nameBytes)
            cipher = Self.random(32)
            mac = Self.random(32)
        }

        private static func random(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let result = RAND_bytes(&bytes, CInt(count))
            precondition(result == 1, "the system has no random bytes")
            return bytes
        }
    }

    private struct Keys {
        var former: Key
        var current: Key
        var coming: Key
    }

    private let keys = Mutex(Keys(former: Key(), current: Key(), coming: Key()))

    package init() {}

    /// Retires the oldest key and makes a new one.
    package func rotate() {
        keys.withLock { $0 = Keys(former: $0.current, current: $0.coming, coming: Key()) }
    }

    var sealing: Key { keys.withLock { $0.current } }

    /// The key of that name, and whether a ticket sealed with it should be replaced.
    func opening(_ name: UnsafeBufferPointer<UInt8>) -> (key: Key, isOld: Bool)? {
        let keys = keys.withLock { $0 }
        if keys.current.name.elementsEqual(name) { return (keys.current, false) }
        if keys.coming.name.elementsEqual(name) { return (keys.coming, false) }
        if keys.former.name.elementsEqual(name) { return (keys.former, true) }
        return nil
    }
}

/// OpenSSL's callback for sealing and opening a ticket: 1 done, 2 done and to be replaced, 0 unknown key, -1 failed.
func sealOrOpenTicket(
    ssl: OpaquePointer?, name: UnsafeMutablePointer<UInt8>?, iv: UnsafeMutablePointer<UInt8>?,
    cipher: OpaquePointer?, mac: OpaquePointer?, isNew: CInt
) -> CInt {
    guard let name, let iv, let group = CertificateGroup.of(ssl) else { return -1 }
    let library = group.library
    if isNew != 0 {
        let key = group.tickets.sealing
        guard RAND_bytes_ex(library.context, iv, Int(EVP_MAX_IV_LENGTH), 0) == 1 else { return -1 }
        name.update(from: key.name, count: TicketKeyRing.Key.nameBytes)
        guard EVP_EncryptInit_ex(cipher, library.ticketCipher, nil, key.cipher, iv) == 1,
            tls_mac_begin(mac, key.mac, key.mac.count) == 1
        else { return -1 }
        return 1
    }
    let wanted = UnsafeBufferPointer(start: UnsafePointer(name), count: TicketKeyRing.Key.nameBytes)
    guard let (key, isOld) = group.tickets.opening(wanted) else { return 0 }
    guard tls_mac_begin(mac, key.mac, key.mac.count) == 1,
        EVP_DecryptInit_ex(cipher, library.ticketCipher, nil, key.cipher, iv) == 1
    else { return -1 }
    // A ticket of TLS 1.3 is for one connection (RFC 8446 appendix C.4): a client that goes on gets the next one. Without,
    // every second connection of a client would begin anew.
    return isOld || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1
}
