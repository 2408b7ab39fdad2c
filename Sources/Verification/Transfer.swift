// One libcurl handle and what it collects while a request is under way; used again for the next request of its kind.
// libcurl repeats a request by itself when a connection it used before turns out to be dead. The driver must not: it
// would hide that a request was lost. So the hook that runs before a request is written refuses the second time.

import CCurl
import Glibc

/// A request under way. Confined to the thread of its `LoadLoop`.
final class Transfer {
    let plan: RequestPlan
    let handle: UnsafeMutableRawPointer
    var record: RequestRecord
    var values: Template.Values
    /// Who gets a new due time when this ends (closed loop).
    var source: Int
    private(set) var answer = ResponseCheck.Answer(status: 0, headers: [], body: [], isBodyCut: false)
    private(set) var bodyBytes = 0
    private var requestID = ""
    private var timesSent = 0
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let keepsBody: Bool
    private let wantedHeaders: [String]

    /// Of a body, at most this much is looked at.
    private static let bodyBytesMax = 8 << 20
    private static let idHeader = "x-request-id"
    private static let reasonHeader = "x-portico-reason"

    init(plan: RequestPlan) {
        self.plan = plan
        guard let handle = curl_easy_init() else { preconditionFailure("libcurl has no memory for a handle") }
        self.handle = handle
        record = RequestRecord(number: 0, sequence: 0, stream: plan.stream, intended: 0)
        values = Template.Values(sequence: 0, id: "", random: 0, run: "")
        source = 0
        var wanted = [Self.idHeader, Self.reasonHeader] + plan.expect.headers.map(\.name)
        var keepsBody = plan.expect.asksForBody
        switch plan.releaseMark {
        case .header(let name)?: wanted.append(name)
        case .json?: keepsBody = true
        case nil: break
        }
        wantedHeaders = wanted
        self.keepsBody = keepsBody
        setOptions()
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
    }

