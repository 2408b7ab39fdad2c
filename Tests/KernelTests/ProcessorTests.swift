// Where threads run, and how idle the machine is.

import CKernel
import Synchronization
import Testing

@testable import Kernel

@Suite(.timeLimit(.minutes(1))) struct ProcessorTests {
    @Test func `a thread stays where it is confined to, and the others stay free`() throws {
        let allowed = Processors.allowed
        let last = try #require(allowed.last)
        #expect(allowed == Array(Set(allowed)).sorted())
        let seen = Mutex<[Int32]>([])
        let thread = try NativeThread(name: "confined") {
            guard Processors.confine(thread: NativeThread.currentID, to: [last]) else { return }
            var now = [Int32](repeating: -1, count: 8)
            let count = portico_processors(NativeThread.currentID, &now, 8)
            seen.withLock { $0 = [count] + now.prefix(1) }
        }
        thread.join()
        #expect(seen.withLock { $0 } == [1, last])
        #expect(Processors.allowed == allowed)
        #expect(!Processors.confine(thread: NativeThread.currentID, to: []))
        #expect(!Processors.confine(thread: NativeThread.currentID, to: [-1]))
        #expect(!Processors.confine(thread: NativeThread.currentID, to: [5000]))
        // More than there is room for are counted, not told.
        #expect(portico_processors(0, nil, 0) == Int32(allowed.count))
    }

    @Test func `idle is what runs nothing, whatever it waits for`() {
        #expect(Processors.Times("cpu  10 20 30 400 50 6 7 8 9 10") == Processors.Times(all: 531, idle: 450))
        #expect(Processors.Times("cpu  1 2 3 4 5 6 7") == nil)
        #expect(Processors.Times("cpu0 10 20 30 400 50 6 7 8 9 10") == nil)
        #expect(Processors.Times("") == nil)
        #expect(Processors.Times("cpu a b c d e f g h") == nil)
    }

    @Test func `the machine tells how its time was spent`() throws {
        let times = try #require(Processors.times)
        #expect(times.all >= times.idle && times.idle >= 0)
    }
}
