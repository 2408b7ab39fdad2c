// Whether a 101 switches to what was asked for. What a request offers is passed on as it came; see `UpgradeOffer`.

/// A 101 and the request that it answers. Pure.
package enum UpgradeAnswer {
    /// Whether every protocol that `response` switches to was offered by `request` (RFC 9110 §7.8), by name and, where
    /// both state one, by version. `responseBytes` and `requestBytes` are those the heads were parsed from.
    package static func isOffered(
        _ response: borrowing ResponseHeadParser, in responseBytes: UnsafeRawBufferPointer,
        by request: borrowing RequestHeadParser, in requestBytes: UnsafeRawBufferPointer
    ) -> Bool {
        for index in 0..<response.fieldCount where response.table.fields[index].role == .upgrade {
            var elements = ListElements(response.table.fields[index].value)
            while let element = elements.next(in: responseBytes) {
                let wanted = UnsafeRawBufferPointer(rebasing: responseBytes[element])
                guard wanted.isEmpty || offers(request, in: requestBytes, wanted) else { return false }
            }
        }
        return true
    }

    private static func offers(
        _ request: borrowing RequestHeadParser, in bytes: UnsafeRawBufferPointer, _ wanted: UnsafeRawBufferPointer
    ) -> Bool {
        for index in 0..<request.fieldCount where request.table.fields[index].role == .upgrade {
            var elements = ListElements(request.table.fields[index].value)
            while let element = elements.next(in: bytes) {
                if isSame(UnsafeRawBufferPointer(rebasing: bytes[element]), wanted) { return true }
            }
        }
        return false
    }

    /// Names of protocols are compared without case (RFC 9110 §7.8).
    private static func isSame(_ offered: UnsafeRawBufferPointer, _ wanted: UnsafeRawBufferPointer) -> Bool {
        if ByteScan.areEqualWithoutCase(offered, wanted) { return true }
        let (name, version) = halves(offered)
        let (wantedName, wantedVersion) = halves(wanted)
        return (version.isEmpty || wantedVersion.isEmpty) && ByteScan.areEqualWithoutCase(name, wantedName)
    }

    /// The name, and the version behind the slash; empty when there is none.
    private static func halves(
        _ element: UnsafeRawBufferPointer
    ) -> (name: UnsafeRawBufferPointer, version: UnsafeRawBufferPointer) {
        let slash = element.firstIndex(of: 0x2F) ?? element.count
        return (
            UnsafeRawBufferPointer(rebasing: element[..<slash]),
            UnsafeRawBufferPointer(rebasing: element.dropFirst(slash + 1))
        )
    }
}
