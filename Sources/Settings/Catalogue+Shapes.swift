// The objects of a settings file, key by key. One screen per object: the summaries are the editor's help texts, and
// `configs/reference.yaml` says more.

import Routing
import Vocabulary

/// Every object of a settings file.
enum Catalogue {
    static let root = Shape(
        "settings file",
        [
            Key("version", .integer(1...1), "The version of this format.", initial: "\(Defaults.version)"),
            Key("state", .filePath, "Where instance records, logs and the rollout history are kept."),
            Key("workers", .workers, "Event-loop threads of the data plane.", initial: "auto"),
            Key(
                "drain", .duration(.zero ... .hours(1)), "How long our own stop waits for requests in flight.",
                initial: Grammar.print(Defaults.drain)),
            Key(
                "buffers", .size(.mebibytes(16) ... .gibibytes(1024)),
                "Bytes that may wait in buffers; above it, new requests are refused."),
            Key("admin", .object(admin), "Where the admin API listens."),
            Key("access_log", .accessLog, "The file of the access log, or `off`."),
            Key("listeners", .list(listener), "Where clients connect to."),
            Key("routes", .list(route), "Which request goes to which service; the most specific route wins."),
            Key("services", .named(service), "What stands behind the front door."),
            Key("shares", .named(share), "Directories that instances share."),
        ] + smallest + Key.notYet("policies", "include"))

    /// Every object, the file itself first.
    static let all = [
        root, admin, listener, proxyProtocol, listenerTLS, certificate, backendTLS, listenerTimeouts, listenerLimits,
        route, service, health, serviceTimeouts, retries, hold,
        backend, instances, scale, rollout, instanceDrain, stop, instanceLimits, share,
    ]

    /// The smallest form: one listener, one service, written at the top.
    static let smallest = [
        Key("listen", .listenAddress, "Smallest form: the address to listen on."),
        Key("run", .command, "Smallest form: the command of an instance; `$PORT` is its port."),
        Key(
            "instances", .range(instanceCounts), "Smallest form: how many instances run at least and at most.",
            initial: Grammar.print(Defaults.instanceCount)),
        Key("health", .probePath, "Smallest form: the path to probe."),
    ]

    /// 0 at the least would mean "started by the first request", which the supervisor does not do yet.
    static let instanceCounts = 1...1000

    static let admin = Shape(
        "admin",
        [Key("bind", .adminAddress, "`unix:` and the path of a socket, made with mode 0600.", isRequired: true)])

    static let listener = Shape(
        "listener",
        [
            Key("name", .name, "The listener's name in logs and metrics.", isRequired: true),
            Key("bind", .listenAddress, "Address and port; port 0 takes a free one.", isRequired: true),
            Key(
                "protocol", .choice(["http", "tcp", "tls_passthrough"], notYet: []), "What clients speak.",
                initial: "http"),
            Key("service", .name, "Where connections go. With `protocol: tcp` only."),
            Key("tls", .object(listenerTLS), "Certificates: clients speak TLS."),
            Key(
                "redirect_to_https", .integer(1...65535),
                "Every request is answered with a redirect to this port over HTTPS."),
            Key(
                "proxy_protocol", .object(proxyProtocol),
                "Connections begin with a header that tells the client's address."),
            Key("timeouts", .object(listenerTimeouts), "How long the listener waits for its clients."),
            Key("limits", .object(listenerLimits), "How much the listener takes."),
            Key(
                "http2", .boolean, "HTTP/2 is offered to clients over TLS, by ALPN. With `tls` only.",
                initial: "\(Defaults.http2)"),
            Key(
                "h2c", .boolean, "HTTP/2 is taken from clients that begin with it. Without `tls` only.",
                initial: "\(Defaults.h2c)"),
        ])

    static let proxyProtocol = Shape(
        "proxy_protocol",
        [Key("from", .networks, "Who may connect: the balancers in front.", isRequired: true)])

    static let listenerTLS = Shape(
        "tls",
        [
            Key(
                "certificates", .list(certificate),
                "Chosen by the name that the client asks for; the first is for others.",
                isRequired: true),
            Key(
                "min_version", .choice(ListenerTLSSetting.Version.allCases.map(\.rawValue), notYet: []),
                "The oldest version of TLS that is spoken.", initial: Defaults.tlsMinVersion.rawValue),
            Key("client_ca", .filePath, "Clients must show a certificate signed by one of these authorities."),
        ])

