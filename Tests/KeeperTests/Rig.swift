// A keeper in a thread of the test, with the test in the place of the server: it holds the far end of the socket. A
// shell stands in for the server's process, so that its death, its exit code and the signals it gets are real.

import CKernel
import Foundation
import Glibc
import Kernel
import Synchronization
import Testing
import Vocabulary

@testable import Keeper

/// A running keeper on a new state directory, or on a given one.
final class Rig: Sendable {
    let directory: TemporaryDirectory
    private let signalsIn: HeldDescriptor
    private let reports: HeldDescriptor
    private let channels: AsyncStream<(channel: CInt, pid: Int32)>
    private let ending: AsyncStream<Int32>
    private let said = Mutex<[String]>([])

    /// SIGUSR1 ends it with 0, SIGUSR2 with 3; it reports HUP and TERM and goes on. Outlives the tests by a minute at most.
    private static let standIn = """
        trap 'echo HUP > "$0"' HUP; trap 'echo TERM > "$0"' TERM; trap 'exit 0' USR1; trap 'exit 3' USR2
        echo ready > "$0"; while kill -0 $PPID; do sleep 60 & wait; done
        """

    init(
        _ directory: TemporaryDirectory = TemporaryDirectory(), leftoverGrace: Duration = .seconds(60),
        formerServerWait: Duration = .seconds(60)
    ) throws {
        self.directory = directory
        let fifo = "\(directory.path)/reports"
        mkfifo(fifo, 0o600)
        // Both ways, so that neither opening nor reading ends when a stand-in does.
        reports = HeldDescriptor(open(fifo, O_RDWR | O_CLOEXEC))
        var ends: [CInt] = [-1, -1]
        pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        signalsIn = HeldDescriptor(ends[1])
        let signalsOut = HeldDescriptor(ends[0])
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)

        let (channels, channelsInlet) = AsyncStream.makeStream(of: (channel: CInt, pid: Int32).self)
        let (ending, endingInlet) = AsyncStream.makeStream(of: Int32.self)
        self.channels = channels
        self.ending = ending
        let configuration = KeeperProcess.Configuration(
            stateDirectory: directory.path,
            environment: ["PATH": String(cString: getenv("PATH")), "KEPT": "yes", "PORTICO_KEEPER_X": "no"],
            leftoverGrace: leftoverGrace, formerServerWait: formerServerWait, serverArguments: { _ in [] })

        @Sendable func startServer(_ channel: CInt) throws(SystemError) -> ChildProcess {
            let null = OwnedDescriptor(open("/dev/null", O_WRONLY | O_CLOEXEC))
            let process = try ChildProcess(
                starting: ProcessOrder(
                    argv: ["sh", "-c", Self.standIn, fifo], environment: configuration.environment,
                    output: null.number, channel: channel))
            channelsInlet.yield((fcntl(channel, F_DUPFD_CLOEXEC, 3), process.identity.pid))
            return process
        }
        _ = try NativeThread(name: "keeper") { [self] in
            let source = SignalSource(number: signalsOut.number) {
                var byte: UInt8 = 0
                return read(signalsOut.number, &byte, 1) == 1 ? CInt(byte) : nil
            }
            let surroundings = KeeperLoop.Surroundings(
                signals: source, reapsOrphans: false, openFilesOfInstances: 99, startServer: startServer,
                say: { line in self.said.withLock { $0.append(line) } })
            do {
                endingInlet.yield(try KeeperLoop(configuration, surroundings).run())
            } catch {
                Issue.record("\(error)")
            }
            endingInlet.finish()
        }
    }

    /// What the keeper has told the operator.
    var lines: [String] { said.withLock { $0 } }

    /// Waits until the keeper has started a server and its stand-in is up.
    func server() async throws -> (client: KeeperClient, pid: Int32) {
        var iterator = channels.makeAsyncIterator()
        let next = try #require(await iterator.next())
        #expect(report() == "ready")
        return (try KeeperClient(descriptor: next.channel), next.pid)
    }

    /// The same, for a test that speaks for itself.
    func rawServer() async throws -> (socket: HeldDescriptor, pid: Int32) {
        var iterator = channels.makeAsyncIterator()
        let next = try #require(await iterator.next())
        #expect(report() == "ready")
        return (HeldDescriptor(next.channel), next.pid)
    }

    /// The next word of a stand-in.
    func report() -> String {
        var word: [UInt8] = []
        var byte: UInt8 = 0
        while read(reports.number, &byte, 1) == 1, byte != 0x0a { word.append(byte) }
        return String(decoding: word, as: UTF8.self)
    }

    /// Sends a signal to the keeper.
    func send(_ signal: CInt) {
        var byte = UInt8(signal)
        #expect(write(signalsIn.number, &byte, 1) == 1)
    }

    /// Waits for the keeper's end.
    func exitCode() async -> Int32? {
        var iterator = ending.makeAsyncIterator()
        return await iterator.next()
    }

    /// Says goodbye for the server and waits for the keeper's end.
    func end(_ server: (client: KeeperClient, pid: Int32), exitCode: Int32 = 0) async throws {
        try await server.client.shutdown(exitCode: exitCode)
        kill(server.pid, SIGUSR1)
        #expect(await self.exitCode() == exitCode)
    }

    func logFile(_ id: InstanceID) -> String { "\(directory.path)/logs/\(id.service)/\(id).log" }

    func log(_ id: InstanceID) throws -> String {
        String(decoding: try Files.read(logFile(id)), as: UTF8.self)
    }

    func order(_ id: InstanceID, _ argv: [String], port: UInt16? = nil, record: String = "{}") -> SpawnOrder {
        SpawnOrder(
            id: id, argv: argv, environment: ["GIVEN": "too"], workingDirectory: directory.path, logFile: logFile(id),
            port: port, record: Array(record.utf8))
    }

    var recordFiles: [String] {
        get throws { try Files.names(in: "\(directory.path)/instances") }
    }
}

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

extension InstanceID {
    static func shop(_ ordinal: UInt32) -> InstanceID { InstanceID(service: ServiceName("shop"), ordinal: ordinal) }
}

/// Blocks until a process has ended, whoever's child it is.
func waitForEnd(pid: Int32) throws {
    guard let process = try ProcessDescriptor(opening: pid) else { return }
    var entry = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
    #expect(poll(&entry, 1, 60_000) == 1)
}

/// Whether a program that does not set `SO_REUSEADDR` could take the port: nobody else has it in any way.
func isFree(_ port: UInt16) -> Bool {
    let descriptor = HeldDescriptor(socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0))
    return SocketAddress(.tcp(host: "127.0.0.1", port: port))!.withSockAddr { bind(descriptor.number, $0, $1) } == 0
}

extension AsyncStream {
    /// The next element, for a test that takes them one by one.
    func first() async -> Element? {
        var iterator = makeAsyncIterator()
        return await iterator.next()
    }
}

/// Waits until `condition` holds; the suite's time limit ends a vain wait. For what another test may hold up: a child
/// that it is just starting has copies of our descriptors for the moment between clone and exec.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}
