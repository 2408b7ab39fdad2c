// The documents on disk: one SQLite file in WAL mode, used by several processes of two releases at once.
// Not for other tables: the schema and its history are in `DocumentSchema`.

import Foundation
import GRDB

/// Documents in one SQLite file. Any number of processes may have it open.
///
/// A write is acknowledged once SQLite has committed it: it then survives the death of every process, though not
/// necessarily a loss of power (`synchronous=NORMAL`, sqlite.org/wal.html §"Performance considerations").
struct DocumentStore: Sendable {
    private let pool: DatabasePool
    private let columns: String

    /// How long SQLite itself waits for another writer before it reports BUSY.
    private static let busyTimeoutSeconds: TimeInterval = 5
    /// How often a transaction is begun again after BUSY.
    private static let busyRetriesMax = 2

    /// Opens, and brings to the schema of `release` if it is behind; waits its turn when other processes do the same.
    init(path: String, release: DocumentsRelease) async throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busyTimeoutSeconds)
        configuration.label = "documents"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        // Turning WAL on and migrating both need the file alone, and SQLite answers some of these collisions with an
        // immediate BUSY; so processes that start together queue on a lock file of our own.
        let turn = try await StartLock(path: path + ".lock")
        defer { turn.release() }
        pool = try DatabasePool(path: path, configuration: configuration)
        try DocumentSchema.migrator(for: release).migrate(pool)
        columns = release.showsRevisions ? "id, data, revision, updated_at" : "id, data"
    }

    /// The document called `id`, or `nil`.
    func document(_ id: DocumentID) async throws -> Document? {
        try await retryingBusy { [columns] in
            try await pool.read { try Self.fetch(id, columns, from: $0) }
        }
    }

    /// Stores a new document; `nil` when the id is taken.
    func create(_ id: DocumentID, data: JSONValue) async throws -> Document? {
        let text = try Self.text(of: data)
        return try await retryingBusy { [columns] in
            try await pool.write { database in
                try database.execute(
                    sql: "INSERT INTO documents (id, data) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
                    arguments: [id.text, text])
                guard database.changesCount == 1 else { return nil }
                return try Self.fetch(id, columns, from: database)
            }
        }
    }

    /// Stores a document whether or not it was there before.
    func replace(_ id: DocumentID, data: JSONValue) async throws -> (document: Document, isNew: Bool) {
        let text = try Self.text(of: data)
        return try await retryingBusy { [columns] in
            try await pool.write { database in
                try database.execute(
                    sql: "UPDATE documents SET data = ? WHERE id = ?", arguments: [text, id.text])
                let isNew = database.changesCount == 0
                if isNew {
                    try database.execute(
                        sql: "INSERT INTO documents (id, data) VALUES (?, ?)", arguments: [id.text, text])
                }
                guard let document = try Self.fetch(id, columns, from: database) else {
                    preconditionFailure("a row written in this transaction is not there: \(id.text)")
                }
                return (document, isNew)
            }
        }
    }

    /// Removes the document called `id`; `false` when there is none.
    func delete(_ id: DocumentID) async throws -> Bool {
        try await retryingBusy {
            try await pool.write { database in
                try database.execute(sql: "DELETE FROM documents WHERE id = ?", arguments: [id.text])
                return database.changesCount == 1
            }
        }
    }

    /// Whether the file answers a query.
    func check() async throws {
        _ = try await pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM documents LIMIT 1") }
    }

    func close() throws {
        try pool.close()
    }

    private static func fetch(_ id: DocumentID, _ columns: String, from database: Database) throws -> Document? {
        let sql = "SELECT \(columns) FROM documents WHERE id = ?"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: [id.text]) else { return nil }
        let text: String = row["data"]
        let data = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        return Document(id: id, data: data, revision: row["revision"], updatedAt: row["updated_at"])
    }

    private static func text(of data: JSONValue) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(data), as: UTF8.self)
    }

    /// Runs a whole transaction again when another process held the file for longer than the busy timeout.
    private func retryingBusy<Value: Sendable>(_ transaction: () async throws -> Value) async throws -> Value {
        for _ in 0..<Self.busyRetriesMax {
            do {
                return try await transaction()
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                continue
            }
        }
        return try await transaction()
    }
}
