// What one instance is started with: its argument vector, its environment, its directory. Pure, but for the check
// that a release's directory is there, which the caller makes.

import Keeper
import Settings
import Shares
import Vocabulary

/// Everything a spawn needs, from the settings, the release and the reserved port.
struct InstancePlan {
    let id: InstanceID
    let release: ReleaseName
    let instances: InstancesSetting
    /// Absolute; where relative paths of the settings start.
    let directory: String
    let shares: [ShareDirectory]
    /// Of the keeper, below everything that is said here.
    let environment: [String: String]

    /// The directory of a release; `nil` when the service keeps no releases on disk.
    static func releaseDirectory(
        _ release: ReleaseName, of instances: InstancesSetting, directory: String
    ) -> String? {
        instances.releases.map { releases in
            let parent = releases.hasPrefix("/") ? releases : "\(directory)/\(releases)"
            return parent + (parent.hasSuffix("/") ? "" : "/") + release.rawValue
        }
    }

    /// The order for the keeper. Throws when `run` or `env` names a variable that is not there.
    func order(port: UInt16, logFile: String, record: [UInt8]) throws(RunWords.UnknownVariable) -> SpawnOrder {
        let releaseDirectory = Self.releaseDirectory(release, of: instances, directory: directory)
        var own: [String: String] = [
            "PORT": String(port),
            "PORTICO_INSTANCE": id.description,
            "PORTICO_SERVICE": id.service.rawValue,
            "PORTICO_RELEASE": release.rawValue,
        ]
        if let releaseDirectory { own["PORTICO_RELEASE_DIR"] = releaseDirectory }
        for share in shares { own[share.environmentVariable] = share.path }
        let known = environment.merging(own) { _, ours in ours }
        for (name, value) in instances.environment {
            own[name] = try RunWords.expand([value], environment: known)[0]
        }
        return SpawnOrder(
            id: id,
            argv: try RunWords.expand(instances.run, environment: known.merging(own) { _, ours in ours }),
            environment: own, workingDirectory: releaseDirectory ?? directory, logFile: logFile, port: port,
            openFilesMax: instances.limits.openFiles, memory: instances.limits.memory, record: record)
    }
}
