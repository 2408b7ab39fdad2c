// One HTTP exchange over a unix socket, by libcurl. Says what went wrong in terms of what a person can do about it.

import Administration
import CCurl
import FoundationEssentials
import Glibc
import Vocabulary

/// Asks once and waits for the answer.
struct AdminExchange {
    struct Answer {
        var status: Int
        var body: Data
    }

    let socket: String
    let timeout: Duration

    /// An answer longer than this is cut off and refused.
    private static let answerBytesMax = 64 << 20

    private final class Received {
        var bytes = Data()
    }

    func perform(_ method: String, _ path: String, body: Data?) throws(AdministrationError) -> Answer {
        guard socket.utf8.count <= UnixSocketAddress.pathLengthMax else {
            throw AdministrationError(
                code: .invalid, message: "the admin socket's path is longer than 107 bytes: \(socket)",
                hint: "name another with --admin or --state")
        }
        guard let handle = curl_easy_init() else {
            throw AdministrationError(code: .unavailable, message: "libcurl can't be started", hint: "is memory short?")
        }
        defer { curl_easy_cleanup(handle) }

        let received = Received()
        var headers = curl_slist_append(nil, "Content-Type: application/json")
        // Without it libcurl waits for a 100 that small orders don't need.
        headers = curl_slist_append(headers, "Expect:")
        defer { curl_slist_free_all(headers) }
        setOptions(of: handle, method: method, path: path, body: body)
        ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers)
        ccurl_set_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(received).toOpaque())
        ccurl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let received = Unmanaged<Received>.fromOpaque(context).takeUnretainedValue()
            let length = size * count
            guard received.bytes.count + length <= AdminExchange.answerBytesMax else { return 0 }
            received.bytes.append(Data(bytes: bytes, count: length))
            return length
        }

        // `received` must outlive the transfer, which knows only its address.
        let result = withExtendedLifetime(received) { curl_easy_perform(handle) }
        guard result == CURLE_OK else { throw error(of: result, handle: handle) }
        var status = 0
        ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return Answer(status: status, body: received.bytes)
    }

    private func setOptions(of handle: UnsafeMutableRawPointer, method: String, path: String, body: Data?) {
        ccurl_set_string(handle, CURLOPT_URL, "http://portico" + path)
        ccurl_set_string(handle, CURLOPT_UNIX_SOCKET_PATH, socket)
        // A proxy of the environment (http_proxy) must not get between us and the socket.
        ccurl_set_string(handle, CURLOPT_PROXY, "")
        ccurl_set_string(handle, CURLOPT_CUSTOMREQUEST, method)
        ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, Int(timeout.nanoseconds / 1_000_000))
        if method == "POST" {
            let sent = body ?? Data()
            ccurl_set_long(handle, CURLOPT_POSTFIELDSIZE, sent.count)
            _ = Array(sent + [0]).withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    ccurl_set_string(handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
                }
            }
        }
    }

    private func error(of result: CURLcode, handle: UnsafeMutableRawPointer) -> AdministrationError {
        var cause = 0
        ccurl_get_long(handle, CURLINFO_OS_ERRNO, &cause)
        switch (result, CInt(cause)) {
        case (CURLE_COULDNT_CONNECT, EACCES), (CURLE_COULDNT_CONNECT, EPERM):
            return AdministrationError(
                code: .unavailable, message: "the front door on \(socket) belongs to another user",
                hint: "run this as the user who started `portico serve` (or as root), "
                    + "or name another socket with --admin")
        case (CURLE_COULDNT_CONNECT, _):
            return AdministrationError(
                code: .unavailable, message: "no front door answers on \(socket)",
                hint: "is `portico serve` running? start it with `portico serve FILE`, "
                    + "or name another socket with --admin (or its state directory with --state)")
        case (CURLE_OPERATION_TIMEDOUT, _):
            return AdministrationError(
                code: .unavailable, message: "the front door on \(socket) did not answer within \(timeout)",
                hint: "is the machine overloaded? look at events.log in the state directory")
        default:
            return AdministrationError(
                code: .unavailable,
                message: "the front door on \(socket) broke off: \(String(cString: curl_easy_strerror(result)))",
                hint: "its server may just be starting again; try once more")
        }
    }
}
