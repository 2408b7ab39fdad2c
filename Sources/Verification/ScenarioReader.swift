// Scenario files: YAML text to one valid value, or every problem with its place. Reads nothing but the text it is given.
// The parts have files of their own: `ScenarioReader+Load`, `+Events`, `+Checks`.

import Vocabulary
import Yams

/// Reads a scenario. Pure.
package struct ScenarioReader {
    let list: ProblemList
    /// `${NAME}` in templates: the process environment, overridden by the scenario's own.
    var variables: [String: String]

    /// Reads the scenario in `text`; `path` is its file, for messages and to resolve the settings file against.
    package static func read(
        _ text: String, path: String, environment: [String: String] = [:]
    ) throws(ScenarioProblems) -> Scenario {
        let list = ProblemList(file: path, text: text)
        var reader = ScenarioReader(list: list, variables: environment)
        let scenario = reader.root(text, path: path)
        guard let scenario, list.problems.isEmpty else {
            if list.problems.isEmpty { list.add("is not a scenario", line: 0, column: 0) }
            throw ScenarioProblems(problems: list.problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
        }
        return scenario
    }

    private static let keys = [
        "version", "name", "seed", "front_door", "target", "admin", "environment", "load", "phases", "events",
        "checks", "report",
    ]

    private mutating func root(_ text: String, path: String) -> Scenario? {
        guard let node = compose(text) else { return nil }
        let value = YAMLValue(node: node, path: "", list: list)
        guard let root = value.mapping(keys: Self.keys, required: ["version", "name", "load"]) else { return nil }
        if let version = root["version"] { _ = version.integer(1...1) }
        let name = root["name"]?.read("a name of letters, digits, dot, dash and underscore") { name in
            let isPlain = name.utf8.allSatisfy { byte in
                (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a || byte >= 0x30 && byte <= 0x39 || byte == 0x2d
                    || byte == 0x2e || byte == 0x5f
            }
            return isPlain && !name.isEmpty && name.first != "." && name.utf8.count <= 80 ? name : nil
        }
        let seed = root["seed"]?.read("a whole number from 0 up") { UInt64($0) }
        let environment = words(root["environment"])
        variables.merge(environment) { $1 }
        let load = streams(root["load"])
        let phases = phases(root["phases"])
        let events = events(root["events"])
        let checks = checks(root["checks"], streams: load)
        let report = root["report"]?.mapping(keys: ["directory"], required: ["directory"])?["directory"]?.text
        guard let subject = subject(root, path: path), let name else { return nil }
        if case .running(_, nil) = subject, let events = root["events"], !(events.sequence ?? []).isEmpty {
            events.problem("need `admin`, the admin socket of the target")
        }
        return Scenario(
            name: name, path: path, seed: seed, subject: subject, environment: environment, load: load, phases: phases,
            events: events, checks: checks, reportDirectory: report.map { Self.resolve($0, besides: path) })
    }

    private func compose(_ text: String) -> Node? {
        do {
            if let node = try Yams.compose(yaml: text) { return node }
            list.add("the file is empty", line: 1, column: 1)
        } catch let error as YamlError {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                list.add("not YAML: \(problem)", line: mark.line, column: mark.column)
            case .duplicatedKeysInMapping(let duplicates, let context):
                list.add(
                    "the key \"\(duplicates.first ?? "?")\" is there twice", line: context.mark.line,
                    column: context.mark.column)
            default: list.add("not YAML: \(error)", line: 0, column: 0)
            }
        } catch {
            list.add("not YAML: \(error)", line: 0, column: 0)
        }
        return nil
    }

    /// A mapping of names to texts, in which `${NAME}` is filled in and nothing else.
    private func words(_ value: YAMLValue?) -> [String: String] {
        guard let mapping = value?.mapping(keys: []) else { return [:] }
        return mapping.values.compactMapValues { value in
            guard let template = value.template(variables) else { return nil }
            guard !template.isConstant else { return template.constant }
            value.problem("is the same for the whole run, so it can't hold a place like {seq}")
            return nil
        }
    }

    private func subject(_ root: YAMLMapping, path: String) -> Scenario.Subject? {
        switch root.exactlyOne(of: ["front_door", "target"]) {
        case "front_door":
            root["admin"]?.problem("belongs to `target`; the admin socket of a front door that is started is known")
            let keys = ["config", "listener", "ready_within", "stop_within"]
            guard let door = root["front_door"]?.mapping(keys: keys, required: ["config"]),
                let config = door["config"]?.text
            else { return nil }
            return .frontDoor(
                Scenario.FrontDoor(
                    config: Self.resolve(config, besides: path), listener: door["listener"]?.text,
                    readyWithin: door["ready_within"]?.duration ?? .seconds(60),
                    stopWithin: door["stop_within"]?.duration ?? .seconds(60)))
        case "target":
            let url = root["target"]?.read("an http:// address without a path") { text in
                let rest = text.hasPrefix("http://") ? text.dropFirst(7) : ""
                return !rest.isEmpty && !rest.contains("/") && !rest.contains(" ") ? text : nil
            }
            guard let url else { return nil }
            return .running(url: url, admin: root["admin"]?.text)
        default:
            return nil
        }
    }

    /// A path in a scenario file is relative to that file.
    static func resolve(_ path: String, besides file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }

    private func phases(_ value: YAMLValue?) -> Scenario.Phases {
        var phases = Scenario.Phases()
        guard let mapping = value?.mapping(keys: ["warmup", "baseline", "window", "settle"]) else { return phases }
        phases.warmup = mapping["warmup"]?.duration ?? phases.warmup
        phases.baseline = mapping["baseline"]?.duration ?? phases.baseline
        phases.window = mapping["window"]?.duration ?? phases.window
        phases.settle = mapping["settle"]?.duration ?? phases.settle
        return phases
    }
}
