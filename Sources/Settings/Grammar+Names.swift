// How names, addresses and paths are written.

import Routing
import Vocabulary

extension Grammar {
    /// Of a listener, service or share: `[a-z0-9][a-z0-9-]*`, bounded, since names become parts of file names, of
    /// environment variables and of metrics.
    static func name(_ text: String) throws(Complaint) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isPlain, let first = text.utf8.first, first != UInt8(ascii: "-") else {
            throw Complaint(
                "`\(text)` is not a name",
                hint: "names are made of a-z, 0-9 and -, and don't start with -"
                    + (nearestName(text).map { ": `\($0)`" } ?? ""))
        }
        guard text.utf8.count <= SettingsLimits.nameLengthMax else {
            throw Complaint(
                "a name of \(text.utf8.count) characters is too long",
                hint: "names have at most \(SettingsLimits.nameLengthMax)")
        }
        return text
    }

    private static func nearestName(_ text: String) -> String? {
        var name = text.lowercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "-"
        }
        while name.first == "-" { name.removeFirst() }
        return name.isEmpty || name.count > SettingsLimits.nameLengthMax ? nil : String(name)
    }

    /// A directory name of its own: letters, digits, `.`, `_` and `-`, not starting with a sign.
    static func release(_ text: String) throws(Complaint) -> ReleaseName {
        let isPlain = text.utf8.allSatisfy { byte in isLetterOrDigit(byte) || ".-_".utf8.contains(byte) }
        guard isPlain, let first = text.utf8.first, isLetterOrDigit(first) else {
            throw Complaint(
                "`\(text)` is not the name of a release",
                hint: "releases are named by letters, digits, `.`, `_` and `-`, such as `v1`")
        }
        guard text.utf8.count <= SettingsLimits.releaseLengthMax else {
            throw Complaint(
                "a release name of \(text.utf8.count) characters is too long",
                hint: "release names have at most \(SettingsLimits.releaseLengthMax)")
        }
        return ReleaseName(text)
    }

    /// An address to listen on.
    static func listenAddress(_ text: String) throws(Complaint) -> Endpoint {
        guard let endpoint = Endpoint(text) else {
            throw Complaint(
                "`\(text)` is not an address",
                hint: "write `0.0.0.0:8080`, `127.0.0.1:8080`, `[::]:8080`, `8080` or `unix:PATH`")
        }
        return endpoint
    }

    /// An address to connect to.
    static func backendAddress(_ text: String) throws(Complaint) -> Endpoint {
        guard let endpoint = Endpoint(text) else {
            throw Complaint("`\(text)` is not an address", hint: addressHint(text))
        }
        switch endpoint {
        case .unix:
            throw Complaint(
                "a unix socket as a backend is not supported yet", hint: "write an address such as `10.0.0.7:8080`")
        case .tcp(_, let port) where port == 0:
            throw Complaint("a backend can't have port 0")
        case .tcp(let host, let port) where host == "0.0.0.0" || host == "::":
            throw Complaint(
                "`\(text)` says where to listen, not where to connect to", hint: "write `127.0.0.1:\(port)`")
        case .tcp:
            return endpoint
        }
    }

    private static func addressHint(_ text: String) -> String {
        for scheme in ["http://", "https://", "tcp://"] where text.hasPrefix(scheme) {
            let host = text.dropFirst(scheme.utf8.count).prefix { $0 != "/" }
            return "write host and port only: `\(host.contains(":") ? String(host) : "\(host):80")`"
        }
        return "write host and port, such as `10.0.0.7:8080` or `[::1]:8080`"
    }

    /// `unix:PATH`, for the admin API.
    static func network(_ text: String) throws(Complaint) -> Network {
        if let network = Network(text) { return network }
        let parts = text.split(separator: "/", maxSplits: 1)
        if parts.count == 2, let address = IPAddress(String(parts[0])), let bits = Int(parts[1]),
            (0...(address.isV4 ? 32 : 128)).contains(bits)
        {
            throw Complaint(
                "`\(text)` has bits set behind its prefix",
                hint: "write `\(Network(address, bits: address.isV4 ? 96 + bits : bits))`, or `\(address)` alone")
        }
        throw Complaint(
            "`\(text)` is not a network", hint: "write an address and a number of bits, such as `10.0.0.0/8`")
    }

    static func adminAddress(_ text: String) throws(Complaint) -> Endpoint {
        guard let endpoint = Endpoint(text) else {
            throw Complaint("`\(text)` is not an address", hint: "write `unix:/run/portico/admin.sock`")
        }
        guard case .unix = endpoint else {
            throw Complaint(
                "the admin API on a TCP address is not supported yet", hint: "write `unix:/run/portico/admin.sock`")
        }
        return endpoint
    }

    /// A path on the file system.
    static func filePath(_ text: String) throws(Complaint) -> String {
        guard !text.isEmpty else { throw Complaint("the path is empty") }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw Complaint("the path has control characters in it")
        }
        guard text.utf8.count <= 1024 else { throw Complaint("the path is longer than 1024 bytes") }
        return text
    }

    static func routePath(_ text: String) throws(Complaint) -> String { try urlPath(text, allowsQuery: false) }

    static func probePath(_ text: String) throws(Complaint) -> String { try urlPath(text, allowsQuery: true) }

    /// The path of a route or of a probe: starts with `/`, in visible ASCII, as it goes over the wire.
    private static func urlPath(_ text: String, allowsQuery: Bool) throws(Complaint) -> String {
        guard text.hasPrefix("/") else {
            throw Complaint("`\(text)` does not start with `/`", hint: urlHint(text))
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.contains("#") else {
            throw Complaint(
                "`\(text)` has characters that no request path has", hint: "write them percent-encoded, such as `%20`")
        }
        guard allowsQuery || !text.contains("?") else {
            throw Complaint(
                "`\(text)` has a query, and routes don't look at queries", hint: "leave out `?` and the rest")
        }
        let segments = text.prefix { $0 != "?" }.split(separator: "/")
        guard !segments.contains(where: { $0 == "." || $0 == ".." }) else {
            throw Complaint("`\(text)` has `.` or `..` in it", hint: "write the path that is meant")
        }
        guard text.utf8.count <= 1024 else { throw Complaint("the path is longer than 1024 bytes") }
        return text
    }

    private static func urlHint(_ text: String) -> String {
        if let scheme = text.range(of: "://") {
            let path = text[scheme.upperBound...].drop { $0 != "/" }
            return "write the path only: `\(path.isEmpty ? "/" : String(path))`"
        }
        return "write `/\(text)`"
    }

    static func host(_ text: String) throws(Complaint) -> HostPattern {
        if let pattern = HostPattern(text) { return pattern }
        if text == "*" { throw Complaint("`*` is every host", hint: "leave `host` out") }
        if !text.utf8.allSatisfy({ $0 < 0x80 }) {
            throw Complaint(
                "`\(text)` is not a host name", hint: "write the name as browsers send it, in its `xn--` form")
        }
        if let colon = text.lastIndex(of: ":"), HostPattern(String(text[..<colon])) != nil {
            throw Complaint(
                "hosts are compared without their port", hint: "write `\(text[..<colon])`; the listener says which port"
            )
        }
        throw Complaint("`\(text)` is not a host name", hint: "write `shop.example.com` or `*.example.com`")
    }

    /// The name of an environment variable that is ours to set.
    static func variableName(_ text: String) throws(Complaint) -> String {
        guard VariableExpansion.isName(text) else {
            throw Complaint(
                "`\(text)` is not the name of an environment variable",
                hint: "names are made of letters, digits and `_`, and don't start with a digit")
        }
        guard !VariableExpansion.isOfInstances(text) else {
            throw Complaint("`\(text)` is set by the supervisor", hint: "choose another name")
        }
        return text
    }

    // MARK: Words

    /// `true`: a key that is there says yes.
    static func flag(_ text: String) throws(Complaint) -> Bool {
        guard text == "true" else {
            throw Complaint("`\(text)` is not `true`", hint: "write `true`, or leave the key out")
        }
        return true
    }

    static func boolean(_ text: String) throws(Complaint) -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw Complaint("`\(text)` is neither `true` nor `false`")
        }
    }

    /// What a certificate may name: a host, without a star, or an address without brackets.
    static func serverName(_ text: String) throws(Complaint) -> String {
        if case .exact(let name)? = HostPattern(text), !name.hasPrefix("[") { return name }
        if HostPattern("[\(text)]") != nil { return text.lowercased() }
        throw Complaint("`\(text)` is not a host name or an address", hint: "write it as the certificate has it")
    }

    /// `auto` or a number of threads.
    static func workers(_ text: String) throws(Complaint) -> WorkerCount {
        if text == "auto" { return .auto }
        guard let number = Int(text), workersRange.contains(number) else {
            throw Complaint(
                "`\(text)` is not a number of workers",
                hint: "write `auto`, or a number of at least \(workersRange.lowerBound) and at most"
                    + " \(workersRange.upperBound)")
        }
        return .fixed(number)
    }

    /// A gateway knows its workers by the bits of a word.
    static let workersRange = 1...64

    /// `off`, or a path. A file called `off` is written `./off`.
    static func accessLog(_ text: String) throws(Complaint) -> AccessLogSetting {
        text == "off" ? .off : .path(try filePath(text))
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
    }
}

extension String {
    /// The first occurrence of `token`.
    fileprivate func range(of token: String) -> Range<String.Index>? {
        firstRange(of: token)
    }
}
