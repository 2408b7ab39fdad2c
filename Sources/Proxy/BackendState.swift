// What a worker keeps per backend: its address, its standing, its idle connections, and where to count.

import Balancing
import CKernel
import Glibc
import Kernel
import Routing
import Synchronization
import Vocabulary

/// One backend in one worker. Not trivial only for its endpoint, which the request path never touches. Its slot is used anew once no table names it and nothing refers to it.
struct BackendState {
    var id: UInt32 = 0
    let endpoint: Endpoint
    private var name: String
    private var releaseName: ReleaseName?
    var standing = Backend.Standing.down
    /// What is spoken on its connections beneath HTTP/1.1; `nil`: nothing.
    var dress: UpstreamDress?
    /// Named by the newest table.
    var isListed = false
    /// Passed over until then, after a connection was refused.
    var penaltyEnd = Instant.zero
    /// Upstream connections of this worker, idle ones included.
    var connections: Int32 = 0
    /// Attempts in flight in this worker.
    var inFlight: Int32 = 0
    /// The pool: idle connections, the youngest first.
    var poolFirst = UInt32.max
    var poolLast = UInt32.max
    var poolCount: Int32 = 0
    var keepAlive = Duration.zero
    /// How long the backend itself keeps them, as far as it is known.
    var idleLimit = IdleLimit()
    /// This worker's lane, all lanes, and the shared count. Kept alive by the worker's owners array.
    var lane: UnsafeMutablePointer<GaugeLane>
    var firstLane: UnsafeMutableRawPointer
    var consecutiveConnectFailures: UnsafeMutablePointer<Atomic<UInt64>>
    /// A copy of the socket address; length 0 when the endpoint is not numeric.
    var address: UnsafeMutableRawBufferPointer
    var addressLength: UInt32 = 0
    var family: CInt = 0
    /// `host:port`, the `Host` of requests that came without one.
    var authority: UnsafeRawBufferPointer
    /// For the access log: `"documents-3"` and `"v1"` or `null`, quoted and escaped.
    var nameJSON: UnsafeRawBufferPointer
    var releaseJSON: UnsafeRawBufferPointer

    init(_ backend: Backend, gauges: GaugeBlock, worker: Int) {
        id = backend.id.number
        endpoint = backend.endpoint
        name = backend.name
        releaseName = backend.release
        lane = gauges.lane(worker)
        firstLane = UnsafeMutableRawPointer(gauges.lane(0))
        consecutiveConnectFailures = gauges.consecutiveConnectFailures
        address = .allocate(byteCount: MemoryLayout<sockaddr_storage>.size, alignment: 16)
        address.initializeMemory(as: UInt8.self, repeating: 0)
        if let socket = SocketAddress(backend.endpoint) {
            let room = address
            socket.withSockAddr { form, length in
                room.copyMemory(from: UnsafeRawBufferPointer(start: form, count: Int(length)))
            }
            addressLength = socket.length
            family = socket.family
        }
        let host: String
        switch backend.endpoint {
        case .tcp: host = backend.endpoint.description
        case .unix: host = "localhost"
        }
        authority = OwnedText.copy(host)
        nameJSON = OwnedText.json(backend.name)
        releaseJSON = backend.release.map { OwnedText.json($0.rawValue) } ?? OwnedText.copy("null")
    }

    /// Takes over what a later table calls it.
    mutating func rename(_ backend: Backend) {
        if name != backend.name {
            name = backend.name
            nameJSON.deallocate()
            nameJSON = OwnedText.json(name)
        }
        if releaseName != backend.release {
            releaseName = backend.release
            releaseJSON.deallocate()
            releaseJSON = releaseName.map { OwnedText.json($0.rawValue) } ?? OwnedText.copy("null")
        }
    }

    /// Frees what the slot owns.
    func release() {
        address.deallocate()
        authority.deallocate()
        nameJSON.deallocate()
        releaseJSON.deallocate()
    }
}

/// Texts that outlive the strings they were made from, made when a table is applied.
enum OwnedText {
    static func copy(_ text: String) -> UnsafeRawBufferPointer {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, text.utf8.count), alignment: 1)
        bytes.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(rebasing: bytes[..<text.utf8.count])
    }

    /// Quoted and escaped for JSON.
    static func json(_ text: String) -> UnsafeRawBufferPointer {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return copy(quoted + "\"")
    }
}
