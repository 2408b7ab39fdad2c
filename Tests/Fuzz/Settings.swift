// Settings files: any text either loads, and then what is printed of it loads again as the same, or is refused in words
// with the place.

import Settings

private let environment = ["A": "a", "LOG_LEVEL": "x"]

private func read(_ text: String) -> Result<Settings, SettingsProblems> {
    SettingsReader.read(text: text, path: "front.yaml", environment: environment)
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    switch read(String(decoding: input(start, count), as: UTF8.self)) {
    case .success(let settings):
        let printed = settings.effectiveYAML()
        switch read(printed) {
        case .success(let again): require(again == settings, "printed and read again it is another: \(printed)")
        case .failure(let problems): require(false, "what was printed is refused: \(problems) in \(printed)")
        }
    case .failure(let problems):
        require(!problems.problems.isEmpty && !problems.description.isEmpty, "refused without a word")
        for problem in problems.problems {
            require((problem.line ?? 1) >= 1 && (problem.column ?? 1) >= 1, "refused at no place")
        }
    }
    return 0
}
