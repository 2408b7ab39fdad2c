// The ClientHello of a connection that is passed on unopened: a prefix says "more" or what the whole says, and a name has
// only bytes that can be compared and logged.

import TLS

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    let (whole, name) = read(bytes)
    var last = ClientHello.incomplete
    var lastName: [UInt8] = []
    for end in cuts(bytes.count) where last == .incomplete {
        (last, lastName) = withPrefix(bytes, end) { read($0) }
        if last == .incomplete { require(end < ClientHelloReader.bytesMax, "wants more than \(end) bytes") }
    }
    if last == .incomplete { (last, lastName) = (whole, name) }
    require(last == whole && lastName == name, "in pieces \(last) \(lastName) and not \(whole) \(name)")
    if case .complete(let nameCount) = whole {
        require(nameCount <= ClientHelloReader.nameBytesMax, "\(nameCount) bytes of a name")
        require(name.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a name of \(name)")
    }
    return 0
}

private func read(_ bytes: UnsafeRawBufferPointer) -> (ClientHello, [UInt8]) {
    withUnsafeTemporaryAllocation(byteCount: ClientHelloReader.nameBytesMax, alignment: 1) { room in
        let hello = ClientHelloReader.read(bytes, name: room)
        guard case .complete(let count) = hello else { return (hello, []) }
        return (hello, Array(room[..<count]))
    }
}
