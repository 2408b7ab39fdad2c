// The memory of each service's fleet on disk: `rollouts/<service>.json` in the state directory.

import Fleet
import FoundationEssentials
import Kernel
import Vocabulary

/// Reads and writes fleet snapshots; a write replaces the file in one step, so that a crash leaves the old or the new.
struct SnapshotStore {
    let directory: String

    /// Touches nothing: the directory is made by the first save.
    init(stateDirectory: String) {
        directory = stateDirectory + "/rollouts"
    }

    /// `nil` when there is none. Throws when there is one that can't be read: starting from nothing would forget a
    /// rollout, so an operator decides.
    func load(_ service: ServiceName) throws -> FleetSnapshot? {
        let path = self.path(service)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let snapshot = try JSONDecoder().decode(
                FleetSnapshot.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
            guard snapshot.format == FleetSnapshot.formatNow else {
                throw SnapshotError(path: path, cause: "format \(snapshot.format), not \(FleetSnapshot.formatNow)")
            }
            return snapshot
        } catch let error as SnapshotError {
            throw error
        } catch {
            throw SnapshotError(path: path, cause: "\(error)")
        }
    }

    func save(_ snapshot: FleetSnapshot, of service: ServiceName) throws {
        try Files.makeDirectory(directory, mode: 0o755)
        try Files.replace(path(service), with: [UInt8](JSONEncoder().encode(snapshot)))
    }

    private func path(_ service: ServiceName) -> String { "\(directory)/\(service).json" }
}

/// A snapshot that is there but can't be understood.
struct SnapshotError: Error, CustomStringConvertible {
    let path: String
    let cause: String

    var description: String {
        """
        can't read what is known of past rollouts in \(path): \(cause)
          hint: restore the file from a backup, or remove it to start from the release in the settings
        """
    }
}
