// What will happen in a simulated world, soonest first. What happens at the same moment happens in the order in which
// it was planned, so that a seed always gives the same story.

import Vocabulary

/// A binary heap of happenings by time. Pure.
struct EventQueue<Happening> {
    private var heap: [(at: Instant, order: Int, happening: Happening)] = []
    private var planned = 0

    mutating func plan(_ happening: Happening, at: Instant) {
        heap.append((at, planned, happening))
        planned += 1
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (at: Instant, happening: Happening)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, smallest) {
                smallest = child
            }
            if smallest == parent { break }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
        return (first.at, first.happening)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].order) < (heap[right].at, heap[right].order)
    }
}
