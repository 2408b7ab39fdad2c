// The places of problems: lines and columns come from the YAML parser, and a caret in the wrong place is worse than
// none. Each case names the place that an editor would show.

import Settings
import Testing

struct MarkTests {
    /// A text whose `?` key or value stands at line and column.
    static let cases: [(text: String, place: String)] = [
        ("unknown: 1", "1:1"),
        ("listen: 8080\n\n\n  \nrun: x\nunknown: 1", "6:1"),
        ("listen: 8080\r\nrun: x\r\nunknown: 1\r\n", "3:1"),
        ("\u{FEFF}unknown: 1", "1:1"),
        ("# größe 𝄞 e\u{301}\n{ listen: 1, run: x, \"unknown\": 1 }", "2:22"),
        ("{ listen: 8080, run: x, unknown: 1 }", "1:25"),
        ("{ listen: 8080, run: 'ä 𝄞', unknown: 1 }", "1:29"),
        ("listen: 8080\nrun: x\ndrain: 5", "3:8"),
        ("listen: 8080\nrun: x\ndrain:    '5'", "3:11"),
        ("listen: 8080\nrun: x\ndrain:\n  5", "4:3"),
        ("listen: 8080\nrun: x\ndrain:", "3:1"),
        ("{ listen: 8080, run: x, drain: }", "1:25"),
        ("listen: 8080\nrun: x\ndrain: # none\n", "3:1"),
        ("listen: 8080\nrun: x\ndrain: ~\n", "3:8"),
        ("listen: 8080\nrun: x\ndrain: |\n  5\n", "3:8"),
        ("listen: 8080\nrun: x\ndrain: [5s]\n", "3:8"),
        ("listen: 8080\nrun: x\ndrain:\n- 5s\n", "4:1"),
        ("listen: 8080\nrun: x\ndrain:\n    a: 5s\n", "4:5"),
        ("listen: 8080\nrun: x\n? drain\n: 5\n", "4:3"),
        ("listen: 8080\nrun: x\nshares:\n  ä: { path: x }\n", "4:3"),
        ("listen: 8080\u{85}run: x\u{2028}unknown: 1", "3:1"),
    ]

    @Test(arguments: cases)
    func `names the line and column that an editor shows`(_ text: String, _ place: String) {
        #expect(problems(text).map { $0.split(separator: " ")[0] } == [Substring(place)])
    }

    @Test func `points at the expression inside of a value`() {
        #expect(
            problems("listen: 8080\nrun: x\nstate: \"/var/ü/${NOPE}/x\"")
                == ["3:16 state: the environment variable NOPE is not set"])
        #expect(
            problems("listen: 8080\nrun: [x, '${A:-b}', '--c=${NOPE}']")
                == ["2:26 run: the environment variable NOPE is not set"])
    }

    @Test func `finds every repeated key, at the later places`() {
        let text = """
            listen: 8080
            run: x
            drain: 5s
            'drain': 6s
            drain: 7s
            shares:
              a: { path: /a, "path": /b }
              a: { path: /c }
            """
        #expect(
            problems(text) == [
                "4:1 `drain` is here twice", "5:1 `drain` is here twice", "7:18 `path` is here twice",
                "8:3 `a` is here twice",
            ])
    }

    @Test func `reports repeated keys it can't tell apart`() {
        #expect(problems("\"\": 1\n\"\": 2") == ["1:1 in this mapping `` is there more than once"])
        #expect(problems("[a]: 1\n[a]: 2").count == 1)
    }

    @Test func `cuts a very long line, and shows no caret behind its end`() {
        guard
            case .failure(let problems) = read(
                "run: \(String(repeating: "x", count: 400))\nlisten: 1\nx: 1 # \(String(repeating: "y", count: 400))\n{"
            ),
            case .failure(let late) = read("{ run: \(String(repeating: "x", count: 400)), listen: 1, drain: 5 }")
        else {
            Issue.record("neither is right")
            return
        }
        #expect(problems.problems.allSatisfy { ($0.sourceLine ?? "").count <= 300 })
        #expect(
            late.description == """
                front.yaml:1:428: error: drain: `5` has no unit
                  hint: write `5s` for seconds or `5ms` for milliseconds (the units are ms, s, m and h)
                1 problem
                """)
    }

    @Test func `shows the source line with a caret, and keeps tabs`() {
        guard case .failure(let problems) = read("listen: 8080\nrun: x\ndrain:\t5") else {
            Issue.record("5 is no duration")
            return
        }
        #expect(
            problems.description == """
                front.yaml:3:8: error: drain: `5` has no unit
                  3 | drain:\t5
                    |       \t^
                  hint: write `5s` for seconds or `5ms` for milliseconds (the units are ms, s, m and h)
                1 problem
                """)
    }
}
