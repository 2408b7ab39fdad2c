// Instances from start to forgetting, with real processes.

import Glibc
import Kernel
import Testing
import Vocabulary

@testable import Keeper

@Suite(.timeLimit(.minutes(1))) struct InstanceTests {
    @Test func `an instance runs in its place and its exit is reported once`() async throws {
        let rig = try Rig()
        let server = try await rig.server()
        #expect(try await server.client.inventory().instances.isEmpty)
        let script = "echo $KEPT $GIVEN ${PORTICO_KEEPER_X-none}; pwd; ls /proc/$$/fd; ulimit -Sn; exit 7"
        let process = try await server.client.spawn(rig.order(.shop(1), ["sh", "-c", script]))
        let report = try #require(await server.client.exits.first())
        #expect(report == ExitReport(id: .shop(1), pid: process.pid, status: .code(7)))
        #expect(report.description == "exited with code 7")
        #expect(try rig.log(.shop(1)) == "yes too none\n\(rig.directory.path)\n0\n1\n2\n99\n")
        #expect(try await server.client.inventory().exits.map(\.report) == [report])
        #expect(try rig.recordFiles == ["shop-1.json"])
        try await server.client.forget(.shop(1))
        try await server.client.forget(.shop(1))
        #expect(try rig.recordFiles == [])
        #expect(try await server.client.inventory().exits.isEmpty)
        try await rig.end(server)
    }

    @Test func `an exit that the inventory tells is not told again`() async throws {
        let rig = try Rig()
        let (client, pid) = try await rig.server()
        _ = try await client.spawn(rig.order(.shop(1), ["true"]))
        try await eventually { try await !client.signal(.shop(1), signal: SIGCONT, group: false) }
        // Once the second one's end is known to the keeper, the first one's is.
        _ = try await client.spawn(rig.order(.shop(2), ["true"]))
        try await eventually { (try? await client.forget(.shop(2))) != nil }
        #expect(try await client.inventory().exits.map(\.report.id) == [.shop(1)])
        _ = try await client.spawn(rig.order(.shop(3), ["true"]))
        #expect(await client.exits.first()?.id == .shop(3))
        try await rig.end((client, pid))
    }

    @Test func `a failed start names the step and the file, and leaves nothing behind`() async throws {
        let rig = try Rig()
        let server = try await rig.server()
        let port = try await server.client.reservePort()
        #expect(!isFree(port))
        let error = await #expect(throws: KeeperError.self) {
            try await server.client.spawn(rig.order(.shop(1), ["./missing"], port: port))
        }
        #expect(error?.code == .system)
        #expect(error?.reason == "exec ./missing: no such file or directory")
        #expect(error?.hint?.isEmpty == false)
        try await eventually { isFree(port) }
        #expect(try rig.recordFiles == [])
        _ = try await server.client.spawn(rig.order(.shop(1), ["sleep", "600"]))
        try await rig.end(server)
    }

    @Test func `what makes no sense is refused with a reason`() async throws {
        let rig = try Rig()
        let (client, pid) = try await rig.server()
        _ = try await client.spawn(rig.order(.shop(1), ["sleep", "600"]))
        func refusal(_ change: (inout SpawnOrder) -> Void) async -> KeeperError.Code? {
            var order = rig.order(.shop(2), ["true"])
            change(&order)
            do throws(KeeperError) {
                _ = try await client.spawn(order)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(await refusal { $0.id = .shop(1) } == .conflict)
        #expect(await refusal { $0.id = InstanceID(service: ServiceName("../../etc/x"), ordinal: 1) } == .illFormed)
        #expect(await refusal { $0.port = 1 } == .illFormed)
        #expect(await refusal { $0.workingDirectory = "here" } == .illFormed)
        #expect(await refusal { $0.logFile = "log" } == .illFormed)
        #expect(await refusal { $0.openFilesMax = -1 } == .illFormed)
        #expect(await refusal { $0.memory = ByteCount(0) } == .illFormed)
        #expect(await refusal { $0.argv = [] } == .system)
        #expect(await refusal { $0.record = [0xff] } == .illFormed)
        #expect(await refusal { $0.environment["BIG"] = String(repeating: "x", count: 200_000) } == .tooLarge)
        let unknown = await #expect(throws: KeeperError.self) {
            try await client.signal(.shop(9), signal: SIGTERM, group: false)
        }
        #expect(unknown?.code == .notFound)
        let nonsense = await #expect(throws: KeeperError.self) {
            try await client.signal(.shop(1), signal: 99, group: false)
        }
        #expect(nonsense?.code == .illFormed)
        let running = await #expect(throws: KeeperError.self) { try await client.forget(.shop(1)) }
        #expect(running?.code == .conflict)
        try await rig.end((client, pid))
    }

    @Test func `a signal reaches an instance or its whole group`() async throws {
        let rig = try Rig()
        let (client, pid) = try await rig.server()
        _ = try await client.inventory()
        _ = try await client.spawn(rig.order(.shop(1), ["sleep", "600"]))
        #expect(try await client.signal(.shop(1), signal: SIGKILL, group: false))
        #expect(await client.exits.first()?.description == "was killed by SIGKILL")
        #expect(try await client.signal(.shop(1), signal: SIGKILL, group: false) == false)

        // A stopped process that handles SIGTERM hears of it only once it is continued.
        let script = "trap 'exit 4' TERM; echo up; while kill -0 $PPID; do sleep 60 & wait; done"
        let stopped = try await client.spawn(rig.order(.shop(2), ["sh", "-c", script]))
        try await eventually { try rig.log(.shop(2)) == "up\n" }
        #expect(try await client.signal(.shop(2), signal: SIGSTOP, group: true))
        #expect(try await client.signal(.shop(2), signal: SIGTERM, group: true))
        #expect(await client.exits.first() == ExitReport(id: .shop(2), pid: stopped.pid, status: .code(4)))
        try await rig.end((client, pid))
    }

    @Test func `grandchildren do not outlive their instance`() async throws {
        let rig = try Rig()
        let (client, pid) = try await rig.server()
        _ = try await client.inventory()
        let script = "sleep 600 & echo $!; exit 0"
        _ = try await client.spawn(rig.order(.shop(1), ["sh", "-c", script]))
        #expect(await client.exits.first()?.status == .code(0))
        let grandchild = try #require(Int32(try rig.log(.shop(1)).dropLast()))
        try waitForEnd(pid: grandchild)
        try await rig.end((client, pid))
    }

    @Test func `a port stays reserved until its instance is forgotten`() async throws {
        let rig = try Rig()
        let (client, pid) = try await rig.server()
        _ = try await client.inventory()
        let port = try await client.reservePort()
        _ = try await client.spawn(rig.order(.shop(1), ["true"], port: port))
        _ = await client.exits.first()
        #expect(!isFree(port))
        try await client.forget(.shop(1))
        try await eventually { isFree(port) }
        try await rig.end((client, pid))
    }
}
