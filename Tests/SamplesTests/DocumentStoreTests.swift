// Several stores on one file, as several processes have it, and two releases on one schema.

import Testing

@testable import samples

struct DocumentStoreTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func store(_ release: DocumentsRelease) async throws -> DocumentStore {
        try await DocumentStore(path: directory.databasePath, release: release)
    }

    @Test func `stores of both releases that open a new file at once all work`() async throws {
        let stores = try await withThrowingTaskGroup(of: DocumentStore.self) { group in
            for index in 0..<12 {
                group.addTask { try await store(index % 2 == 0 ? .v1 : .v2) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let id = try #require(DocumentID("shared"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in stores {
                group.addTask {
                    for number in 0..<10 { _ = try await store.replace(id, data: .integer(Int64(number))) }
                }
            }
            try await group.waitForAll()
        }
        let last = try await store(.v2).document(id)
        #expect(last?.revision == 120)
    }

    @Test func `an old release keeps working on the schema of the new one, and its writes count there`() async throws {
        let id = try #require(DocumentID("a"))
        let old = try await store(.v1)
        _ = try await old.create(id, data: .string("by v1 before"))
        let new = try await store(.v2)
        #expect(try await new.document(id)?.revision == 1)
        _ = try await old.replace(id, data: .string("by v1 after"))
        let seen = try #require(try await new.document(id))
        #expect(seen.data == .string("by v1 after"))
        #expect(seen.revision == 2)
        #expect(seen.updatedAt != nil)
        _ = try await new.replace(id, data: .string("by v2"))
        #expect(try await old.document(id) == Document(id: id, data: .string("by v2")))
    }

    @Test func `an old release starts on the schema of the new one, as after an undo`() async throws {
        let id = try #require(DocumentID("welcome"))
        try await store(.v2).close()
        let old = try await store(.v1)
        #expect(try await old.document(id) != nil)
        let other = try #require(DocumentID("b"))
        _ = try await old.create(other, data: .null)
        let seen = try await store(.v2).document(other)
        #expect(seen?.revision == 1)
        #expect(seen?.updatedAt != nil)
    }

    @Test func `creating an id that is taken changes nothing`() async throws {
        let id = try #require(DocumentID("a"))
        let documents = try await store(.v2)
        #expect(try await documents.create(id, data: .bool(true)) != nil)
        #expect(try await documents.create(id, data: .bool(false)) == nil)
        let seen = try await documents.document(id)
        #expect(seen?.data == .bool(true))
        #expect(seen?.revision == 1)
    }
}
