// What a keeper finds of an earlier one that was killed.

import Glibc
import Kernel
import Testing
import Vocabulary

@testable import Keeper

@Suite(.timeLimit(.minutes(1))) struct AdoptionTests {
    /// A process that is nobody's child here: its parent has ended at once.
    private func orphan(_ program: String) throws -> ProcessIdentity {
        var ends: [CInt] = [-1, -1]
        pipe(&ends)
        let reading = OwnedDescriptor(ends[0])
        let writing = HeldDescriptor(ends[1])
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        // The inner shell names itself once it leads its session.
        let script = "setsid sh -c 'echo $$; exec \(program) > /dev/null 2>&1' & exit 0"
        let parent = try ChildProcess(
            starting: ProcessOrder(
                argv: ["sh", "-c", script], environment: ["PATH": String(cString: getenv("PATH"))],
                output: writing.number))
        var line = [UInt8](repeating: 0, count: 32)
        let length = read(reading.number, &line, line.count)
        let pid = try #require(Int32(String(decoding: line.prefix(max(0, length - 1)), as: UTF8.self)))
        try waitForEnd(pid: parent.identity.pid)
        _ = try parent.descriptor.ending(isReaped: true)
        return try #require(try ProcessIdentity.current(of: pid))
    }

    private func records(_ directory: TemporaryDirectory) throws -> InstanceRecords {
        try InstanceRecords("\(directory.path)/instances")
    }

    private func record(_ id: InstanceID, _ identity: ProcessIdentity, port: UInt16? = nil) -> InstanceRecord {
        InstanceRecord(id: id, identity: identity, port: port, logFile: "/dev/null", record: Array("{}".utf8))
    }

    @Test func `a running instance is adopted with its port, and its end is reported as unknown`() async throws {
        let directory = TemporaryDirectory()
        let identity = try orphan("sleep 600")
        let port = try PortReservation().port
        try records(directory).write(record(.shop(3), identity, port: port))
        let rig = try Rig(directory)
        let (client, pid) = try await rig.server()
        let inventory = try await client.inventory()
        #expect(inventory.exits.isEmpty)
        let held = try #require(inventory.instances.first)
        #expect(held.id == .shop(3) && held.pid == identity.pid && held.isAdopted && held.port == port)
        #expect(held.startTime == identity.startTime)
        #expect(!isFree(port))
        #expect(try await client.signal(.shop(3), signal: SIGTERM, group: true))
        #expect(await client.exits.first() == ExitReport(id: .shop(3), pid: identity.pid, status: .unknown))
        try await client.forget(.shop(3))
        #expect(try rig.recordFiles == [])
        try await rig.end((client, pid))
    }

    @Test func `another process under the same pid is not adopted and not touched`() async throws {
        let directory = TemporaryDirectory()
        let identity = try orphan("sleep 600")
        var older = identity
        older.startTime -= 1
        var elsewhere = identity
        elsewhere.bootID = "00000000-0000-0000-0000-000000000000"
        try records(directory).write(record(.shop(1), older))
        try records(directory).write(record(.shop(2), elsewhere))
        try records(directory).write(record(.shop(4), ProcessIdentity(bootID: identity.bootID, pid: 1, startTime: 0)))
        let rig = try Rig(directory)
        let (client, pid) = try await rig.server()
        let inventory = try await client.inventory()
        #expect(inventory.instances.isEmpty)
        #expect(inventory.exits.map(\.report.id) == [.shop(1), .shop(2), .shop(4)])
        #expect(inventory.exits.allSatisfy { $0.report.status == .unknown })
        #expect(try await client.signal(.shop(1), signal: SIGKILL, group: true) == false)
        try await rig.end((client, pid))
        #expect(try ProcessIdentity.current(of: identity.pid) == identity)
        kill(identity.pid, SIGKILL)
    }

    @Test func `files that are no records are reported, passed over and left alone`() async throws {
        let directory = TemporaryDirectory()
        let identity = try orphan("sleep 600")
        let place = try records(directory)
        try place.write(record(.shop(1), identity))
        let good = try Files.read("\(place.directory)/shop-1.json")
        try Files.replace("\(place.directory)/empty.json", with: [])
        try Files.replace("\(place.directory)/half.json", with: Array(good.prefix(good.count / 2)))
        try Files.replace("\(place.directory)/bytes.json", with: [0, 0xff, 0x7b])
        try Files.replace("\(place.directory)/shop-7.json", with: good)
        try Files.replace("\(place.directory)/shop-8.json.new", with: [1])
        try Files.makeDirectory("\(place.directory)/dir.json", mode: 0o700)
        let rig = try Rig(directory)
        let (client, pid) = try await rig.server()
        #expect(try await client.inventory().instances.map(\.id) == [.shop(1)])
        let complaints = rig.lines.filter { $0.hasPrefix("passed over: ") }
        #expect(complaints.count == 5, "\(complaints)")
        for name in ["empty.json", "half.json", "bytes.json", "shop-7.json", "dir.json"] {
            #expect(complaints.contains { $0.contains("/\(name): ") })
        }
        try await rig.end((client, pid))
        #expect(try rig.recordFiles.count == 6)
        try waitForEnd(pid: identity.pid)
    }

    @Test func `an adopted instance takes its group along`() async throws {
        let directory = TemporaryDirectory()
        let fifo = "\(directory.path)/pid"
        mkfifo(fifo, 0o600)
        let reading = HeldDescriptor(open(fifo, O_RDWR | O_CLOEXEC))
        let identity = try orphan("sh -c \"sleep 600 & echo \\$! > \(fifo); wait\"")
        var line = [UInt8](repeating: 0, count: 32)
        let length = read(reading.number, &line, line.count)
        let member = try #require(Int32(String(decoding: line.prefix(max(0, length - 1)), as: UTF8.self)))
        try records(directory).write(record(.shop(1), identity))
        let rig = try Rig(directory)
        let (client, pid) = try await rig.server()
        _ = try await client.inventory()
        #expect(try await client.signal(.shop(1), signal: SIGKILL, group: false))
        #expect(await client.exits.first()?.status == .unknown)
        try waitForEnd(pid: member)
        try await rig.end((client, pid))
    }

    @Test func `a server that still finishes its requests keeps nobody waiting`() async throws {
        let directory = TemporaryDirectory()
        let former = try orphan("sleep 600")
        try ServerRecord.write(former, keeper: nil, in: directory.path)
        let rig = try Rig(directory)
        let server = try await rig.server()
        #expect(server.client.isFormerServerAlive)
        #expect(rig.lines.first == "the server of an earlier keeper (pid \(former.pid)) is finishing its requests")
        kill(former.pid, SIGKILL)
        try waitForEnd(pid: former.pid)
        #expect(!server.client.isFormerServerAlive)
        try await rig.end(server)
        #expect(!rig.lines.contains { $0.hasSuffix("killing it") })
    }

    @Test func `a server that never finishes is killed in the end`() async throws {
        let directory = TemporaryDirectory()
        let former = try orphan("sleep 600")
        try ServerRecord.write(former, keeper: nil, in: directory.path)
        let rig = try Rig(directory, formerServerWait: .zero)
        let server = try await rig.server()
        try waitForEnd(pid: former.pid)
        #expect(rig.lines.contains { $0.hasSuffix("did not finish in time: killing it") })
        try await rig.end(server)
    }

    @Test func `a directory whose last server still has its keeper is refused`() throws {
        let directory = TemporaryDirectory()
        let keeper = try orphan("sleep 600")
        try ServerRecord.write(keeper, keeper: keeper, in: directory.path)
        let error = try #require(throws: KeeperError.self) {
            try ServerRecord.requireNoLivingKeeper(in: directory.path)
        }
        #expect(error.code == .conflict && error.reason.contains("pid \(keeper.pid)"))
        kill(keeper.pid, SIGKILL)
        try waitForEnd(pid: keeper.pid)
    }

    @Test func `another process under the pid of the last keeper is no keeper`() throws {
        let directory = TemporaryDirectory()
        let other = try orphan("sleep 600")
        var keeper = other
        keeper.startTime -= 1
        try ServerRecord.write(other, keeper: keeper, in: directory.path)
        try ServerRecord.requireNoLivingKeeper(in: directory.path)
        kill(other.pid, SIGKILL)
    }
}
