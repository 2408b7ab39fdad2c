// Opaque bytes that are text, kept readable in JSON.

/// Bytes that are stored as a JSON string. Encoding refuses what is not UTF-8.
@propertyWrapper
package struct TextCoded: Hashable, Sendable, Codable {
    package var wrappedValue: [UInt8]

    package init(wrappedValue: [UInt8]) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        wrappedValue = Array(try decoder.singleValueContainer().decode(String.self).utf8)
    }

    package func encode(to encoder: any Encoder) throws {
        guard let text = String(validating: wrappedValue, as: UTF8.self) else {
            throw EncodingError.invalidValue(
                wrappedValue, .init(codingPath: encoder.codingPath, debugDescription: "a record must be UTF-8 text"))
        }
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
