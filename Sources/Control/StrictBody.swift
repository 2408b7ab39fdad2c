// Request bodies, read strictly: what we don't know we don't guess at.

import Administration
import FoundationEssentials
import Vocabulary

/// Reads a JSON object whose every key is known.
enum StrictBody {
    /// Refuses (`.invalid`) what is no JSON object, lacks a key, has one of the wrong type, or one we don't know.
    ///
    /// `known` maps each key to an example of its value, for the hint.
    static func read<Value: Decodable>(
        _ type: Value.Type, from bytes: Data, known: KeyValuePairs<String, String>
    ) throws(AdministrationError) -> Value {
        let example = "{" + known.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
        let keys: [String]
        do {
            keys = try JSONDecoder().decode(KeyList.self, from: bytes).keys
        } catch {
            throw AdministrationError(
                code: .invalid, message: "the body is not a JSON object", hint: "send something like \(example)")
        }
        let names = known.map(\.key)
        if let unknown = keys.sorted().first(where: { !names.contains($0) }) {
            let nearest = NearestName.of(unknown, among: names).map { "did you mean \"\($0)\"? " } ?? ""
            throw AdministrationError(
                code: .invalid, message: "unknown key \"\(unknown)\"", hint: "\(nearest)send something like \(example)")
        }
        do {
            return try JSONDecoder().decode(type, from: bytes)
        } catch DecodingError.keyNotFound(let key, _) {
            throw AdministrationError(
                code: .invalid, message: "the key \"\(key.stringValue)\" is missing",
                hint: "send something like \(example)")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context)
        {
            // The decoder does not always say which.
            let value = context.codingPath.last.map { "the value of \"\($0.stringValue)\"" } ?? "a value"
            throw AdministrationError(
                code: .invalid, message: "\(value) is of the wrong kind",
                hint: "send something like \(example)")
        } catch {
            throw AdministrationError(code: .invalid, message: "the body can't be read: \(error)")
        }
    }

    /// The keys of an object, whatever their values.
    private struct KeyList: Decodable {
        let keys: [String]

        init(from decoder: any Decoder) throws {
            keys = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
