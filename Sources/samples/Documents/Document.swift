// A document as it is stored and as clients see and send it.

/// A stored document.
struct Document: Hashable, Sendable {
    var id: DocumentID
    var data: JSONValue
    /// Counts the writes of this document from 1; `nil` where the release does not read it.
    var revision: Int64?
    /// Time of the last write, ISO 8601 in UTC; `nil` where the release does not read it.
    var updatedAt: String?
}

extension Document: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, data, revision
        case updatedAt = "updated_at"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(data, forKey: .data)
        try container.encodeIfPresent(revision, forKey: .revision)
        try container.encodeIfPresent(updatedAt, forKey: .updatedAt)
    }
}

/// The key of a document: 1…128 of the characters `A-Z a-z 0-9 . _ ~ -`, so that it needs no escape in a path.
struct DocumentID: Hashable, Sendable {
    let text: String

    /// `nil` when `text` is not such a key.
    init?(_ text: String) {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard (1...128).contains(text.utf8.count), isAllowed else { return nil }
        self.text = text
    }
}

/// The body of `POST /json`; both members are required.
struct DocumentCreation: Decodable {
    var id: String
    var data: JSONValue
}

/// The body of `PUT /json/{id}`: `id` may be left out, and must be the one in the path when it is there.
struct DocumentReplacement: Decodable {
    var id: String?
    var data: JSONValue
}
