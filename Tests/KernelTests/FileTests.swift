// Files, locks and logs.

import Glibc
import Kernel
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct FileTests {
    @Test func `a file is replaced whole and only its owner may read it`() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/record"
        try Files.replace(path, with: [1, 2])
        try Files.replace(path, with: [3])
        #expect(try Files.read(path) == [3])
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(try Files.names(in: directory.path) == ["record"])
        #expect(throws: SystemError.self) { try Files.read(path, bytesMax: 0) }
        try Files.remove(path)
        try Files.remove(path)
        #expect(throws: SystemError.self) { try Files.read(path) }
    }

    @Test func `directories are made with those above them`() throws {
        let directory = TemporaryDirectory()
        try Files.makeDirectory("\(directory.path)/a/b/c", mode: 0o700)
        try Files.makeDirectory("\(directory.path)/a/b/c", mode: 0o700)
        let file = try directory.file("plain")
        #expect(throws: SystemError.self) { try Files.makeDirectory("\(file)/x", mode: 0o700) }
    }

    @Test func `a lock is held once and names its holder`() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/keeper.lock"
        do {
            let lock = try FileLock(path)
            do {
                _ = try FileLock(path)
                Issue.record("the lock was given twice")
            } catch {
                guard case .held(let held) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(held.pid == getpid())
            }
            _ = consume lock
        }
        // A child that another test is just starting has a copy of the lock for the moment between clone and exec.
        while (try? FileLock(path)) == nil { sched_yield() }
    }

    @Test func `a log loses its head, not its tail, and never a line in flight`() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/logs/shop/shop-1.log"
        let log = try LogFile.open(path)
        let line = Array(String(repeating: "x", count: 1023).utf8) + [0x0a]
        for _ in 0..<200 { _ = write(log.number, line, line.count) }
        #expect(try LogFile.bound(path, to: .kibibytes(64)))
        #expect(try LogFile.bound(path, to: .kibibytes(64)) == false)
        let last = Array("the last line\n".utf8)
        #expect(write(log.number, last, last.count) == last.count)
        let content = try Files.read(path)
        #expect(content.count == 200 * 1024 + last.count)
        #expect(content.prefix(132 * 1024).allSatisfy { $0 == 0 })
        #expect(content.suffix(64 * 1024 + last.count).prefix(64 * 1024).elementsEqual((0..<64).flatMap { _ in line }))
        #expect(content.suffix(last.count).elementsEqual(last))
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_blocks * 512 <= 84 * 1024)
        #expect(try LogFile.bound("\(directory.path)/gone", to: .kibibytes(1)) == false)
    }

    @Test func `a program is found in PATH the way a shell finds it`() throws {
        let directory = TemporaryDirectory()
        _ = try directory.file("tool", "", mode: 0o600)
        #expect(throws: SystemError.self) { try ProgramSearch.find("tool", path: directory.path, from: nil) }
        let file = try directory.file("tool", "", mode: 0o700)
        #expect(try ProgramSearch.find("tool", path: "/nowhere:\(directory.path)", from: nil) == file)
        #expect(try ProgramSearch.find("tool", path: "/nowhere:", from: directory.path) == file)
        #expect(try ProgramSearch.find("./tool", path: "/nowhere", from: "/") == "./tool")
        #expect(throws: SystemError.self) { try ProgramSearch.find("", path: nil, from: nil) }
    }

    @Test func `errors read as sentences`() {
        let error = SystemError(errno: EACCES, operation: "open", subject: "/x", hint: "ask root")
        #expect(error.description == "open /x: permission denied\n  hint: ask root")
    }
}
