// The admin API beside a server: when its failure ends the server, and when it is tried again.

import Synchronization
import Testing

@testable import portico

@Suite(.timeLimit(.minutes(1))) struct AdminServiceTests {
    private struct Trouble: Error, CustomStringConvertible {
        var description: String { "the place is taken" }
    }

    private final class Told: Sendable {
        let words = Mutex<[String]>([])
        var all: [String] { words.withLock { $0 } }
    }

    @Test func `the first server is told when the place is taken`() async throws {
        let told = Told()
        let service = AdminService(
            isEssential: true, serve: { _ in throw Trouble() },
            tell: { word in told.words.withLock { $0.append(word) } })
        let (claims, claim) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        await service.run(claim)
        var results = claims.makeAsyncIterator()
        let first = try #require(await results.next())
        #expect(throws: Trouble.self) { try first.get() }
        #expect(told.all == [])
    }

    @Test func `a later failure is told once, tried again, and its end is told`() async throws {
        let told = Told()
        let tries = Mutex(0)
        let (recovered, recovery) = AsyncStream.makeStream(of: Void.self)
        let service = AdminService(
            isEssential: true,
            serve: { onListening in
                let number = tries.withLock { tries in
                    tries += 1
                    return tries
                }
                if number == 2 || number == 3 { throw Trouble() }
                await onListening()
                if number == 4 { recovery.yield() }
                if number == 4 { try await Task.sleep(for: .seconds(60)) }
                throw Trouble()
            }, tell: { word in told.words.withLock { $0.append(word) } }, retryInterval: .zero)
        let (claims, claim) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        let running = Task { await service.run(claim) }
        var results = claims.makeAsyncIterator()
        try #require(await results.next()).get()
        for await _ in recovered { break }
        running.cancel()
        await running.value
        #expect(
            told.all == [
                "the admin API can't be reached, trying again: the place is taken", "the admin API answers again",
            ])
    }
}
