// How values are written, and what is said to those who write them otherwise.

import Routing
import Settings
import Testing
import Vocabulary

struct GrammarTests {
    @Test(
        arguments: [
            ("250ms", Duration.milliseconds(250)), ("1s", .seconds(1)), ("5m", .seconds(300)), ("1h", .seconds(3600)),
            ("0s", .zero), ("007s", .seconds(7)), ("'30s'", .seconds(30)),
        ])
    func `reads durations`(_ text: String, _ duration: Duration) throws {
        #expect(try settings("listen: 8080\nrun: x\ndrain: \(text)").drain == duration)
    }

    @Test(
        arguments: [
            ("30", "write `30s` for seconds or `30ms` for milliseconds (the units are ms, s, m and h)"),
            ("5 sec", "write `5s`"), ("5S", "write `5s`"), ("2min", "write `2m`"), ("1m30s", "write `90s`"),
            ("1.5s", "write `1500ms`"), ("7d", "write `168h`"), ("9us", "the smallest unit is ms"),
            ("5x", "the units are ms, s, m and h"),
            ("-5s", "write a whole number and a unit, such as `250ms`, `1s`, `5m`, `1h`"),
            ("s", "write a whole number and a unit, such as `250ms`, `1s`, `5m`, `1h`"),
            ("2h", "it must be at least 0s and at most 1h"),
        ])
    func `says how a duration is written`(_ text: String, _ hint: String) {
        #expect(hints("listen: 8080\nrun: x\ndrain: \(text)") == [hint])
    }

    @Test(arguments: ["9223372036854775807h", "99999999999999999999s", "9223372036854775807ms"])
    func `refuses durations beyond all bounds`(_ text: String) {
        #expect(problems("listen: 8080\nrun: x\ndrain: \(text)").count == 1)
    }

    @Test(
        arguments: [
            ("512B", ByteCount(512)), ("32KiB", .kibibytes(32)), ("1MiB", .mebibytes(1)), ("2GiB", .gibibytes(2)),
        ])
    func `reads sizes`(_ text: String, _ size: ByteCount) throws {
        let text = Sample.with("    health:", "    max_body: \(text)\n    health:")
        #expect(try settings(text).services[0].bodyBytesMax == size)
    }

    @Test(
        arguments: [
            ("32KB", "write `32KiB`"), ("32k", "write `32KiB`"), ("1M", "write `1MiB`"), ("1 mb", "write `1MiB`"),
            ("1gib", "write `1GiB`"), ("5", "write `5B` for bytes (the units are B, KiB, MiB and GiB)"),
            ("5TB", "the units are B, KiB, MiB and GiB"),
            ("9223372036854775807GiB", nil), ("2000GiB", "it must be at least 0B and at most 1024GiB"),
        ])
    func `says how a size is written`(_ text: String, _ hint: String?) {
        #expect(hints(Sample.with("    health:", "    max_body: \(text)\n    health:")) == [hint])
    }

    @Test(
        arguments: [
            ("2..8", 2...8), ("3", 3...3), ("'4'", 4...4), ("1..1", 1...1),
        ])
    func `reads ranges of instances`(_ text: String, _ range: ClosedRange<Int>) throws {
        #expect(try settings("listen: 8080\nrun: x\ninstances: \(text)").services[0].instances?.count == range)
    }

    @Test(
        arguments: [
            ("2-8", "write `2..8`"), ("2...8", "write `2..8`"), ("2 .. 8", "write `2..8`"), ("8..2", "write `2..8`"),
            ("..8", "write `2..8`, or `3` for exactly three"), ("many", "write `2..8`, or `3` for exactly three"),
            ("0..3", "write 1 or more"), ("0", "write 1 or more"),
            ("1..1001", "it must be at least 1 and at most 1000"),
            ("99999999999999999999", "write `2..8`, or `3` for exactly three"),
        ])
    func `says how a range is written`(_ text: String, _ hint: String) {
        #expect(hints("listen: 8080\nrun: x\ninstances: \(text)") == [hint])
    }

