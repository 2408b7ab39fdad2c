// Names of fields and their values, compared with what they may be.

import HTTPWire

extension UnsafeRawBufferPointer {
    /// Whether the bytes spell `text`.
    @inline(__always)
    func isText(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != text.utf8Start[index] { return false }
        return true
    }

    /// The same without case.
    func isCalled(_ text: StaticString) -> Bool {
        ByteScan.areEqualWithoutCase(
            self, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension HeadField {
    /// Whether the name is `text`. `bytes` are those the head was parsed from.
    func isCalled(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
        UnsafeRawBufferPointer(rebasing: bytes[name]).isCalled(text)
    }
}
