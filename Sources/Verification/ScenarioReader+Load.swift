// The `load` part of a scenario file.

import Vocabulary

extension ScenarioReader {
    func streams(_ value: YAMLValue?) -> [LoadStream] {
        guard let entries = value?.sequence else { return [] }
        if entries.isEmpty { value?.problem("needs at least one stream") }
        var seen: Set<String> = []
        return entries.compactMap { entry in
            let stream = stream(entry)
            if let stream, !seen.insert(stream.name).inserted {
                entry.problem("there is already a stream called \"\(stream.name)\"")
            }
            return stream
        }
    }

    private func stream(_ value: YAMLValue) -> LoadStream? {
        let keys = [
            "name", "http", "arrival", "connections", "timeout", "idempotent", "expect", "release", "read_back",
        ]
        guard let mapping = value.mapping(keys: keys, required: ["name", "http", "arrival"]),
            let name = mapping["name"]?.text,
            let http = mapping["http"]?.mapping(keys: ["method", "path", "headers", "body"], required: ["path"])
        else { return nil }
        let method =
            http["method"]?.read("a method in capitals") { text in
                let isToken = !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x41 && $0 <= 0x5a }
                return isToken ? text : nil
            } ?? "GET"
        let path = path(http["path"])
        let body = http["body"]?.template(variables)
        if method == "GET" || method == "HEAD", let body = http["body"] {
            body.problem("a \(method) request carries no body here")
        }
        let arrival = arrival(mapping["arrival"])
        let readBack = readBack(mapping["read_back"])
        guard let path, let arrival else { return nil }
        return LoadStream(
            name: name, method: method, path: path, headers: headers(http["headers"]), body: body, arrival: arrival,
            connections: mapping["connections"]?.choice() ?? .keepalive,
            timeout: mapping["timeout"]?.duration ?? .seconds(10),
            isIdempotent: mapping["idempotent"]?.bool ?? Self.isIdempotent(method),
            expect: expectation(mapping["expect"], method: method), releaseMark: releaseMark(mapping["release"]),
            readBack: readBack)
    }

    /// RFC 9110 §9.2.2.
    static func isIdempotent(_ method: String) -> Bool {
        ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(method)
    }

    private func path(_ value: YAMLValue?) -> Template? {
        guard let value, let template = value.template(variables) else { return nil }
        guard template.source.hasPrefix("/") else {
            value.problem("does not begin with /")
            return nil
        }
        return template
    }

    private func headers(_ value: YAMLValue?) -> [LoadStream.HeaderField] {
        guard let mapping = value?.mapping(keys: []) else { return [] }
        return mapping.keysInOrder.compactMap { name in
            guard let value = mapping[name], let template = value.template(variables) else { return nil }
            let isToken = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
            if !isToken || name.isEmpty { value.problem("\"\(name)\" is not the name of a header") }
            if name.lowercased() == "x-request-id" {
                value.problem("the driver sets X-Request-Id itself: it is how requests are accounted for")
            }
            if template.source.utf8.contains(where: { $0 < 0x20 }) { value.problem("a header has one line") }
            return LoadStream.HeaderField(name: name, value: template)
        }
    }

    private func arrival(_ value: YAMLValue?) -> LoadStream.Arrival? {
        guard let value, let mapping = value.mapping(keys: ["rate", "model", "stages", "closed"]),
            let kind = mapping.exactlyOne(of: ["rate", "stages", "closed"])
        else { return nil }
        let model: LoadStream.Model = mapping["model"]?.choice() ?? .poisson
        switch kind {
        case "rate":
            guard let rate = mapping["rate"]?.rate else { return nil }
            return .open(stages: [LoadStream.Stage(from: rate, to: rate, length: nil)], model: model)
        case "stages":
            return stages(mapping["stages"]).map { .open(stages: $0, model: model) }
        default:
            if let model = mapping["model"] { model.problem("has no meaning in a closed loop") }
            guard let closed = mapping["closed"]?.mapping(keys: ["users", "think"], required: ["users"]),
                let users = closed["users"]?.integer(1...10_000)
            else { return nil }
            return .closed(users: users, think: closed["think"]?.duration ?? .zero)
        }
    }

    private func stages(_ value: YAMLValue?) -> [LoadStream.Stage]? {
        guard let value, let entries = value.sequence else { return nil }
        var stages: [LoadStream.Stage] = []
        for entry in entries {
            guard let mapping = entry.mapping(keys: ["rate", "ramp_to", "for"], required: ["for"]),
                let kind = mapping.exactlyOne(of: ["rate", "ramp_to"]), let rate = mapping[kind]?.rate,
                let length = mapping["for"]?.duration
            else { return nil }
            // A ramp at the very beginning starts at one request per second: at zero the first would never come.
            let start = kind == "rate" ? rate : stages.last?.to ?? 1
            stages.append(LoadStream.Stage(from: start, to: rate, length: length))
        }
        guard let last = stages.last else {
            value.problem("needs at least one stage")
            return nil
        }
        stages.append(LoadStream.Stage(from: last.to, to: last.to, length: nil))
        return stages
    }

    private func expectation(_ value: YAMLValue?, method: String) -> Expectation {
        var expectation = Expectation(statuses: [200])
        guard let mapping = value?.mapping(keys: ["status", "headers", "body"]) else { return expectation }
        if let status = mapping["status"] { expectation.statuses = statuses(status) }
        if let headers = mapping["headers"]?.mapping(keys: []) {
            expectation.headers = headers.keysInOrder.compactMap { name in
                headers[name]?.template(variables).map { Expectation.Header(name: name.lowercased(), contains: $0) }
            }
        }
        if let body = mapping["body"] {
            if method == "HEAD" { body.problem("the answer to HEAD has no body") }
            readBody(body, into: &expectation)
        }
        return expectation
    }

    private func readBody(_ value: YAMLValue, into expectation: inout Expectation) {
        guard let body = value.mapping(keys: ["contains", "json"]) else { return }
        if let contains = body["contains"] {
            let entries = if contains.isSequence { contains.sequence ?? [] } else { [contains] }
            expectation.bodyContains = entries.compactMap { $0.template(variables) }
        }
        if let fields = body["json"]?.mapping(keys: []) {
            expectation.bodyFields = fields.keysInOrder.compactMap { name in
                fields[name]?.template(variables).map { Expectation.Field(name: name, value: $0) }
            }
        }
    }

    private func statuses(_ value: YAMLValue) -> [Int] {
        let entries = if value.isSequence { value.sequence ?? [] } else { [value] }
        if entries.isEmpty { value.problem("needs at least one status") }
        return entries.compactMap { $0.integer(100...599) }
    }

    private func releaseMark(_ value: YAMLValue?) -> LoadStream.ReleaseMark? {
        guard let value, let mapping = value.mapping(keys: ["header", "json"]),
            let kind = mapping.exactlyOne(of: ["header", "json"]), let name = mapping[kind]?.text
        else { return nil }
        return kind == "header" ? .header(name.lowercased()) : .json(name)
    }

    private func readBack(_ value: YAMLValue?) -> LoadStream.ReadBack? {
        let keys = ["path", "headers", "status", "body"]
        guard let value, let mapping = value.mapping(keys: keys, required: ["path"]), let path = path(mapping["path"])
        else { return nil }
        if !path.isUniquePerRequest {
            mapping["path"]?.problem(
                "must differ for every write, through {seq} or {id}: of two writes to one place only the last can be read"
            )
        }
        var expectation = Expectation(statuses: [200])
        if let status = mapping["status"] { expectation.statuses = statuses(status) }
        if let body = mapping["body"] { readBody(body, into: &expectation) }
        return LoadStream.ReadBack(path: path, headers: headers(mapping["headers"]), expect: expectation)
    }
}
