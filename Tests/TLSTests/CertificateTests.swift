// What is wrong with a file is said with its name and the reason.

import TLS
import TestCertificates
import Testing

@Suite struct CertificateTests {
    @Test func `every broken file is told at once, by name and reason`() throws {
        let authority = try Authority()
        let good = try authority.issue("good", ["a.test"])
        let other = try authority.issue("other", ["b.test"])
        let cut = PEMText(path: "cut.pem", bytes: good.chain.bytes.dropLast(120) + Array("\n".utf8))
        let empty = PEMText(path: "empty.pem", bytes: [])
        let garbage = PEMText(path: "garbage.key", bytes: Array("what is this?".utf8))
        let problems = try #require(throws: TLSProblems.self) {
            _ = try authority.serverContext([
                CertificateText(chain: good.chain, key: other.key), CertificateText(chain: cut, key: good.key),
                CertificateText(chain: empty, key: garbage), good,
            ])
        }
        #expect(problems.errors.map(\.code) == [.mismatch, .malformed, .malformed, .malformed])
        #expect(problems.errors.map(\.subject) == ["other.key", "cut.pem", "empty.pem", "garbage.key"])
        #expect(problems.errors[0].cause.contains("good.pem"))
        #expect(problems.errors[1].cause.contains("certificate 1 is broken"))
        #expect(problems.errors[2].cause == "it holds no PEM certificate")
    }

    @Test func `a key with a pass phrase is refused with the way out`() throws {
        let authority = try Authority()
        let good = try authority.issue("good", ["a.test"])
        try authority.openssl("pkey", "-in", "good.key", "-aes256", "-passout", "pass:x", "-out", "locked.key")
        let problems = try #require(throws: TLSProblems.self) {
            _ = try authority.serverContext([CertificateText(chain: good.chain, key: authority.text("locked.key"))])
        }
        #expect(problems.errors.map(\.code) == [.encrypted])
        #expect(problems.errors[0].hint.contains("openssl pkey -in locked.key"))
    }

    @Test func `an expired certificate is used, with a warning`() throws {
        let authority = try Authority()
        let certificate = try authority.issue("a", ["a.test", "127.0.0.1"], days: 1)
        let context = try authority.serverContext([certificate])
        #expect(context.names == ["a.test", "127.0.0.1"])
        let facts = context.certificates[0]
        #expect(facts.warnings(now: 4_000_000_000).count == 1)
        #expect(facts.warnings(now: 4_000_000_000)[0].hasPrefix("a.pem: the certificate expired "))
        #expect(facts.validUntil - facts.validFrom == 86_400)
        #expect(facts.fingerprint.count == 64)
        #expect(facts.warnings(now: facts.validUntil) == [])
        #expect(facts.warnings(now: facts.validFrom - 1).count == 1)
    }

    @Test func `a chain in the wrong order is used, with a warning`() throws {
        let authority = try Authority()
        let a = try authority.issue("a", ["a.test"])
        let b = try authority.issue("b", ["b.test"])
        let chain = PEMText(path: "both.pem", bytes: a.chain.bytes + b.chain.bytes)
        let context = try authority.serverContext([CertificateText(chain: chain, key: a.key)])
        #expect(context.warnings.count == 1)
        let whole = PEMText(path: "whole.pem", bytes: a.chain.bytes + (try authority.root.bytes))
        #expect(try authority.serverContext([CertificateText(chain: whole, key: a.key)]).warnings == [])
    }

    @Test func `names lead to numbers in any case, with port, and one label for a star`() {
        let names = ServerNames([("a.test", 1), ("*.a.test", 2), ("b.a.test", 3), ("a.test", 9), ("*.test", 4)])
        func number(_ host: String) -> Int? {
            Array(host.utf8).withUnsafeBytes { names.number(for: $0) }
        }
        #expect(number("a.test") == 1)
        #expect(number("A.TEST.:443") == 1)
        #expect(number("x.a.test") == 2)
        #expect(number("b.a.test") == 3)
        #expect(number("x.y.a.test") == nil)
        #expect(number("c.test") == 4)
        #expect(number(".test") == nil)
        #expect(number("test") == nil)
        #expect(number("") == nil)
        #expect(number(":80") == nil)
        #expect(number(".") == nil)
    }
}
