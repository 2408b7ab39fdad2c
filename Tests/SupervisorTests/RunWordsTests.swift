import Supervisor
import Testing

@Suite struct RunWordsTests {
    private let environment = ["PORT": "4711", "SHARE_DATA": "/srv/data"]

    @Test func `fills in variables with and without braces`() throws {
        let words = ["gunicorn", "-b", "127.0.0.1:$PORT", "${SHARE_DATA}/x", "$PORT$PORT"]
        #expect(
            try RunWords.expand(words, environment: environment)
                == ["gunicorn", "-b", "127.0.0.1:4711", "/srv/data/x", "47114711"])
    }

    @Test func `leaves a doubled, a lone and a last dollar sign as one`() throws {
        #expect(
            try RunWords.expand(["a$$PORT", "cost $ 5", "x$"], environment: environment) == [
                "a$PORT", "cost $ 5", "x$",
            ])
    }

    @Test func `names the variable that is missing`() {
        #expect {
            try RunWords.expand(["--x=$NOPE"], environment: environment)
        } throws: { error in
            (error as? RunWords.UnknownVariable)?.name == "NOPE"
        }
    }
}
