// The identities everything in Portico is spoken of by. Not for addresses: see `Endpoint`.

/// A name that prints as itself and is stored as plain text.
package protocol Name: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible
where RawValue == String {
    init(rawValue: String)
}

extension Name {
    /// Names `text` as it stands; whether it is allowed is decided where it is read (`Settings`).
    package init(_ text: String) {
        self.init(rawValue: text)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String { rawValue }
}

/// The name of a service: a set of interchangeable backends.
package struct ServiceName: Name {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

/// The name of a listener.
package struct ListenerName: Name {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

/// The name of a release: a version of an application.
package struct ReleaseName: Name {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

/// The name of a shared directory.
package struct ShareName: Name {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}

/// One supervised process: its service and a number that is never used again in one state directory.
package struct InstanceID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let service: ServiceName
    /// Counts up from 1 within the service.
    package let ordinal: UInt32

    package init(service: ServiceName, ordinal: UInt32) {
        self.service = service
        self.ordinal = ordinal
    }

    /// Reads `service-ordinal`, the form `description` prints; `nil` when it is not that.
    package init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-"), dash != text.startIndex,
            let ordinal = UInt32(text[text.index(after: dash)...])
        else { return nil }
        self.init(service: ServiceName(String(text[..<dash])), ordinal: ordinal)
    }

    package static func < (left: InstanceID, right: InstanceID) -> Bool {
        (left.service, left.ordinal) < (right.service, right.ordinal)
    }

    package var description: String { "\(service)-\(ordinal)" }
}

/// An address that traffic may go to, numbered once per server run and never reused within it.
package struct BackendID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let number: UInt32

    package init(_ number: UInt32) { self.number = number }

    package static func < (left: BackendID, right: BackendID) -> Bool { left.number < right.number }

    package var description: String { "b\(number)" }
}

/// The version of a routing table. A receiver refuses an older one than it has.
package struct Revision: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    package static let zero = Revision(0)

    package var next: Revision { Revision(number + 1) }

    package static func < (left: Revision, right: Revision) -> Bool { left.number < right.number }

    package var description: String { "r\(number)" }
}
