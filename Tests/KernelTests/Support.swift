// What these tests share: a directory that goes away, and children whose output is read to its end.

import CKernel
import Foundation
import Glibc
import Kernel
import Vocabulary

/// A new directory, removed with everything in it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/portico-test-XXXXXX".utf8CString)
        mkdtemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String, _ text: String = "", mode: mode_t = 0o600) throws -> String {
        let file = "\(path)/\(name)"
        try Files.replace(file, with: Array(text.utf8))
        chmod(file, mode)
        return file
    }
}

/// A pipe, both ends close-on-exec.
struct Pipe: ~Copyable {
    let reading: OwnedDescriptor
    let writing: OwnedDescriptor

    init() {
        var ends: [CInt] = [-1, -1]
        precondition(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reading = OwnedDescriptor(ends[0])
        writing = OwnedDescriptor(ends[1])
    }
}

/// Everything that comes until nobody holds the writing end any more.
func readToEnd(_ descriptor: borrowing OwnedDescriptor) -> String {
    var all: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while case let length = read(descriptor.number, &block, block.count), length > 0 { all += block[..<length] }
    return String(decoding: all, as: UTF8.self)
}

/// Blocks until the process has ended, and reaps it.
func waitForEnd(_ process: borrowing ProcessDescriptor) throws -> ProcessEnding? {
    var entry = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
    _ = poll(&entry, 1, 60_000)
    return try process.ending(isReaped: true)
}

/// Runs a program to its end.
func run(
    _ argv: [String], environment: [String: String] = ["PATH": "/usr/bin:/bin"], directory: String? = nil,
    openFilesMax: Int? = nil, memory: ByteCount? = nil
) throws -> (output: String, ending: ProcessEnding?) {
    let pipe = Pipe()
    let reading = pipe.reading.number
    let child = try ChildProcess(
        starting: ProcessOrder(
            argv: argv, environment: environment, workingDirectory: directory, output: pipe.writing.number,
            openFilesMax: openFilesMax, memory: memory))
    // Our own writing end would keep the pipe open.
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), pipe.writing.number)
    var all: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while case let length = read(reading, &block, block.count), length > 0 { all += block[..<length] }
    return (String(decoding: all, as: UTF8.self), try waitForEnd(child.descriptor))
}

/// A descriptor that can be copied around: closed with the last reference.
final class HeldDescriptor: Sendable {
    let number: CInt

    init(_ number: CInt) {
        self.number = number
    }

    deinit {
        close(number)
    }
}

/// A plain TCP connection to a port of 127.0.0.1; `nil` when it is refused.
func connectTCP(_ port: UInt16) -> HeldDescriptor? {
    let descriptor = HeldDescriptor(socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0))
    let address = SocketAddress(.tcp(host: "127.0.0.1", port: port))!
    return address.withSockAddr { connect(descriptor.number, $0, $1) } == 0 ? descriptor : nil
}
