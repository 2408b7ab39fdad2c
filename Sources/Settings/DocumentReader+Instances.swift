// Supervised instances: the command, its environment and how it comes and goes.

import Vocabulary

extension DocumentReader {
    func instances(_ fields: Fields) -> InstancesSetting {
        var instances = InstancesSetting(run: [])
        if let entry = fields.entry("run") {
            instances.run = command(entry, path: fields.path(of: "run")) ?? []
        } else {
            fields.reportMissing("run", hint: "write the command of one instance, such as `run: ./app --port $PORT`")
        }
        fields.text("release", into: &instances.release, Grammar.release)
        instances.releases = fields.text("releases", Grammar.filePath)
        if fields.has("releases"), !fields.has("release") {
            fields.reportMissing("release", hint: "with `releases` it says which one is started first")
        }
        fields.range("count", into: &instances.count)
        if let scale = fields.object("scale") {
            scale.integer("in_flight", into: &instances.scale.inFlight)
            scale.duration("down_after", into: &instances.scale.downAfter)
        }
        if let rollout = fields.object("rollout") {
            rollout.amount("surge", into: &instances.rollout.surge)
            rollout.amount("unavailable", into: &instances.rollout.unavailable)
            rollout.duration("settle", into: &instances.rollout.settle)
            rollout.duration("deadline", into: &instances.rollout.deadline)
            rollout.choice("undo", into: &instances.rollout.undo)
        }
        if let drain = fields.object("drain") {
            drain.duration("requests", into: &instances.drain.requests)
            drain.duration("tunnels", into: &instances.drain.tunnels)
        }
        fields.object("stop")?.duration("grace", into: &instances.stop.grace)
        if let limits = fields.object("limits") {
            limits.integer("open_files", into: &instances.limits.openFiles)
            limits.size("memory", into: &instances.limits.memory)
        }
        if let entry = fields.entry("env") {
            instances.environment = environment(entry, path: fields.path(of: "env"))
        }
        if let entry = fields.entry("shares") {
            instances.shares = shareNames(entry, path: fields.path(of: "shares"))
        }
        return instances
    }

    /// The words of `run`; `nil` when they can't be read, which is reported.
    func command(_ entry: SourceNode.Entry, path: String) -> [String]? {
        let node = entry.value
        let expected = Kind.command.expectation
        guard !node.isMissing else {
            reading.report(Complaint("`run` has no value", hint: "write \(expected)"), at: node.place, path: path)
            return nil
        }
        let words: [(text: String, place: Place)]
        switch node.content {
        case .mapping:
            let complaint = Complaint(
                "`run` must be \(expected), found a mapping", hint: "environment belongs in `env`")
            reading.report(complaint, at: node.place, path: path)
            return nil
        case .scalar(let text, _):
            do throws(Complaint) {
                words = try WordSplitter.words(text).map { ($0, node.place) }
            } catch {
                reading.report(Complaint("run: \(error.message)", hint: error.hint), at: node.place, path: path)
                return nil
            }
        case .list(let nodes):
            words = nodes.compactMap { node in
                guard case .scalar(let text, _) = node.content, !node.isMissing else {
                    let complaint = Complaint(
                        "a word of `run` must be text, found \(node.description)", hint: "quote it")
                    reading.report(complaint, at: node.place, path: path)
                    return nil
                }
                return (text, node.place)
            }
            guard words.count == nodes.count else { return nil }
        }
        reading.note(path, at: node.place)
        let expanded = words.compactMap { word in
            reading.expand(word.text, at: word.place, "run", path: path, use: .perInstance)
        }
        guard expanded.count == words.count else { return nil }
        guard expanded.first?.isEmpty == false else {
            reading.report(Complaint("run: the command is empty"), at: node.place, path: path)
            return nil
        }
        return expanded
    }

    private func environment(_ entry: SourceNode.Entry, path: String) -> [String: String] {
        reading.locate(path, at: entry.keyPlace)
        guard case .mapping(let entries) = entry.value.content else {
            let found = entry.value.isMissing ? "nothing" : entry.value.description
            let complaint = Complaint(
                "`env` must be \(Kind.environment.expectation), found \(found)", hint: "write `env: { NAME: value }`")
            reading.report(complaint, at: entry.keyPlace, path: path)
            return [:]
        }
        var environment: [String: String] = [:]
        for entry in entries {
            let path = "\(path).\(entry.key)"
            do throws(Complaint) {
                let name = try Grammar.variableName(entry.key)
                environment[name] = reading.scalar(
                    entry.value, name, expected: "a value, or `\"\"` for an empty one", path: path, use: .perInstance)
            } catch {
                reading.report(error, at: entry.keyPlace, path: path)
            }
        }
        return environment
    }

    private func shareNames(_ entry: SourceNode.Entry, path: String) -> [ShareName] {
        reading.note(path, at: entry.value.place)
        guard case .list(let nodes) = entry.value.content else {
            let found = entry.value.isMissing ? "nothing" : entry.value.description
            let complaint = Complaint("`shares` must be \(Kind.names.expectation), found \(found)")
            reading.report(complaint, at: entry.value.place, path: path)
            return []
        }
        return nodes.enumerated().compactMap { index, node in
            let path = "\(path).\(index)"
            guard let text = reading.scalar(node, "shares", expected: "a name", path: path) else { return nil }
            do throws(Complaint) {
                return ShareName(try Grammar.name(text))
            } catch {
                reading.report(Complaint("shares: \(error.message)", hint: error.hint), at: node.place, path: path)
                return nil
            }
        }
    }
}
