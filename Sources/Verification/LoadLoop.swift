// The load on its thread: begins each request when it is due, lets libcurl move the bytes, and writes the ledger. One turn:
// begin what is due → let libcurl work → collect what has ended → sleep until a socket stirs or the next request is due.
// libcurl's own waiting counts milliseconds, so the next due time is a timer descriptor that it watches too.

import CCurl
import Glibc

/// Runs sources of requests against one address until told to stop. Confined to the thread that calls `run`.
final class LoadLoop {
    /// Above this many requests in flight the loop begins no more; what is due then is late, and the report says so.
    static let inFlightMax = 2000
    private static let pollMilliseconds: CInt = 100
    /// What was due before the end and is late by more than this is given up, and told.
    private static let graceNanoseconds: Int64 = 1_000_000_000

    private let url: String
    private let run: String
    private var sources: [LoadSource]
    private let control: LoadControl
    private let multi: UnsafeMutableRawPointer
    private let timer: CInt
    private var idle: [[Transfer]]
    private var running: [ObjectIdentifier: Transfer] = [:]
    private(set) var ledger: ClientLedger

    /// - Parameters:
    ///   - url: scheme, host and port.
    ///   - run: the nonce, for templates.
    ///   - ledger: the records so far; new ones are numbered on.
    init(url: String, run: String, sources: [LoadSource], ledger: ClientLedger, control: LoadControl) {
        self.url = url
        self.run = run
        self.sources = sources
        self.ledger = ledger
        self.control = control
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl has no memory for its multi handle") }
        self.multi = multi
        timer = driver_timer()
        precondition(timer >= 0, "no timer: errno \(errno)")
        idle = Array(repeating: [], count: sources.count)
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, LoadLoop.inFlightMax)
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    deinit {
        for transfer in running.values { curl_multi_remove_handle(multi, transfer.handle) }
        curl_multi_cleanup(multi)
        close(timer)
    }

    /// Returns when all sources are done, or a stop was asked for and the last request in flight has ended.
    func runToEnd() {
        while true {
            let end = control.endsAt
            beginDue(before: end)
            var count: CInt = 0
            curl_multi_perform(multi, &count)
            collect()
            control.report(begun: ledger.records.count, inFlight: running.count)
            let due = sources.compactMap(\.due).min()
            if running.isEmpty, due == nil || due! >= end || DriverClock.now - Self.graceNanoseconds >= end { break }
            sleep(until: running.count < Self.inFlightMax ? min(due ?? .max, max(end, DriverClock.now)) : .max)
        }
        recordUnbegun(before: control.endsAt)
        control.report(begun: ledger.records.count, inFlight: 0)
    }

    private func beginDue(before end: Int64) {
        for index in sources.indices {
            while running.count < Self.inFlightMax, let due = sources[index].due, due < end {
                let now = DriverClock.now
                guard due <= now else { break }
                if now - Self.graceNanoseconds >= end { break }
                begin(index, at: now)
            }
        }
    }

    private func newRecord(_ index: Int) -> (RequestRecord, Template.Values) {
        let plan = sources[index].plan
        let isReadBack = sources[index].isReadBack
        let next = sources[index].take()
        var record = RequestRecord(
            number: UInt64(ledger.records.count), sequence: next.sequence, stream: plan.stream, intended: next.due)
        record.isIdempotent = plan.isIdempotent
        record.isReadBack = isReadBack
        let id = ledger.id(of: record)
        let values = Template.Values(
            sequence: next.sequence, id: next.id ?? id, random: plan.random(next.sequence), run: run)
        return (record, values)
    }

    private func begin(_ index: Int, at now: Int64) {
        var (record, values) = newRecord(index)
        record.begun = now
        // A read-back is due when it is its turn: lists have no schedule to keep.
        if record.isReadBack { record.intended = now }
        ledger.records.append(record)
        let transfer = idle[index].popLast() ?? Transfer(plan: sources[index].plan)
        transfer.prepare(record, requestID: ledger.id(of: record), values: values, url: url, source: index)
        running[ObjectIdentifier(transfer)] = transfer
        let result = curl_multi_add_handle(multi, transfer.handle)
        precondition(result == CURLM_OK, "libcurl refuses a handle: \(result.rawValue)")
    }

    private func collect() {
        var left: CInt = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            let result = ccurl_message_result(message)
            var context: UnsafeMutableRawPointer?
            ccurl_get_pointer(handle, CURLINFO_PRIVATE, &context)
            let transfer = Transfer.at(context)
            curl_multi_remove_handle(multi, handle)
            running.removeValue(forKey: ObjectIdentifier(transfer))
            let now = DriverClock.now
            let record = transfer.finish(result, at: now, texts: &ledger.texts)
            ledger.records[Int(record.number)] = record
            control.count(record)
            sources[transfer.source].finished(at: now)
            idle[transfer.source].append(transfer)
        }
    }

    private func sleep(until due: Int64) {
        var wait = curl_waitfd(fd: timer, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        if due != .max { _ = driver_timer_set(timer, due) }
        var count: CInt = 0
        curl_multi_poll(multi, &wait, due == .max ? 0 : 1, Self.pollMilliseconds, &count)
    }

    /// What was due before the end and never begun stays in the ledger as not sent: the schedule was not kept.
    private func recordUnbegun(before end: Int64) {
        for index in sources.indices where !sources[index].isReadBack {
            guard sources[index].isOpen else { continue }
            while let due = sources[index].due, due < end {
                ledger.records.append(newRecord(index).0)
            }
        }
    }
}
