// What the keeper keeps of an instance for the next server, besides what it knows by itself.

import FoundationEssentials
import Vocabulary

/// The server's own note on an instance, opaque to the keeper.
struct InstanceRecord: Codable, Hashable {
    var release: ReleaseName

    var bytes: [UInt8] {
        // A struct of strings always encodes.
        [UInt8](try! JSONEncoder().encode(self))
    }

    init(release: ReleaseName) {
        self.release = release
    }

    /// `nil` when the bytes are not such a note: an older or newer version wrote them.
    init?(_ bytes: [UInt8]) {
        guard let record = try? JSONDecoder().decode(InstanceRecord.self, from: Data(bytes)) else { return nil }
        self = record
    }
}
