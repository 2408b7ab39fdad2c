// The top of a settings file: which form it has, and its parts in turn. Every part is read whatever became of the
// others, so that all problems show at once.

import Routing
import Vocabulary

/// Reads a document's nodes into `Settings`.
struct DocumentReader {
    let reading: Reading

    static let smallestExample = "the smallest file has the lines `listen: 8080` and `run: COMMAND`"

    /// Without meaning when problems were reported.
    func settings(_ root: SourceNode, directory: String) -> Settings {
        var settings = Settings(directory: directory)
        let service = Defaults.serviceName
        let aliases = [
            "listen": "listeners.0.bind", "run": "services.\(service).instances.run",
            "instances": "services.\(service).instances.count", "health": "services.\(service).health.http",
        ]
        let start = Place(line: 1, column: 1)
        guard let fields = Fields(root, Catalogue.root, path: "", place: start, reading: reading, aliases: aliases)
        else { return settings }

        fields.integer("version", into: &settings.version)
        settings.state = fields.text("state", Grammar.filePath)
        fields.text("workers", into: &settings.workers, Grammar.workers)
        fields.duration("drain", into: &settings.drain)
        fields.size("buffers", into: &settings.buffers)
        settings.admin = fields.object("admin").flatMap { admin in
            if !admin.has("bind") { admin.reportMissing("bind") }
            return admin.text("bind", Grammar.adminAddress)
        }
        fields.text("access_log", into: &settings.accessLog, Grammar.accessLog)
        settings.shares = shares(fields)

        switch form(fields) {
        case .smallest:
            readSmallest(fields, into: &settings)
        case .long:
            settings.listeners = listeners(fields)
            settings.services = services(fields)
            settings.routes = routes(fields)
        case .neither:
            break
        }
        settings.origins = reading.origins
        var checks = SettingsChecks(settings, isSound: reading.isSound)
        checks.run()
        for (path, complaint) in checks.findings { reading.report(complaint, path: path) }
        return settings
    }

    // MARK: The two forms

    private enum Form {
        case smallest, long, neither
    }

    private func form(_ fields: Fields) -> Form {
        let small = Catalogue.smallest.map(\.name).filter { fields.has($0) }
        let long = ["listeners", "routes", "services"].filter { fields.has($0) }
        if let key = small.first, !long.isEmpty {
            let complaint = Complaint(
                "\(lines(small, fields)) can't be mixed with \(lines(long, fields))",
                hint: "\(small.map { "`\($0)`" }.joined(separator: ", ")) belong to the smallest form; in the long form"
                    + " they are `listeners` and `services.NAME.instances`")
            fields.report(complaint, key: key)
            return .long
        }
        if !small.isEmpty { return .smallest }
        if !long.isEmpty { return .long }
        if reading.isSound("") {
            let complaint = Complaint("nothing to do: there is no listener", hint: Self.smallestExample)
            reading.report(complaint, at: fields.place, path: "listeners")
        }
        return .neither
    }

    private func lines(_ keys: [String], _ fields: Fields) -> String {
        keys.map { key in "`\(key)` (line \(fields.entry(key)?.keyPlace.line ?? 0))" }.joined(separator: ", ")
    }

    private func readSmallest(_ fields: Fields, into settings: inout Settings) {
        for key in ["listen", "run"] where !fields.has(key) {
            fields.reportMissing(key, hint: Self.smallestExample)
        }
        var instances = InstancesSetting(run: [], shares: settings.shares.map(\.name))
        if let entry = fields.entry("run") {
            instances.run = command(entry, path: fields.path(of: "run")) ?? []
        }
        fields.range("instances", into: &instances.count)
        var service = ServiceSetting(name: Defaults.serviceName, upstream: .instances(instances))
        if let path = fields.text("health", Grammar.probePath) { service.health.check = .http(path: path) }
        settings.services = [service]
        settings.routes = [RouteSetting(service: service.name)]
        if let bind = fields.text("listen", Grammar.listenAddress) {
            settings.listeners = [ListenerSetting(name: Defaults.listenerName, bind: bind)]
        }
    }

    // MARK: Lists and named entries

    /// The objects of a list with their numbers; empty when it is left out or wrong, which is reported.
    func items(_ key: String, _ shape: Shape, in fields: Fields) -> [(index: Int, fields: Fields)] {
        guard let entry = fields.entry(key) else { return [] }
        let path = fields.path(of: key)
        reading.locate(path, at: entry.keyPlace)
        guard case .list(let nodes) = entry.value.content else {
            let found = entry.value.isMissing ? "nothing" : entry.value.description
            let complaint = Complaint(
                "`\(key)` must be a list, found \(found)", hint: "put `- ` in front of each entry")
            reading.report(complaint, at: entry.keyPlace, path: path)
            return []
        }
        return nodes.enumerated().compactMap { index, node in
            Fields(node, shape, path: "\(path).\(index)", place: node.place, reading: reading).map { (index, $0) }
        }
    }

    /// The objects of a mapping with their names; those with a name that is not allowed are left out and reported.
    func named(_ key: String, _ shape: Shape, in fields: Fields) -> [(name: String, fields: Fields)] {
        guard let entry = fields.entry(key) else { return [] }
        let path = fields.path(of: key)
        reading.locate(path, at: entry.keyPlace)
        guard case .mapping(let entries) = entry.value.content else {
            let found = entry.value.isMissing ? "nothing" : entry.value.description
            let complaint = Complaint(
                "`\(key)` must be a mapping, found \(found)", hint: "write one key per \(shape.name), its name")
            reading.report(complaint, at: entry.keyPlace, path: path)
            return []
        }
        return entries.compactMap { entry in
            do throws(Complaint) {
                let name = try Grammar.name(entry.key)
                let fields = Fields(
                    entry.value, shape, path: "\(path).\(name)", place: entry.keyPlace, reading: reading)
                return fields.map { (name, $0) }
            } catch {
                reading.report(error, at: entry.keyPlace, path: "\(path).\(entry.key)")
                return nil
            }
        }
    }

    private func shares(_ fields: Fields) -> [ShareSetting] {
        named("shares", Catalogue.share, in: fields).compactMap { name, share in
            if !share.has("path") { share.reportMissing("path") }
            return share.text("path", Grammar.filePath).map { ShareSetting(name: ShareName(name), path: $0) }
        }
    }
}
