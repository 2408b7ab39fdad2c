// Instances, from the keeper's side: adoption, start, end, logs.

import Glibc
import Kernel
import Vocabulary

extension KeeperLoop {
    // MARK: - Adoption

    /// Takes over what an earlier keeper on this state directory has started. Files that are no records are reported
    /// and left alone.
    func adoptInstances() {
        do {
            let (found, problems) = try records.load()
            problems.forEach { say("passed over: \($0)") }
            for record in found { adopt(record) }
        } catch {
            say("the records of instances can't be read: \(error)")
        }
    }

    private func adopt(_ record: InstanceRecord) {
        do {
            guard let process = try ChildProcess(adopting: record.identity) else {
                let report = ExitReport(id: record.id, pid: record.identity.pid, status: .unknown)
                ended[record.id] = EndedInstance(held: HeldExit(report: report, record: record.record))
                say("\(record.id) (pid \(record.identity.pid)) has ended in the meantime")
                return
            }
            instances[record.id] = KeptInstance(
                id: record.id, process: process, isAdopted: true, logFile: record.logFile, record: record.record,
                port: record.port, reservation: record.port.flatMap { try? PortReservation(port: $0) })
            say("\(record.id) (pid \(record.identity.pid)) runs on: adopted")
        } catch {
            say("\(record.id) could not be adopted: \(error)")
        }
    }

    // MARK: - Start and end

    func spawn(_ order: SpawnOrder) throws(KeeperError) -> SpawnedProcess {
        try check(order)
        let reservation = order.port.flatMap { reservations.removeValue(forKey: $0) }
        do {
            let log = try LogFile.open(order.logFile)
            let process = try ChildProcess(
                starting: ProcessOrder(
                    argv: order.argv, environment: environment(of: order), workingDirectory: order.workingDirectory,
                    output: log.number, openFilesMax: order.openFilesMax, memory: order.memory,
                    openFilesSoft: surroundings.openFilesOfInstances))
            let instance = KeptInstance(
                id: order.id, process: process, isAdopted: false, logFile: order.logFile, record: order.record,
                port: order.port, reservation: reservation)
            instances[order.id] = instance
            keepRecord(of: instance)
            return SpawnedProcess(pid: instance.process.identity.pid, startTime: instance.process.identity.startTime)
        } catch {
            throw KeeperError(error)
        }
    }

    private func check(_ order: SpawnOrder) throws(KeeperError) {
        guard InstanceRecords.isAllowed(order.id) else {
            throw KeeperError(code: .illFormed, reason: "\(order.id) can't be the name of an instance")
        }
        guard instances[order.id] == nil, ended[order.id] == nil else {
            throw KeeperError(code: .conflict, reason: "\(order.id) was started before and is not forgotten yet")
        }
        guard instances.count + ended.count < KeeperLimits.instancesMax else {
            throw KeeperError(code: .limit, reason: "there are \(KeeperLimits.instancesMax) instances already")
        }
        guard order.workingDirectory.hasPrefix("/"), order.logFile.hasPrefix("/") else {
            throw KeeperError(code: .illFormed, reason: "\(order.id): directory and log must be absolute paths")
        }
        guard order.openFilesMax ?? 1 > 0, order.memory?.bytes ?? 1 > 0 else {
            throw KeeperError(code: .illFormed, reason: "\(order.id): limits must be above zero")
        }
        if let port = order.port, reservations[port] == nil {
            throw KeeperError(code: .illFormed, reason: "\(order.id): port \(port) is not reserved")
        }
    }

    private func environment(of order: SpawnOrder) -> [String: String] {
        configuration.environment
            .filter { !$0.key.hasPrefix("PORTICO_KEEPER") }
            .merging(order.environment) { _, given in given }
    }

    /// A record that can't be written costs the adoption by a later keeper, and no more: the instance runs.
    private func keepRecord(of instance: KeptInstance) {
        do {
            try records.write(
                InstanceRecord(
                    id: instance.id, identity: instance.process.identity, port: instance.port,
                    logFile: instance.logFile, record: instance.record))
        } catch {
            say("\(instance.id): its record could not be written, another keeper will not find it: \(error)")
        }
    }

    func instanceEnded(_ instance: KeptInstance) {
        guard instances.removeValue(forKey: instance.id) != nil else { return }
        let status: ExitReport.Status
        do {
            status = try KeptInstance.bury(instance.process)
        } catch {
            say("\(instance.id): its end could not be read: \(error)")
            status = .unknown
        }
        let report = ExitReport(id: instance.id, pid: instance.process.identity.pid, status: status)
        ended[instance.id] = EndedInstance(
            held: HeldExit(report: report, record: instance.record), reservation: instance.reservation)
        if case .running(let link) = place, link.isWatching { tell(link, .exited(report)) }
    }

    func forget(_ id: InstanceID) throws(KeeperError) {
        guard instances[id] == nil else {
            throw KeeperError(code: .conflict, reason: "\(id) is running and can't be forgotten")
        }
        // A server that died between two orders may ask twice.
        guard ended.removeValue(forKey: id) != nil else { return }
        removeRecord(id)
    }

    func removeRecord(_ id: InstanceID) {
        do {
            try records.remove(id)
        } catch {
            say("\(id): \(error)")
        }
    }

    // MARK: - Logs

    func boundLogs() {
        for instance in instances.values where !instance.hasLogComplaint {
            do {
                _ = try LogFile.bound(instance.logFile, to: configuration.logBytesMax)
            } catch {
                instance.hasLogComplaint = true
                say("\(instance.id): its log can't be kept within \(configuration.logBytesMax): \(error)")
            }
        }
    }
}

extension KeeperError {
    init(_ error: SystemError) {
        let sentence = "\(error.operation) \(error.subject): \(error.reason)"
        self.init(code: .system, reason: sentence, hint: error.hint)
    }
}
