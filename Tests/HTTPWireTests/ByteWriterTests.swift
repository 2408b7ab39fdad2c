// The writer that all heads are built through.
// It must never pass the end of its buffer.

import HTTPWire
import Testing

@Suite struct ByteWriterTests {
    private func written(_ capacity: Int, _ body: (inout ByteWriter) -> Void) -> String? {
        // The byte behind the writer's part must survive.
        withUnsafeTemporaryAllocation(byteCount: capacity + 1, alignment: 1) { buffer in
            buffer[capacity] = 0xEE
            var writer = ByteWriter(UnsafeMutableRawBufferPointer(rebasing: buffer[..<capacity]))
            body(&writer)
            #expect(buffer[capacity] == 0xEE)
            let (isOverflowed, count) = (writer.isOverflowed, writer.written.count)
            let written = writer.count
            #expect(count == (isOverflowed ? 0 : written))
            return isOverflowed ? nil : text(writer.written, 0..<writer.count)
        }
    }

    @Test func `writes texts, bytes and numbers one behind the other`() {
        let result = written(64) { writer in
            writer.append("a: ")
            writer.append(decimal: 0)
            writer.append(0x2C)
            writer.append(decimal: .max)
            writer.append(",")
            writer.append(hexadecimal: 0xBEEF)
            writer.append(",")
            writer.append(hexadecimal16: 0x9FA0)
            writer.append(",")
            writer.append(hexadecimal: .max)
        }
        #expect(result == "a: 0,18446744073709551615,beef,0000000000009fa0,ffffffffffffffff")
    }

    @Test func `writes to the last byte and not past it`() {
        #expect(written(3) { $0.append("abc") } == "abc")
        #expect(written(3) { $0.append("abcd") } == nil)
        #expect(written(3) { $0.append(decimal: 1234) } == nil)
        #expect(written(3) { for _ in 0..<4 { $0.append(0x61) } } == nil)
    }

    @Test func `stays overflowed`() {
        let result = written(3) { writer in
            writer.append("abcd")
            writer.append("a")
        }
        #expect(result == nil)
    }

    @Test func `takes nothing into no buffer`() {
        var writer = ByteWriter(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        writer.append("")
        let before = writer.isOverflowed
        writer.append("a")
        let after = writer.isOverflowed
        #expect((before, after) == (false, true))
    }

    @Test func `makes request ids that are fit to be kept`() {
        let id = written(RequestID.length) { RequestID.write((0x1, 0xFEDC_BA98_7654_3210), into: &$0) }
        #expect(id == "0000000000000001fedcba9876543210")
        #expect(withExactBytes(bytes(id ?? "")) { RequestID.isValid($0) })
    }
}
