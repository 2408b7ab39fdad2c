// Records by slot number, in slabs that are made when first needed and never move, so that a pointer to a record stays
// good for as long as the table lives. Loop-confined.

/// A growing table of records, which must be trivial: none is ever deinitialised.
///
/// Public because Swift 6.3 inlines nothing of the `package` level into other modules: there every look at a record was a
/// call of a generic function, 1.4 % of the CPU time.
public struct Slabs<Record>: ~Copyable {
    @inlinable static var bits: UInt32 { 8 }
    @inlinable static var slabSize: UInt32 { 1 << bits }
    @usableFromInline let directory: UnsafeMutablePointer<UnsafeMutablePointer<Record>?>
    @usableFromInline let directoryCount: Int
    @usableFromInline let blank: Record

    /// Room for `slotsMax` records, each beginning as `blank`.
    package init(slotsMax: Int, blank: Record) {
        precondition(slotsMax > 0 && slotsMax <= 1 << 30)
        directoryCount = (slotsMax + Int(Self.slabSize) - 1) >> Int(Self.bits)
        directory = .allocate(capacity: directoryCount)
        directory.initialize(repeating: nil, count: directoryCount)
        self.blank = blank
    }

    deinit {
        for index in 0..<directoryCount { directory[index]?.deallocate() }
        directory.deallocate()
    }

    /// The record of a slot that `prepare` was called for.
    @inlinable @inline(__always)
    public subscript(index: UInt32) -> UnsafeMutablePointer<Record> {
        precondition(Int(index >> Self.bits) < directoryCount)
        return directory[Int(index >> Self.bits)]! + Int(index & (Self.slabSize - 1))
    }

    /// Whether `prepare` was called for the slot or one next to it.
    package func isPrepared(_ index: UInt32) -> Bool {
        directory[Int(index >> Self.bits)] != nil
    }

    /// Makes sure that the slot has a record. Allocates once per 256 slots.
    package mutating func prepare(_ index: UInt32) {
        let slab = Int(index >> Self.bits)
        precondition(slab < directoryCount)
        guard directory[slab] == nil else { return }
        let records = UnsafeMutablePointer<Record>.allocate(capacity: Int(Self.slabSize))
        records.initialize(repeating: blank, count: Int(Self.slabSize))
        directory[slab] = records
    }
}
