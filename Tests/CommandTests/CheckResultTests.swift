// What `check --json` says about a file.

import Control
import Settings
import Testing

@testable import portico

struct CheckResultTests {
    @Test func `a file without problems is summed up`() throws {
        let settings = try Settings.forProxy(listen: "127.0.0.1:0", to: ["127.0.0.1:1", "127.0.0.1:2"]).get()
        let result = CheckResult(file: "a.yaml", .success(settings))
        #expect(result.ok)
        #expect(result.summary == "1 listener, 1 service")
        #expect(result.text == nil)
    }

    @Test func `every problem has its place and its hint`() throws {
        let problems = SettingsProblems([
            SettingsProblem(file: "a.yaml", line: 3, column: 5, message: "unknown key", hint: "did you mean"),
            SettingsProblem(file: "a.yaml", message: "no listeners"),
        ])
        let result = CheckResult(file: "a.yaml", .failure(problems))
        #expect(!result.ok)
        #expect(result.text == problems.description)
        #expect(
            String(decoding: try AdminJSON.encode(result), as: UTF8.self)
                == #"{"file":"a.yaml","ok":false,"problems":[{"column":5,"hint":"did you mean","line":3,"#
                + #""message":"unknown key"},{"message":"no listeners"}],"warnings":[]}"#)
    }
}
