// The way from YAML text to one valid value, or to every problem at once. Touches no file, no clock and no socket:
// the caller reads the file.

/// What the caller found at a path.
package enum SettingsFile: Hashable, Sendable {
    case bytes([UInt8])
    case notFound
    case isDirectory
    /// Any other reason, in the system's words.
    case unreadable(String)
}

/// Reads settings files. Pure.
package enum SettingsReader {
    /// Reads and checks the file at `path`.
    ///
    /// - `environment`: what `${VAR}` is looked up in.
    /// - `directory`: where relative paths start; the file's own directory unless given.
    /// - `readFile`: called once, with `path`.
    package static func read(
        path: String, environment: [String: String], directory: String? = nil,
        readFile: (String) -> SettingsFile
    ) -> Result<Settings, SettingsProblems> {
        switch readFile(path) {
        case .bytes(let bytes):
            return read(bytes: bytes, path: path, environment: environment, directory: directory)
        case .notFound:
            let hint =
                path.hasPrefix("/") ? "check the path" : "the path is relative to the directory the command runs in"
            return .failure(problem(path, "there is no such file", hint: hint))
        case .isDirectory:
            return .failure(problem(path, "this is a directory", hint: "name the file in it"))
        case .unreadable(let reason):
            return .failure(problem(path, "the file can't be read: \(reason)"))
        }
    }

    /// Reads and checks settings that are there already; `path` is what problems call them.
    package static func read(
        text: String, path: String, environment: [String: String], directory: String? = nil
    ) -> Result<Settings, SettingsProblems> {
        read(path: path, environment: environment, directory: directory) { _ in .bytes(Array(text.utf8)) }
    }

    private static func read(
        bytes: [UInt8], path: String, environment: [String: String], directory: String?
    ) -> Result<Settings, SettingsProblems> {
        guard bytes.count <= SettingsLimits.fileBytesMax else {
            return .failure(
                problem(path, "the file has \(bytes.count) bytes", hint: "at most 1 MiB is read; is it the right file?")
            )
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return .failure(notUTF8(bytes, path))
        }
        let source = SourceText(file: path, text: text)
        let reading = Reading(source: source, environment: environment)
        let document = YAMLDocument(source)
        for (place, complaint) in document.problems { reading.report(complaint, at: place, path: "yaml") }
        if let root = document.root {
            let settings = DocumentReader(reading: reading).settings(
                root, directory: directory ?? self.directory(of: path))
            if let problems = reading.problemsFound() { return .failure(problems) }
            return .success(settings)
        }
        if document.problems.isEmpty {
            reading.report(
                Complaint("the file is empty", hint: DocumentReader.smallestExample), at: Place(line: 1, column: 1),
                path: "")
        }
        return .failure(reading.problemsFound() ?? problem(path, "the file could not be read"))
    }

    private static func problem(_ path: String, _ message: String, hint: String? = nil) -> SettingsProblems {
        SettingsProblems([SettingsProblem(file: path, message: message, hint: hint)])
    }

    /// Finds the first byte that is not UTF-8.
    private static func notUTF8(_ bytes: [UInt8], _ path: String) -> SettingsProblems {
        var valid = 0
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            valid = error.byteOffsets.lowerBound
        }
        let before = SourceText(file: path, text: String(decoding: bytes[..<valid], as: UTF8.self))
        let whole = SourceText(file: path, text: String(decoding: bytes, as: UTF8.self))
        let line = before.lines.count
        return SettingsProblems([
            SettingsProblem(
                file: path, line: line, column: (before.lines.last?.count ?? 0) + 1,
                message: "this is not UTF-8", sourceLine: whole.line(line), hint: "save the file as UTF-8")
        ])
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
