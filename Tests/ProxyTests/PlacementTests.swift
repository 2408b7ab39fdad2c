// Where workers run: on a processor each while none is idle.

import Glibc
import Kernel
import Testing

@testable import Proxy

@Suite struct PlacementTests {
    /// What `look` says after each of a row of half seconds, told by the share of idle time.
    private static func story(_ shares: [Int?]) -> [Bool] {
        var placement = WorkerPlacement()
        var times = Processors.Times(all: 1000, idle: 500)
        placement.look(times)
        return shares.map { share in
            times.all += 100
            times.idle += share ?? 0
            placement.look(share == nil ? nil : times)
            return placement.stays
        }
    }

    @Test func `workers stay when nothing is idle, and go when clearly more is`() {
        let expected = [false, false, true, true, true, false, false, false, true]
        #expect(Self.story([50, 5, 4, 5, 15, 16, 10, 5, 0]) == expected)
    }

    @Test func `workers are left alone when nothing is known`() {
        #expect(Self.story([0, nil]) == [true, false])
        #expect(Self.story([nil, nil]) == [false, false])
        var placement = WorkerPlacement()
        // A sandbox may tell the same at every look, or that time goes back.
        for times in [(0, 0), (0, 0), (100, 0), (50, 0), (50, 0)] {
            #expect(!placement.stays || times == (50, 0))
            placement.look(Processors.Times(all: times.0, idle: times.1))
        }
    }

    @Test func `each gets one of its own if there are enough and not more`() {
        var placement = WorkerPlacement()
        #expect(placement.processors(workers: 2, allowed: [4, 7]) == [[4, 7], [4, 7]])
        placement.look(Processors.Times(all: 0, idle: 0))
        placement.look(Processors.Times(all: 100, idle: 0))
        #expect(placement.processors(workers: 2, allowed: [4, 7]) == [[4], [7]])
        #expect(placement.processors(workers: 2, allowed: [4, 7, 9]) == [[4, 7, 9], [4, 7, 9]])
        #expect(placement.processors(workers: 2, allowed: [4]) == [[4], [4]])
        #expect(placement.processors(workers: 1, allowed: [4]) == [[4]])
        #expect(placement.processors(workers: 0, allowed: []) == [])
    }

    @Test func `the threads of a gateway are placed, and let go, and serve all the while`() throws {
        let allowed = Processors.allowed
        let origin = Origin(answering: "ok")
        let plane = try Plane([origin.port], workers: allowed.count)
        let before = Self.confined
        plane.gateway.placeWorkers(Processors.Times(all: 1000, idle: 500))
        #expect(Self.confined == before)
        plane.gateway.placeWorkers(Processors.Times(all: 1100, idle: 500))
        #expect(Self.confined == (allowed.count > 1 ? before + allowed.map { "\($0)" } : before).sorted())
        #expect(plane.get().body == "ok")
        plane.gateway.placeWorkers(Processors.Times(all: 1200, idle: 600))
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
