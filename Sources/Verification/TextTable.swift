// Texts that come back again and again (instances, releases, reasons), kept once and spoken of by number.

import Glibc

/// Numbers for texts. 0 is the absence of one.
package struct TextTable: Sendable {
    private var numbers: [String: UInt16] = [:]
    private var texts: [String?] = [nil]
    /// The texts again as bytes, for looking one up without making a string of it; of more than these few it is made.
    private var known: [[UInt8]] = [[]]
    private static let knownMax = 64

    package init() {}

    /// The number of `text`, a new one if it was never seen. Past 65,535 different texts everything is "(others)".
    package mutating func number(of text: String) -> UInt16 {
        if let number = numbers[text] { return number }
        guard texts.count < Int(UInt16.max) else { return number(ofLast: "(others)") }
        let number = UInt16(texts.count)
        texts.append(text)
        if known.count < Self.knownMax { known.append(Array(text.utf8)) }
        numbers[text] = number
        return number
    }

    private mutating func number(ofLast text: String) -> UInt16 {
        if texts.count == Int(UInt16.max) { texts.append(text) }
        return UInt16.max
    }

    /// The number of a text that has been seen before and stands in `bytes`, if it is one of the first few.
    func number(ofSeen bytes: UnsafeRawBufferPointer) -> UInt16? {
        for (number, text) in known.enumerated().dropFirst() where text.count == bytes.count {
            if text.withUnsafeBytes({ memcmp($0.baseAddress!, bytes.baseAddress!, bytes.count) == 0 }) {
                return UInt16(number)
            }
        }
        return nil
    }

    package subscript(number: UInt16) -> String? {
        Int(number) < texts.count ? texts[Int(number)] : nil
    }
}
