// Settings without a file: `portico run` and `portico proxy`.

import Vocabulary

extension Settings {
    /// `portico run --listen LISTEN --instances INSTANCES [--health PATH] -- ARGV`: the smallest form from flags.
    ///
    /// Texts are read as in a settings file, but without `${VAR}`. A problem names the flag as its file. `argv` is
    /// taken word by word, with `$PORT` left for the supervisor.
    package static func forRun(
        listen: String, instances: String, argv: [String], health: String? = nil
    ) -> Result<Settings, SettingsProblems> {
        var flags = FlagReader()
        let bind = flags.read("--listen", listen, Grammar.listenAddress)
        let count = flags.read("--instances", instances, Grammar.instanceCount)
        let path = health.flatMap { flags.read("--health", $0, Grammar.probePath) }
        if argv.first?.isEmpty != false { flags.report("COMMAND", Complaint("the command is empty")) }
        if argv.contains(where: { $0.utf8.contains(0) }) {
            flags.report("COMMAND", Complaint("the character U+0000 is not allowed"))
        }
        guard let bind, let count else { return .failure(flags.problems) }
        let service = ServiceSetting(
            name: Defaults.serviceName, health: HealthSetting(check: path.map { .http(path: $0) } ?? .tcp),
            upstream: .instances(InstancesSetting(run: argv, count: count)))
        return flags.finish(service, bind: bind)
    }

    /// `portico proxy --listen LISTEN --to HOST:PORT --to …`: one HTTP service of fixed backends.
    package static func forProxy(listen: String, to: [String]) -> Result<Settings, SettingsProblems> {
        var flags = FlagReader()
        let bind = flags.read("--listen", listen, Grammar.listenAddress)
        let addresses = to.compactMap { flags.read("--to", $0, Grammar.backendAddress) }
        if to.isEmpty { flags.report("--to", Complaint("there is no backend", hint: "write `--to 127.0.0.1:8081`")) }
        guard let bind else { return .failure(flags.problems) }
        let service = ServiceSetting(
            name: Defaults.serviceName, upstream: .backends(addresses.map { BackendSetting(address: $0) }))
        return flags.finish(service, bind: bind)
    }
}

/// Reads flags and collects what is wrong with them.
private struct FlagReader {
    private var found: [SettingsProblem] = []

    var problems: SettingsProblems { SettingsProblems(found) }

    mutating func report(_ flag: String, _ complaint: Complaint) {
        found.append(SettingsProblem(file: flag, message: complaint.message, hint: complaint.hint))
    }

    mutating func read<Value>(
        _ flag: String, _ text: String, _ parse: (String) throws(Complaint) -> Value
    ) -> Value? {
        do throws(Complaint) {
            return try parse(text)
        } catch {
            report(flag, error)
            return nil
        }
    }

    mutating func finish(_ service: ServiceSetting, bind: Endpoint) -> Result<Settings, SettingsProblems> {
        let settings = Settings(
            listeners: [ListenerSetting(name: Defaults.listenerName, bind: bind)],
            routes: [RouteSetting(service: service.name)], services: [service])
        var checks = SettingsChecks(settings)
        checks.run()
        for (path, complaint) in checks.findings {
            report(path.contains("backends") ? "--to" : path.contains("run") ? "COMMAND" : "--listen", complaint)
        }
        return found.isEmpty ? .success(settings) : .failure(problems)
    }
}