    private func setOptions() {
        ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        // A proxy of the environment (http_proxy) must not get between the driver and its target.
        ccurl_set_string(handle, CURLOPT_PROXY, "")
        ccurl_set_string(handle, CURLOPT_USERAGENT, "portico-verify")
        ccurl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, plan.timeoutMilliseconds)
        ccurl_set_long(handle, CURLOPT_FRESH_CONNECT, plan.isFresh ? 1 : 0)
        ccurl_set_long(handle, CURLOPT_FORBID_REUSE, plan.isFresh ? 1 : 0)
        switch plan.method {
        case "GET": ccurl_set_long(handle, CURLOPT_HTTPGET, 1)
        case "HEAD": ccurl_set_long(handle, CURLOPT_NOBODY, 1)
        default: ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, plan.method)
        }
        // SAFETY: libcurl calls back only within calls of the owning loop, which keeps the transfer alive meanwhile.
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(handle, CURLOPT_PRIVATE, context)
        ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        ccurl_set_pointer(handle, CURLOPT_PREREQDATA, context)
        ccurl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            Transfer.at(context).body(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        ccurl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            Transfer.at(context).header(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        ccurl_set_prereq_callback(handle, CURLOPT_PREREQFUNCTION) { context, _, _, _, _ in
            Transfer.at(context).beforeSending() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
    }

    static func at(_ context: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    }

    /// Makes the handle ready for `record`'s request to `url` (scheme, host and port). The id in `values` is another
    /// one than `requestID` when a write is read back.
    func prepare(
        _ record: RequestRecord, requestID: String, values: Template.Values, url: String, source: Int
    ) {
        self.record = record
        self.requestID = requestID
        self.values = values
        self.source = source
        answer.status = 0
        answer.headers.removeAll(keepingCapacity: true)
        answer.body.removeAll(keepingCapacity: true)
        answer.isBodyCut = false
        bodyBytes = 0
        timesSent = 0
        ccurl_set_string(handle, CURLOPT_URL, url + plan.path.filled(with: values))
        curl_slist_free_all(headerList)
        headerList = curl_slist_append(nil, "X-Request-Id: \(requestID)")
        for field in plan.headers {
            headerList = curl_slist_append(headerList, "\(field.name): \(field.value.filled(with: values))")
        }
        // libcurl would wait for a 100 before larger bodies; scenarios measure the plain request.
        headerList = curl_slist_append(headerList, "Expect:")
        ccurl_set_list(handle, CURLOPT_HTTPHEADER, headerList)
        if let body = plan.body {
            var bytes = Array(body.filled(with: values).utf8CString)
            ccurl_set_long(handle, CURLOPT_POSTFIELDSIZE, bytes.count - 1)
            bytes.withUnsafeMutableBufferPointer {
                _ = ccurl_set_string(handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
            }
        } else if plan.method == "POST" || plan.method == "PUT" || plan.method == "PATCH" {
            ccurl_set_long(handle, CURLOPT_POSTFIELDSIZE, 0)
            ccurl_set_string(handle, CURLOPT_COPYPOSTFIELDS, "")
        }
    }

    private func beforeSending() -> Bool {
        timesSent += 1
        guard timesSent == 1 else { return false }
        record.sent = DriverClock.now
        return true
    }

    private func body(_ bytes: UnsafeRawBufferPointer) {
        bodyBytes += bytes.count
        guard keepsBody else { return }
        guard answer.body.count + bytes.count <= Self.bodyBytesMax else {
            answer.isBodyCut = true
            return
        }
        answer.body.append(contentsOf: bytes)
    }

    private func header(_ line: UnsafeRawBufferPointer) {
        if record.firstByte == 0 { record.firstByte = DriverClock.now }
        if line.count >= 5, line.prefix(5).elementsEqual("HTTP/".utf8) {
            // A final answer after an interim one starts anew.
            answer.headers.removeAll(keepingCapacity: true)
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = line[..<colon]
        for wanted in wantedHeaders where wanted.utf8.count == name.count {
            let isSame = zip(wanted.utf8, name).allSatisfy { $0 == ($1 >= 0x41 && $1 <= 0x5a ? $1 | 0x20 : $1) }
            guard isSame else { continue }
            var value = line[(colon + 1)...]
            while let last = value.last, last <= 0x20 { value.removeLast() }
            while let first = value.first, first <= 0x20 { value.removeFirst() }
            answer.headers.append((wanted, String(decoding: value, as: UTF8.self)))
            return
        }
    }

    /// Fills the record when libcurl is done with the request.
    func finish(_ result: CURLcode, at now: Int64, texts: inout TextTable) -> RequestRecord {
        var status = 0
        var cause = 0
        var connections = 0
        ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        ccurl_get_long(handle, CURLINFO_OS_ERRNO, &cause)
        ccurl_get_long(handle, CURLINFO_NUM_CONNECTS, &connections)
        answer.status = status
        record.finished = now
        record.status = UInt16(clamping: status)
        record.bytes = UInt32(clamping: bodyBytes)
        record.detail = UInt16(clamping: result.rawValue)
        // After a refused repetition libcurl counts the connection of the repetition.
        record.isOnReusedConnection = record.sent != 0 && (connections == 0 || result == CURLE_ABORTED_BY_CALLBACK)
        record.outcome = Self.outcome(result, cause: CInt(cause), wasSent: record.sent != 0, hasStatus: status != 0)
        if result == CURLE_OK {
            record.outcome = ResponseCheck.outcome(of: answer, expect: plan.expect, values: values)
            record.isCrossed = !answer.headers.contains { $0.name == Self.idHeader && $0.value == requestID }
            if let mark = plan.releaseMark, let release = ResponseCheck.release(of: answer, mark: mark) {
                record.release = texts.number(of: release)
            }
        }
        if let reason = answer.headers.first(where: { $0.name == Self.reasonHeader })?.value {
            record.reason = texts.number(of: reason)
        }
        return record
    }

    /// What libcurl's result says about the request.
    static func outcome(_ result: CURLcode, cause: CInt, wasSent: Bool, hasStatus: Bool) -> Outcome {
        switch result {
        case CURLE_OK: .ok
        case CURLE_COULDNT_CONNECT: cause == ECONNREFUSED ? .refused : cause == ETIMEDOUT ? .timeout : .notSent
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_PARTIAL_FILE: .truncated
        // The second attempt that was not allowed: the connection had died under the first one.
        case CURLE_GOT_NOTHING, CURLE_ABORTED_BY_CALLBACK: .eof
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR: hasStatus ? .truncated : wasSent ? .reset : .notSent
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING: .malformed
        default: wasSent ? .malformed : .notSent
        }
    }
}
