// `run` and `env`: splitting without a shell, and which variables are filled in when.

import Settings
import Testing

struct CommandTests {
    private func run(_ text: String, environment: [String: String] = [:]) throws -> [String]? {
        try settings("listen: 8080\nrun: \(text)", environment: environment).services[0].instances?.run
    }

    @Test(
        arguments: [
            ("gunicorn -b 127.0.0.1:$PORT app:app", ["gunicorn", "-b", "127.0.0.1:$PORT", "app:app"]),
            ("  a   b  ", ["a", "b"]),
            ("a 'b c' \"d e\" f\\ g", ["a", "b c", "d e", "f g"]),
            ("a 'it''s' \"\"", ["a", "its", ""]),
            ("a \"q\\\"q\" 'b\\b' \\\"", ["a", "q\"q", "b\\b", "\""]),
            ("a '&&' \"|\" \\;", ["a", "&&", "|", ";"]),
            ("a ${PORT} ${SHARE_X_Y}/z ${PORTICO_RELEASE}", ["a", "${PORT}", "${SHARE_X_Y}/z", "${PORTICO_RELEASE}"]),
            ("a \\$PORT $$PORT", ["a", "$$PORT", "$$PORT"]),
            ("a \\\n  b\\\n  c \\\n  d", ["a", "bc", "d"]),
            ("a ${D:-x y} z", ["a", "x y", "z"]),
            ("a ${HOME}/b", ["a", "/h o$$me/b"]),
            ("[sh, -c, 'exec a && $PORT ${HOME}', 5, true]", ["sh", "-c", "exec a && $PORT /h o$$me", "5", "true"]),
        ])
    func `splits words and fills in what is not the instance's`(_ text: String, _ words: [String]) throws {
        let yaml = text.hasPrefix("[") ? text : "|\n  \(text)"
        let text = "listen: 8080\nrun: \(yaml)\nshares: { x-y: { path: /x } }"
        let settings = try settings(text, environment: ["HOME": "/h o$me"])
        #expect(settings.services[0].instances?.run == words)
    }

    @Test(
        arguments: [
            ("cd x && ./app", "run: `&&` needs a shell, and `run` has none"),
            ("./app > log", "run: `>` needs a shell, and `run` has none"),
            ("./app &", "run: `&` needs a shell, and `run` has none"),
            ("LEVEL=1 ./app", "run: `LEVEL=…` in front of a command needs a shell, and `run` has none"),
            ("./app 'x", "run: a ' is not closed"), ("./app \"x", "run: a \" is not closed"),
            ("./app \\", "run: the command ends in a backslash"), ("''", "run: the command is empty"),
            ("./app ${NOPE}", "run: the environment variable NOPE is not set"),
            ("./app ${PORT:-80}", "run: `PORT` is always set for an instance"),
            ("./app $SHARE_COVER", "an instance has no variable `SHARE_COVER`"),
            ("./app ${PORTICO_RELEAS}", "an instance has no variable `PORTICO_RELEAS`"),
            ("./app $PORTICO_RELEASE_DIR", "an instance has no variable `PORTICO_RELEASE_DIR`"),
        ])
    func `refuses what only a shell or nobody understands`(_ text: String, _ message: String) {
        let found = problems("listen: 8080\nrun: |-\n  \(text)\nshares: { covers: { path: /x } }")
        #expect(found == ["2:6 \(message)"])
    }

    @Test func `refuses a run of the wrong type`() {
        #expect(problems("listen: 8080\nrun: { a: b }") == ["2:6 `run` must be a command, found a mapping"])
        #expect(problems("listen: 8080\nrun: [a, [b]]") == ["2:10 a word of `run` must be text, found a list"])
        #expect(problems("listen: 8080\nrun: [a, ]\n") == [])
        #expect(problems("listen: 8080\nrun: []") == ["2:6 run: the command is empty"])
        #expect(problems("listen: 8080\nrun:") == ["2:1 `run` has no value"])
    }

    @Test func `reads env with its own variables left in`() throws {
        let text = Sample.adding(
            """
                  env: { PLAIN: 5, QUOTED: "a b", EMPTY: "", MINE: "${PORT}/$PORTICO_SERVICE", OUTER: "${OUTER}" }
            """)
        let environment = try settings(text, environment: ["OUTER": "s3cr$t"]).services[0].instances?.environment
        #expect(
            environment == [
                "PLAIN": "5", "QUOTED": "a b", "EMPTY": "", "MINE": "${PORT}/$PORTICO_SERVICE", "OUTER": "s3cr$$t",
            ])
    }

    @Test func `refuses env names that are the supervisor's or nobody's`() {
        let text = Sample.adding("      env: { PORT: 1, PORTICO_X: 1, SHARE_X: 1, 1A: 1, A-B: 1, C: }")
        #expect(
            problems(text) == [
                "11:14 `PORT` is set by the supervisor", "11:23 `PORTICO_X` is set by the supervisor",
                "11:37 `SHARE_X` is set by the supervisor", "11:49 `1A` is not the name of an environment variable",
                "11:56 `A-B` is not the name of an environment variable", "11:64 `C` has no value",
            ])
    }

    @Test(
        arguments: [
            ("${A}", "/a"), ("${B:-/b}", "/b"), ("${EMPTY:-/b}", "/b"), ("${A:-/b}", "/a"), ("${A:?why}", "/a"),
            ("x${A}y${A}z", "x/ay/az"), ("$A", "$A"), ("a$", "a$"), ("$${A}", "${A}"), ("$$${A}", "$${A}"),
            ("${B:-}x", "x"),
            ("${PORT}", "/p"),
        ])
    func `fills variables into values`(_ text: String, _ value: String) throws {
        let environment = ["A": "/a", "EMPTY": "", "PORT": "/p"]
        #expect(try settings("listen: 8080\nrun: x\nstate: \"\(text)\"", environment: environment).state == value)
    }

    @Test(
        arguments: [
            ("${", "state: `${` has no `}`"), ("${}", "state: `${}` does not name a variable"),
            ("${1A}", "state: `${1A}` does not name a variable"),
            ("${A-b}", "state: `${A-b}` is not a form of a variable"),
            ("${A:+b}", "state: `${A:+b}` is not a form of a variable"), ("${A:?set it}", "state: A: set it"),
            ("${A:-${B}}", "state: `${A:-${B}` has a variable in a variable"),
            ("${EMPTY:?}", "state: the environment variable EMPTY is not set"),
        ])
    func `refuses other forms of variables`(_ text: String, _ message: String) {
        let found = problems("listen: 8080\nrun: x\nstate: \"\(text)\"", environment: ["EMPTY": ""])
        #expect(found == ["3:9 \(message)"])
    }

    @Test func `never fills variables into keys`() {
        #expect(problems("listen: 8080\nrun: x\n${KEY}: 1", environment: ["KEY": "drain"]).count == 1)
    }
}
