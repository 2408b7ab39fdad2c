// What the fuzz targets share. Each target is a program: libFuzzer calls its `LLVMFuzzerTestOneInput` with one input after
// the other, and takes a trap, or what AddressSanitizer finds, for a fault of that input. Built and run by `Tests/fuzz`.

import Glibc

@_silgen_name("__asan_poison_memory_region")
private func asanPoison(_ start: UnsafeRawPointer, _ count: Int)
@_silgen_name("__asan_unpoison_memory_region")
private func asanUnpoison(_ start: UnsafeRawPointer, _ count: Int)

/// Ends the process, and so reports the input, unless the condition holds.
@inline(__always)
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
    if condition { return }
    let text = Array("fault: \(message())\n".utf8)
    _ = write(2, text, text.count)
    abort()
}

/// The input as it is called by libFuzzer; never `nil`.
func input(_ start: UnsafePointer<UInt8>?, _ count: Int) -> UnsafeRawBufferPointer {
    let nothing: StaticString = ""
    return UnsafeRawBufferPointer(start: UnsafeRawPointer(start) ?? UnsafeRawPointer(nothing.utf8Start), count: count)
}

/// Gives `body` the first `count` bytes, and makes reading any further a fault.
func withPrefix<R>(_ bytes: UnsafeRawBufferPointer, _ count: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    guard count < bytes.count, let start = bytes.baseAddress else { return body(bytes) }
    asanPoison(start + count, bytes.count - count)
    defer { asanUnpoison(start + count, bytes.count - count) }
    return body(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
}

/// Where to cut `count` bytes: everywhere while that is cheap, else at places that the length scatters.
func cuts(_ count: Int) -> StrideThrough<Int> {
    stride(from: min(1, count), through: count, by: max(1, count / 512))
}

/// A text of the program, as bytes that live for ever.
func constant(_ text: StaticString) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
}
