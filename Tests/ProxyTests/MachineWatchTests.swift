// Where workers run: on a processor each while none is idle.

import Glibc
import Kernel
import Testing

@testable import Proxy

@Suite struct MachineWatchTests {
    /// What `look` says after each of a row of quarter seconds, told by the share of idle time.
    private static func story(_ shares: [Int?]) -> [Bool] {
        var watch = MachineWatch()
        var times = Processors.Times(all: 1000, idle: 500)
        watch.look(times, processors: 2)
        return shares.map { share in
            times.all += 100
            times.idle += share ?? 0
            watch.look(share == nil ? nil : times, processors: 2)
            return watch.isBusy
        }
    }

    @Test func `a machine is busy when nothing is idle, until clearly more is`() {
        let expected = [false, false, true, true, true, false, false, false, true]
        #expect(Self.story([50, 5, 4, 5, 15, 16, 10, 5, 0]) == expected)
    }

    @Test func `a machine of which nothing is known is not busy`() {
        #expect(Self.story([0, nil]) == [true, false])
        #expect(Self.story([nil, nil]) == [false, false])
        var watch = MachineWatch()
        // A sandbox may tell the same at every look, or that time goes back.
        for times in [(0, 0), (0, 0), (100, 0), (50, 0), (50, 0)] {
            #expect(!watch.isBusy || times == (50, 0))
            watch.look(Processors.Times(all: times.0, idle: times.1), processors: 2)
        }
    }

    @Test func `each worker gets a processor of its own if there are enough and not more`() {
        var watch = MachineWatch()
        #expect(watch.processors(workers: 2, allowed: [4, 7]) == [[4, 7], [4, 7]])
        watch.look(Processors.Times(all: 0, idle: 0), processors: 2)
        watch.look(Processors.Times(all: 100, idle: 0), processors: 2)
        #expect(watch.processors(workers: 2, allowed: [4, 7]) == [[4], [7]])
        #expect(watch.processors(workers: 2, allowed: [4, 7, 9]) == [[4, 7, 9], [4, 7, 9]])
        #expect(watch.processors(workers: 2, allowed: [4]) == [[4], [4]])
        #expect(watch.processors(workers: 1, allowed: [4]) == [[4]])
        #expect(watch.processors(workers: 0, allowed: []) == [])
    }

    @Test func `an idle processor is one however many there are`() {
        var watch = MachineWatch()
        watch.look(Processors.Times(all: 0, idle: 0), processors: 64)
        watch.look(Processors.Times(all: 6400, idle: 100), processors: 64)
        #expect(!watch.isBusy)
        watch.look(Processors.Times(all: 12_800, idle: 105), processors: 64)
        #expect(watch.isBusy)
        watch.look(Processors.Times(all: 19_200, idle: 140), processors: 64)
        #expect(!watch.isBusy)
    }

    // With one processor every thread has one; a gateway has no more than 64 workers.
    @Test(.enabled(if: (2...64).contains(Processors.allowed.count)))
    func `the threads of a gateway are placed, and let go, and serve all the while`() throws {
        let allowed = Processors.allowed
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port], workers: allowed.count)
        let before = Self.confined
        plane.gateway.watchMachine(Processors.Times(all: 1000, idle: 500))
        #expect(Self.confined == before)
        plane.gateway.watchMachine(Processors.Times(all: 1100, idle: 500))
        #expect(Self.confined == (before + allowed.map { "\($0)" }).sorted())
        #expect(plane.get().body == "ok")
        plane.gateway.watchMachine(Processors.Times(all: 1200, idle: 600))
        #expect(Self.confined == before)
        #expect(plane.get().body == "ok")
    }

    /// The processors of the worker threads of this process that may run on one only.
    private static var confined: [String] {
        let names = (try? Files.names(in: "/proc/self/task")) ?? []
        return names.compactMap { name -> String? in
            guard let status = try? Files.read("/proc/self/task/\(name)/status") else { return nil }
            let lines = String(decoding: status, as: UTF8.self).split(separator: "\n").map { $0.split(separator: "\t") }
            func value(_ key: String) -> Substring? { lines.first { $0.first == "\(key):" }?.last }
            guard value("Name")?.hasPrefix("portico-") == true, let list = value("Cpus_allowed_list"),
                Int(list) != nil
            else { return nil }
            return String(list)
        }.sorted()
    }
}
