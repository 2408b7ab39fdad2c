// Where the next request of the load loop comes from: a schedule, a group of users, or a list to be worked through.

/// One stream's supply of requests. Pure.
struct LoadSource {
    enum Kind {
        /// Open loop: the next request is due at `due`.
        case open(schedule: ArrivalSchedule, due: Int64)
        /// Closed loop: when each idle user asks again, soonest first. Think times are all the same, so users come back in the order
        /// in which they were answered.
        case closed(idle: [Int64], think: Int64)
        /// Each once, in order, `parallel` at a time: sequence number and request id of the write to be read.
        case list(items: [(sequence: UInt64, id: String)], position: Int, slots: Int)
        /// Only within a call that changes the source: its value is in hand, so that it is not copied.
        case vacated
    }

    let plan: RequestPlan
    private var kind: Kind
    private var nextSequence: UInt64 = 0
    /// The instant that due times count from.
    private let start: Int64

    init(plan: RequestPlan, schedule: ArrivalSchedule, start: Int64) {
        var schedule = schedule
        let first = start + schedule.next()
        self.plan = plan
        self.start = start
        kind = .open(schedule: schedule, due: first)
    }

    init(plan: RequestPlan, users: Int, think: Int64, start: Int64) {
        self.plan = plan
        self.start = start
        kind = .closed(idle: Array(repeating: start, count: users), think: think)
    }

    init(plan: RequestPlan, reading items: [(sequence: UInt64, id: String)], parallel: Int, start: Int64) {
        self.plan = plan
        self.start = start
        kind = .list(items: items, position: 0, slots: parallel)
    }

    var isOpen: Bool { if case .open = kind { true } else { false } }
    var isReadBack: Bool { if case .list = kind { true } else { false } }

    /// When the next request is due; `nil` while everybody is busy or nothing is left.
    var due: Int64? {
        switch kind {
        case .open(_, let due): due
        case .closed(let idle, _): idle.first
        case .list(let items, let position, let slots): position < items.count && slots > 0 ? start : nil
        case .vacated: preconditionFailure("a source is not asked while it changes")
        }
    }

    /// Takes the next request: when it was due, its sequence number, and the id its templates use if not its own.
    mutating func take() -> (due: Int64, sequence: UInt64, id: String?) {
        switch kind {
        case .open(var schedule, let due):
            kind = .vacated
            let next = start + schedule.next()
            kind = .open(schedule: schedule, due: next)
            defer { nextSequence += 1 }
            return (due, nextSequence, nil)
        case .closed(var idle, let think):
            kind = .vacated
            let due = idle.removeFirst()
            kind = .closed(idle: idle, think: think)
            defer { nextSequence += 1 }
            return (due, nextSequence, nil)
        case .list(let items, let position, let slots):
            kind = .list(items: items, position: position + 1, slots: slots - 1)
            let item = items[position]
            return (start, item.sequence, item.id)
        case .vacated: preconditionFailure("a source is not asked while it changes")
        }
    }

    /// A request of this source has ended.
    mutating func finished(at now: Int64) {
        switch kind {
        case .open: break
        case .closed(var idle, let think):
            kind = .vacated
            idle.append(now + think)
            kind = .closed(idle: idle, think: think)
        case .list(let items, let position, let slots):
            kind = .list(items: items, position: position, slots: slots + 1)
        case .vacated: preconditionFailure("a source is not told while it changes")
        }
    }
}
