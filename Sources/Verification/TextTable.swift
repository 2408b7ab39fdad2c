// Texts that come back again and again (instances, releases, reasons), kept once and spoken of by number.

/// Numbers for texts. 0 is the absence of one.
package struct TextTable: Sendable {
    private var numbers: [String: UInt16] = [:]
    private var texts: [String?] = [nil]

    package init() {}

    /// The number of `text`, a new one if it was never seen. Past 65,535 different texts everything is "(others)".
    package mutating func number(of text: String) -> UInt16 {
        if let number = numbers[text] { return number }
        guard texts.count < Int(UInt16.max) else { return number(ofLast: "(others)") }
        let number = UInt16(texts.count)
        texts.append(text)
        numbers[text] = number
        return number
    }

    private mutating func number(ofLast text: String) -> UInt16 {
        if texts.count == Int(UInt16.max) { texts.append(text) }
        return UInt16.max
    }

    package subscript(number: UInt16) -> String? {
        Int(number) < texts.count ? texts[Int(number)] : nil
    }
}
