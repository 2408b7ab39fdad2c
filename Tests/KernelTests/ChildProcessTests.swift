// Children as they really come up: what they inherit, how they end, and what is said when they can't start.

import CKernel
import Glibc
import Kernel
import Testing
import Vocabulary

@Suite struct ChildProcessTests {
    @Test func `a child's output and exit code arrive`() throws {
        let (output, ending) = try run(["sh", "-c", "echo $GREETING; exit 7"], environment: ["GREETING": "good day"])
        #expect(output == "good day\n")
        #expect(ending == .code(7))
    }

    @Test func `a child killed by a signal tells which`() throws {
        let (_, ending) = try run(["sh", "-c", "kill -USR1 $$"])
        #expect(ending == .signal(SIGUSR1))
    }

    @Test func `a child has its three standard descriptors and no other`() throws {
        let many = (0..<20).map { _ in HeldDescriptor(open("/dev/null", O_RDONLY)) }
        defer { _ = many }
        let (output, _) = try run(["sh", "-c", "ls /proc/$$/fd; readlink /proc/$$/fd/0"])
        #expect(output == "0\n1\n2\n/dev/null\n")
    }

    @Test func `a channel becomes descriptor 3 and stays open`() throws {
        var pair = try PacketSocketPair()
        let far = pair.takeFar()
        let log = Pipe()
        let child = try ChildProcess(
            starting: ProcessOrder(
                argv: ["sh", "-c", "printf hello >&3; ls /proc/$$/fd"], environment: [:], output: log.writing.number,
                channel: far.number))
        #expect(try waitForEnd(child.descriptor) == .code(0))
        let near = PacketSocket(pair.takeNear())
        var buffer = [UInt8](repeating: 0, count: 64)
        guard case .packet(let packet) = try near.receive(through: &buffer) else {
            Issue.record("no packet came")
            return
        }
        #expect(packet.bytes == Array("hello".utf8))
    }

    @Test func `a child leads a session and a group of its own`() throws {
        let (output, _) = try run(["sh", "-c", "cat /proc/$$/stat"])
        let fields = output.split(separator: " ")
        // pid (1), group (5), session (6)
        #expect(fields[0] == fields[4])
        #expect(fields[0] == fields[5])
    }

    @Test func `a child starts with default signals, whatever its parent blocks or ignores`() throws {
        var blocked = sigset_t()
        var before = sigset_t()
        sigemptyset(&blocked)
        sigaddset(&blocked, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &blocked, &before)
        signal(SIGUSR2, SIG_IGN)
        defer {
            pthread_sigmask(SIG_SETMASK, &before, nil)
            signal(SIGUSR2, SIG_DFL)
        }
        let (output, _) = try run(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])
        #expect(output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
    }

    @Test func `limits on open files and memory hold in the child`() throws {
        let (output, _) = try run(
            ["sh", "-c", "ulimit -n; ulimit -Hn; ulimit -v; ulimit -Hv"], openFilesMax: 77, memory: .mebibytes(256))
        #expect(output == "77\n77\n262144\n262144\n")
    }

    @Test func `the working directory is the one that was asked for`() throws {
        let directory = TemporaryDirectory()
        let (output, _) = try run(["pwd"], directory: directory.path)
        #expect(output == "\(directory.path)\n")
    }

    @Test func `a missing program is named with the search path`() throws {
        let error = #expect(throws: SystemError.self) { try run(["no-such-program"], environment: ["PATH": "/bin"]) }
        #expect(error?.errno == ENOENT)
        #expect(error?.description.hasPrefix("exec no-such-program: no program of that name in PATH (/bin)") == true)
    }

    @Test func `a missing file is named with the step that failed`() throws {
        let error = #expect(throws: SystemError.self) { try run(["./missing"], directory: "/tmp") }
        #expect(error?.errno == ENOENT)
        #expect(error?.description.hasPrefix("exec ./missing: no such file or directory\n  hint: ") == true)
    }

    @Test func `a missing directory is named with the step that failed`() throws {
        let error = #expect(throws: SystemError.self) { try run(["true"], directory: "/no/such/place") }
        #expect(error?.description.hasPrefix("change directory to /no/such/place: no such file or directory") == true)
    }

    @Test func `a file that is no program is refused with a hint`() throws {
        let directory = TemporaryDirectory()
        let path = try directory.file("words", "just words\n", mode: 0o700)
        let error = #expect(throws: SystemError.self) { try run([path]) }
        #expect(error?.errno == ENOEXEC)
        let plain = try directory.file("plain", "#!/bin/sh\n", mode: 0o600)
        let denied = #expect(throws: SystemError.self) { try run([plain]) }
        #expect(denied?.errno == EACCES)
        #expect(denied?.hint == "make it executable: chmod +x \(plain)")
    }

    @Test func `an argument with a zero byte is refused, not cut`() {
        #expect(throws: SystemError.self) { try run(["echo", "a\0b"]) }
        #expect(throws: SystemError.self) { try run(["true"], environment: ["A=B": "c"]) }
        #expect(throws: SystemError.self) { try run([]) }
    }

    @Test func `signals to the group reach grandchildren while the leader is a zombie`() throws {
        let pipe = Pipe()
        let reading = try pipe.reading.duplicate()
        let child = try ChildProcess(
            starting: ProcessOrder(
                argv: ["sh", "-c", "sleep 600 & sleep 600 & exit 3"], environment: ["PATH": "/usr/bin:/bin"],
                output: pipe.writing.number))
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), pipe.writing.number)
        var entry = pollfd(fd: child.descriptor.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 60_000) == 1)
        #expect(try child.descriptor.ending(isReaped: false) == .code(3))
        #expect(try child.signalGroup(SIGKILL))
        // The grandchildren hold the pipe open until they are dead.
        #expect(readToEnd(reading) == "")
        #expect(try child.descriptor.ending(isReaped: true) == .code(3))
    }

    @Test func `a signal to a process that has ended is reported, not thrown`() throws {
        let pipe = Pipe()
        let child = try ChildProcess(
            starting: ProcessOrder(argv: ["true"], environment: [:], output: pipe.writing.number))
        #expect(try waitForEnd(child.descriptor) == .code(0))
        #expect(try child.descriptor.signal(SIGTERM) == false)
        let hasEnded = child.descriptor.hasEnded
        #expect(hasEnded)
    }
}