    static let certificate = Shape(
        "certificate",
        [
            Key("chain", .filePath, "PEM: the certificate, then those that signed it.", isRequired: true),
            Key("key", .filePath, "PEM: its private key, without a pass phrase.", isRequired: true),
        ])

    static let backendTLS = Shape(
        "tls",
        [
            Key(
                "verify", .boolean, "Whether the backend's certificate is checked.",
                initial: "\(Defaults.backendVerification)"),
            Key("ca", .filePath, "Authorities to believe instead of the system's."),
            Key("name", .serverName, "The name that the certificate must have; the host of the address if left out."),
            Key("certificate", .object(certificate), "Shown to backends that ask for one."),
        ])

    static let listenerTimeouts = Shape(
        "timeouts",
        [
            Key(
                "header", .duration(.milliseconds(10) ... .hours(1)),
                "From the first byte of a request to the end of its head.",
                initial: Grammar.print(Defaults.headerTimeout)),
            Key(
                "body", .duration(.milliseconds(10) ... .hours(1)), "Between two reads of a request body.",
                initial: Grammar.print(Defaults.bodyTimeout)),
            Key(
                "idle", .duration(.milliseconds(10) ... .hours(24)), "Between two requests on one connection.",
                initial: Grammar.print(Defaults.idleTimeout)),
            Key(
                "tcp_idle", .duration(.milliseconds(10) ... .hours(168)),
                "Without a byte in either direction. With `protocol: tcp` only.",
                initial: Grammar.print(Defaults.tcpIdleTimeout)),
            Key(
                "handshake", .duration(.milliseconds(10) ... .hours(1)),
                "From the accept to the end of the TLS handshake and of the PROXY header. With these only.",
                initial: Grammar.print(Defaults.handshakeTimeout)),
        ])

    static let listenerLimits = Shape(
        "limits",
        [
            Key(
                "connections", .integer(1...1_000_000), "Connections open at the same time.",
                initial: "\(Defaults.connectionsMax)"),
            Key(
                "per_address", .integer(1...1_000_000),
                "Connections of one client address (IPv6: of one network of 64 bits)."),
            Key(
                "requests_per_connection", .integer(1...1_000_000_000),
                "Requests on one connection, which is then closed."),
            Key(
                "min_rate", .size(ByteCount(0) ... .gibibytes(1)),
                "Bytes a second that a client must send of a body, or take of a response.",
                initial: Grammar.print(Defaults.rateMin)),
            Key(
                "min_rate_grace", .duration(.zero ... .hours(1)), "How long a body may be slower than that.",
                initial: Grammar.print(Defaults.rateGrace)),
            Key(
                "header_bytes", .size(.kibibytes(1) ... .kibibytes(60)),
                "The request line and all header fields together.",
                initial: Grammar.print(Defaults.headerBytesMax)),
            Key(
                "header_fields", .integer(1...10_000), "Header fields of one request.",
                initial: "\(Defaults.headerFieldsMax)"),
        ])

    static let route = Shape(
        "route",
        [
            Key("host", .host, "`shop.example.com` or `*.example.com`; every host when left out."),
            Key("path", .routePath, "This path and everything below it.", initial: Defaults.routePath),
            Key("service", .name, "Where matching requests go.", isRequired: true),
        ] + Key.notYet("policies"))