    @Test(arguments: [("20%", 20), ("0%", 0), ("100%", 100)])
    func `reads percentages`(_ text: String, _ hundredths: Int) throws {
        let text = Sample.with("    health:", "    retries: { budget: \(text) }\n    health:")
        #expect(try settings(text).services[0].retries.budget == Percent(hundredths))
    }

    @Test(
        arguments: [
            ("20", "write `20%`"), ("0.2", "write `20%`"), ("101%", nil),
            ("x", "write a whole number and `%`, such as `20%`"),
            ("nan", "write a whole number and `%`, such as `20%`"),
            ("2.5%", "write a whole number and `%`, such as `20%`"),
        ])
    func `says how a percentage is written`(_ text: String, _ hint: String?) {
        #expect(hints(Sample.with("    health:", "    retries: { budget: \(text) }\n    health:")) == [hint])
    }

    @Test func `reads amounts of instances, rounded for what they are for`() throws {
        let text = Sample.adding("      rollout: { surge: 25%, unavailable: 2 }")
        let rollout = try #require(try settings(text).services[0].instances?.rollout)
        #expect(rollout.surge == .share(Percent(25)))
        #expect(rollout.surge.roundedUp(of: 5) == 2)
        #expect(rollout.surge.roundedDown(of: 5) == 1)
        #expect(rollout.unavailable.roundedDown(of: 5) == 2)
    }

    @Test(
        arguments: [
            ("localhost", "write host and port, such as `10.0.0.7:8080` or `[::1]:8080`"),
            ("http://10.0.0.7:80/x", "write host and port only: `10.0.0.7:80`"),
            ("https://shop", "write host and port only: `shop:80`"), ("8080", "write `127.0.0.1:8080`"),
            ("10.0.0.7:0", nil), ("::1:8080", "write host and port, such as `10.0.0.7:8080` or `[::1]:8080`"),
        ])
    func `says how a backend is written`(_ text: String, _ hint: String?) {
        #expect(hints(Sample.with("instances:\n      run: ./shop", "backends: [\"\(text)\"]")) == [hint])
    }

    @Test(
        arguments: [
            ("shop.example.com:8080", "write `shop.example.com`; the listener says which port"),
            ("\"*\"", "leave `host` out"), ("größe.de", "write the name as browsers send it, in its `xn--` form"),
            ("-a.de", "write `shop.example.com` or `*.example.com`"),
            ("a..b", "write `shop.example.com` or `*.example.com`"),
            ("\"a*.b\"", "write `shop.example.com` or `*.example.com`"),
        ])
    func `says how a host is written`(_ text: String, _ hint: String) {
        #expect(hints(Sample.with("- service: shop", "- service: shop\n    host: \(text)")) == [hint])
    }

    @Test(
        arguments: [
            ("api", "write `/api`"), ("https://a.de/api", "write the path only: `/api`"),
            ("/api?x=1", "leave out `?` and the rest"), ("/a/../b", "write the path that is meant"),
            ("/a b", "write them percent-encoded, such as `%20`"),
            ("/größe", "write them percent-encoded, such as `%20`"),
        ])
    func `says how a path is written`(_ text: String, _ hint: String) {
        #expect(hints(Sample.with("- service: shop", "- service: shop\n    path: \(text)")) == [hint])
    }

    @Test(
        arguments: [
            ("Shop", "names are made of a-z, 0-9 and -, and don't start with -: `shop`"),
            ("-shop", "names are made of a-z, 0-9 and -, and don't start with -: `shop`"),
            ("my_shop", "names are made of a-z, 0-9 and -, and don't start with -: `my-shop`"),
            ("../etc", "names are made of a-z, 0-9 and -, and don't start with -: `etc`"),
            (String(repeating: "a", count: 41), "names have at most 40"),
        ])
    func `restricts names`(_ name: String, _ hint: String) {
        #expect(hints(Sample.with("name: web", "name: \(name)")) == [hint])
    }

    @Test(arguments: ["..", ".hidden", "a/b", "-x", "''"])
    func `refuses releases that are not one directory`(_ name: String) {
        #expect(problems(Sample.adding("      release: \(name)")).count == 1)
    }
}
