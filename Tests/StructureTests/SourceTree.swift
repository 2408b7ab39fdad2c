// The repository as text: modules, their files, what they import and which words their code uses.
// Not a parser of Swift: it knows comments, string literals and words, which is enough for rules about words.

import Foundation

/// The sources of the repository that this test was built from.
struct SourceTree: Sendable {
    /// Read once for all tests.
    static let shared = Result { try SourceTree() }

    /// One Swift file, without what is only text.
    struct File: Sendable {
        /// Relative to the repository, such as `Sources/Proxy/Gateway.swift`.
        var path: String
        var name: String
        /// The modules it imports.
        var imports: Set<String>
        /// The identifiers and keywords of its code.
        var words: Set<String>

        init(path: String, text: String) {
            let code = CodeOnly.text(of: text)
            self.path = path
            name = URL(fileURLWithPath: path).lastPathComponent
            imports = Set(code.split(separator: "\n").compactMap(Self.importedModule))
            words = Set(Self.words(in: code[...]))
        }

        private static func words(in code: Substring) -> [String] {
            let isWord: (UInt8) -> Bool = { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x5f, 0x61...0x7a, 0x80...: true
                default: false
                }
            }
            return code.utf8.split { !isWord($0) }.compactMap { String(Substring($0)) }
        }

        /// The module of `import M`, `@testable import M` or `package import struct M.T`; `nil` on other lines.
        private static func importedModule(_ line: Substring) -> String? {
            let words = words(in: line)
            guard let place = words.firstIndex(of: "import"), words.count > place + 1 else { return nil }
            let kinds: Set = ["struct", "enum", "class", "protocol", "func", "var", "let", "typealias", "actor"]
            let next = words[place + 1]
            return kinds.contains(next) && words.count > place + 2 ? words[place + 2] : next
        }
    }

    let root: String
    /// By the name of its module, sorted; modules of C are left out.
    let modules: [(name: String, files: [File])]

    private init() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().path
        self.root = root
        let names = try FileManager.default.contentsOfDirectory(atPath: root + "/Sources").sorted()
        modules = try names.compactMap { name in
            let files = try Self.swiftFiles(below: "Sources/\(name)", in: root)
            return files.isEmpty ? nil : (name, files)
        }
    }

    func files(of module: String) -> [File] {
        modules.first { $0.name == module }?.files ?? []
    }

    /// Everything that `ls` shows at the top, less what git ignores by name.
    func visibleTopLevel() throws -> Set<String> {
        let all = try FileManager.default.contentsOfDirectory(atPath: root)
        return Set(all.filter { !$0.hasPrefix(".") && $0 != "Package.resolved" })
    }

    private static func swiftFiles(below directory: String, in root: String) throws -> [File] {
        guard let walk = FileManager.default.enumerator(atPath: root + "/" + directory) else { return [] }
        return try walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map { relative in
            let path = directory + "/" + relative
            let text = try String(contentsOfFile: root + "/" + path, encoding: .utf8)
            return File(path: path, text: text)
        }
    }
}
