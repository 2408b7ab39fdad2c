// Telling processes apart for good.

import Glibc
import Kernel
import Testing

@Suite struct ProcessIdentityTests {
    @Test(
        arguments: [
            ("1 (init) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 17 0 0", 17),
            ("9 (a b) c) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 18 0 0", 18),
            ("9 (:) S 1 ) R 2 (x)) Z 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 19 0 0", 19),
            ("9 (x) S 0 1 1", nil),
            ("9 (x) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 words 0 0", nil),
            ("", nil),
        ] as [(String, UInt64?)])
    func `the start time is found whatever the program is called`(line: String, startTime: UInt64?) {
        #expect(ProcessIdentity.startTime(inStat: Array(line.utf8)) == startTime)
    }

    @Test func `a process called with spaces and parentheses is identified`() throws {
        let directory = TemporaryDirectory()
        symlink("/bin/sleep", "\(directory.path)/a ) S 1 (b")
        let pipe = Pipe()
        let child = try ChildProcess(
            starting: ProcessOrder(
                argv: ["./a ) S 1 (b", "600"], environment: [:], workingDirectory: directory.path,
                output: pipe.writing.number))
        let name = try Files.read("/proc/\(child.identity.pid)/comm")
        #expect(String(decoding: name, as: UTF8.self) == "a ) S 1 (b\n")
        #expect(try ProcessIdentity.current(of: child.identity.pid) == child.identity)
        let own = try #require(try ProcessIdentity.current(of: getpid()))
        #expect(own.bootID == child.identity.bootID)
        #expect(own.startTime <= child.identity.startTime)
        _ = try child.descriptor.signal(SIGKILL)
        #expect(try waitForEnd(child.descriptor) == .signal(SIGKILL))
        #expect(try ProcessIdentity.current(of: child.identity.pid) == nil)
        #expect(try ProcessDescriptor(opening: child.identity.pid) == nil)
    }
}
