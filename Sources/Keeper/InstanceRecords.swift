// What of an instance outlives its keeper: one file each in `instances/`, so that the next keeper on the same state
// directory finds the processes again.

import Foundation
import Kernel
import Vocabulary

/// The file of one instance.
struct InstanceRecord: Codable, Hashable, Sendable {
    var version = 1
    var id: InstanceID
    var identity: ProcessIdentity
    var port: UInt16?
    var logFile: String
    @TextCoded var record: [UInt8]
}

/// The directory of records.
struct InstanceRecords: Sendable {
    let directory: String

    /// Makes the directory (0700) if need be.
    init(_ directory: String) throws(SystemError) {
        self.directory = directory
        try Files.makeDirectory(directory, mode: 0o700)
    }

    /// Whether an instance's name can be the name of a file, and no way out of the directory.
    static func isAllowed(_ id: InstanceID) -> Bool {
        let service = id.service.rawValue.utf8
        return !service.isEmpty && service.count <= 200 && service.first != UInt8(ascii: ".")
            && service.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    func write(_ record: InstanceRecord) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
        try Files.replace(path(of: record.id), with: Array(try encoder.encode(record)))
    }

    func remove(_ id: InstanceID) throws(SystemError) {
        try Files.remove(path(of: id))
    }

    /// Every readable record in the order of their names, and a sentence for each file that is none. Files whose names
    /// do not end in `.json` (drafts of a keeper that died while writing) are passed over.
    func load() throws(SystemError) -> (records: [InstanceRecord], problems: [String]) {
        var records: [InstanceRecord] = []
        var problems: [String] = []
        for name in try Files.names(in: directory) where name.hasSuffix(".json") {
            let path = "\(directory)/\(name)"
            do {
                let content = try Files.read(path, bytesMax: KeeperLimits.packetBytesMax)
                let record = try JSONDecoder().decode(InstanceRecord.self, from: Data(content))
                guard record.version == 1, Self.isAllowed(record.id), name == "\(record.id).json" else {
                    problems.append("\(path): not the record of the instance it is named for")
                    continue
                }
                records.append(record)
            } catch {
                problems.append("\(path): not a record of an instance: \(error)")
            }
        }
        return (records, problems)
    }

    private func path(of id: InstanceID) -> String {
        "\(directory)/\(id).json"
    }
}