    static let service = Shape(
        "service",
        [
            Key(
                "protocol", .choice(ServiceSetting.Transport.allCases.map(\.rawValue), notYet: []),
                "What its backends speak.", initial: "http"),
            Key("tls", .object(backendTLS), "Its backends are spoken to over TLS."),
            Key(
                "balance",
                .choice(
                    BalanceAlgorithm.allCases.map(\.rawValue),
                    notYet: ["p2c", "peak_ewma", "hash", "random", "first"]),
                "How the backend of a request is chosen.", initial: Defaults.balance.rawValue),
            Key("health", .object(health), "How backends are probed."),
            Key("timeouts", .object(serviceTimeouts), "How long we wait for backends."),
            Key("retries", .object(retries), "How often a request may be tried again."),
            Key("hold", .object(hold), "How requests wait while no backend is ready."),
            Key(
                "max_body", .size(ByteCount(0) ... .gibibytes(1024)), "The largest request body.",
                initial: Grammar.print(Defaults.bodyBytesMax)),
            Key(
                "send_proxy_protocol", .choice(ProxyHeaderVersion.allCases.map(\.rawValue), notYet: []),
                "Tells backends the client's address in a header of this version. With `protocol: tcp` only."),
            Key("backends", .backends(backend), "Fixed addresses. Not together with `instances`."),
            Key("instances", .object(instances), "Supervised processes. Not together with `backends`."),
        ] + Key.notYet("hash", "sticky", "ejection", "max_in_flight", "policies"))

    static let health = Shape(
        "health",
        [
            Key("http", .probePath, "The path to ask for; 2xx is a pass. Not together with `tcp`."),
            Key("tcp", .flag, "A connection that opens is a pass. The default."),
            Key(
                "interval", .duration(.milliseconds(10) ... .hours(1)), "From one probe of a backend to the next.",
                initial: Grammar.print(Defaults.healthInterval)),
            Key(
                "timeout", .duration(.milliseconds(1) ... .hours(1)), "How long a probe may take; at most `interval`.",
                initial: Grammar.print(Defaults.healthTimeout)),
            Key(
                "fall", .integer(1...100), "Failures in a row that take a backend out of rotation.",
                initial: "\(Defaults.healthFall)"),
            Key(
                "rise", .integer(1...100), "Passes in a row that bring a backend back.",
                initial: "\(Defaults.healthRise)"),
        ] + Key.notYet("tls", "grpc", "exec"))

    static let serviceTimeouts = Shape(
        "timeouts",
        [
            Key(
                "connect", .duration(.milliseconds(1) ... .seconds(60)), "Until a connection to a backend is open.",
                initial: Grammar.print(Defaults.upstreamTimeouts.connect)),
            Key(
                "response", .duration(.milliseconds(1) ... .hours(24)),
                "From the end of the request to the first byte of the response.",
                initial: Grammar.print(Defaults.upstreamTimeouts.response)),
            Key(
                "idle", .duration(.milliseconds(1) ... .hours(24)), "Between two reads of a response body.",
                initial: Grammar.print(Defaults.upstreamTimeouts.idle)),
            Key(
                "tunnel", .duration(.milliseconds(1) ... .hours(168)),
                "Without a byte in either direction, once upgraded (WebSocket).",
                initial: Grammar.print(Defaults.upstreamTimeouts.tunnel)),
            Key(
                "keep_alive", .duration(.zero ... .hours(1)), "How long an idle connection to a backend is kept.",
                initial: Grammar.print(Defaults.upstreamTimeouts.keepAlive)),
        ])

    static let retries = Shape(
        "retries",
        [
            Key(
                "max", .integer(0...10), "Further backends tried after the first one.",
                initial: "\(Defaults.retriesMax)"),
            Key(
                "budget", .percent, "The share of requests that may be retries.",
                initial: "\(Defaults.retryBudget)"),
        ])

    static let hold = Shape(
        "hold",
        [
            Key("max", .integer(0...100_000), "Requests that may wait.", initial: "\(Defaults.holdMax)"),
            Key(
                "for", .duration(.zero ... .hours(1)), "How long one waits before it is answered 503.",
                initial: Grammar.print(Defaults.holdTime)),
        ])

    static let backend = Shape(
        "backend",
        [
            Key("address", .backendAddress, "Host and port.", isRequired: true),
            Key(
                "weight", .integer(1...1000), "Its share of requests, relative to the others.",
                initial: "\(Defaults.backendWeight)"),
        ] + Key.notYet("backup"))

    static let share = Shape(
        "share",
        [Key("path", .filePath, "The directory; made if it is missing.", isRequired: true)]
            + Key.notYet("quota", "require"))
}

extension Duration {
    /// For the ranges above.
    static func hours(_ hours: Int) -> Duration { .seconds(hours * 3600) }
}
