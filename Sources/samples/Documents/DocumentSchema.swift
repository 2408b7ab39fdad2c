// The schema of the documents and its history. v1 and v2 run side by side on one file during a rollout, and an undo
// may put v1 back after v2 has migrated, so every step only adds, and old writers stay correct ("expand, contract"):
//
// 1. v2 adds `revision` and `updated_at` with defaults: v1, which names its columns, neither sees nor breaks them.
// 2. Triggers keep the new columns true, whoever writes; v2 itself never sets them. So a write by v1 counts too.
// 3. Contracting (dropping what v1 needs) would be a release after the last v1 is gone; there is nothing to drop.

import GRDB

/// The migrations, by release.
enum DocumentSchema {
    /// The migrations that `release` needs; a file that is further ahead is left as it is.
    static func migrator(for release: DocumentsRelease) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        // The document `welcome` gives a new store something to read.
        migrator.registerMigration("v1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE documents (id TEXT PRIMARY KEY NOT NULL, data TEXT NOT NULL);
                    INSERT INTO documents (id, data) VALUES ('welcome', '"A document store on SQLite."');
                    """)
        }
        if release.showsRevisions {
            migrator.registerMigration("v2") { try expandForRevisions($0) }
        }
        return migrator
    }

    private static func expandForRevisions(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE documents ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
                ALTER TABLE documents ADD COLUMN updated_at TEXT;
                UPDATE documents SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
                CREATE TRIGGER documents_inserted AFTER INSERT ON documents BEGIN
                    UPDATE documents SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
                END;
                CREATE TRIGGER documents_updated AFTER UPDATE OF data ON documents BEGIN
                    UPDATE documents SET revision = OLD.revision + 1,
                        updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
                END;
                """)
    }
}
