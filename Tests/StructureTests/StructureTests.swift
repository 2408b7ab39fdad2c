// The shape of the repository, kept by reading it: which module may import what, and which words a kind of module
// may not use at all.

import Testing

struct StructureTests {
    private let tree: SourceTree

    init() throws {
        tree = try SourceTree.shared.get()
    }

    @Test func `the top level holds what was agreed and nothing else`() throws {
        let allowed: Set = ["Package.swift", "Sources", "Tests", "configs", "scenarios", "README.md", "LICENSE"]
        #expect(try tree.visibleTopLevel() == allowed)
    }

    @Test func `every module has a line in the table, and the table names only modules that exist`() {
        #expect(tree.modules.map(\.name) == ModuleTable.rules.map(\.name).sorted())
    }

    @Test func `the table's order allows no cycle`() {
        var above = ModuleTable.cModules
        for rule in ModuleTable.rules {
            let below = rule.own.subtracting(above)
            #expect(below.isEmpty, "\(rule.name) imports \(below.sorted()), which stand below it")
            above.insert(rule.name)
        }
    }

    @Test(arguments: ModuleTable.rules.map(\.name))
    func `a module imports only what its line allows`(name: String) throws {
        let rule = try #require(ModuleTable.rules.first { $0.name == name })
        for file in tree.files(of: name) {
            let extra = file.imports.subtracting(rule.own).subtracting(rule.others)
            #expect(extra.isEmpty, "\(file.path) imports \(extra.sorted())")
        }
    }

    @Test func `the driver does not share the parser it checks`() {
        for file in tree.files(of: "Verification") {
            #expect(!file.imports.contains("HTTPWire"), "\(file.path)")
            #expect(!file.imports.contains("Proxy"), "\(file.path)")
        }
    }

    @Test func `the applications know nothing of us`() {
        let ours = Set(ModuleTable.rules.map(\.name)).union(ModuleTable.cModules)
        for file in tree.files(of: "samples") {
            #expect(file.imports.isDisjoint(with: ours), "\(file.path)")
        }
    }

    private static let waiting: Set = [
        "Task", "TaskGroup", "await", "async", "actor", "AsyncStream", "DispatchQueue", "DispatchSemaphore", "Mutex",
        "NSLock", "NSRecursiveLock", "NSCondition", "pthread_mutex_lock", "pthread_rwlock_rdlock",
        "pthread_rwlock_wrlock", "pthread_cond_wait", "sleep", "usleep", "nanosleep",
    ]

    /// Where a lock is allowed on the data plane, and why no request ever meets it.
    private static let locks: [String: String] = [
        "Mailbox.swift": "the one place where threads meet: orders to a loop, read once per turn when its bell rang",
        "Gateway.swift": "the control plane's face: starting, stopping and reading",
        "GaugeBoard.swift": "hands out gauges when a table is applied; the gauges themselves are atomics",
        "TicketKeyRing.swift": "taken twice per TLS handshake, which costs a thousand times more, and by its rotation",
        "TLSClientContext.swift": "the last failure for status, set once per TLS handshake with a backend",
        "TLSLibrary.swift": "the list of libraries, read when a server context is made, off the event loops",
        "WorkerBells.swift": "one worker wakes another: only while a listener is full, and for one system call",
        "WorkerThread.swift": "carries the outcome of a thread's start to the one that waits for it",
    ]

    @Test func `nothing on the data plane can wait`() {
        for rule in ModuleTable.rules where rule.kind == .dataPlane {
            for file in tree.files(of: rule.name) {
                let allowed: Set<String> = Self.locks[file.name] == nil ? [] : ["Mutex"]
                let found = file.words.intersection(Self.waiting).subtracting(allowed)
                #expect(found.isEmpty, "\(file.path) uses \(found.sorted())")
            }
        }
    }

    @Test func `pure modules neither wait nor read a clock nor draw a random number of their own`() {
        let clocksAndChance: Set = [
            "ContinuousClock", "SuspendingClock", "Date", "SystemRandomNumberGenerator", "clock_gettime", "getrandom",
            "arc4random", "Atomic",
        ]
        for rule in ModuleTable.rules where rule.kind == .pure {
            for file in tree.files(of: rule.name) {
                // The face of the admin orders is asynchronous for those who carry them out; it decides nothing.
                let face: Set<String> = file.name == "Administrator.swift" ? ["async"] : []
                let found = file.words.intersection(Self.waiting.union(clocksAndChance)).subtracting(face)
                #expect(found.isEmpty, "\(file.path) uses \(found.sorted())")
            }
        }
    }

    /// `public` has one use: Swift inlines nothing of the `package` level into other modules.
    private static let inlined = ["Sources/EventLoop/Slabs.swift"]

    @Test func `nothing is public, since nothing is a library`() {
        for module in tree.modules {
            for file in module.files where !Self.inlined.contains(file.path) {
                #expect(!file.words.contains("public"), "\(file.path)")
            }
        }
    }

    @Test func `words in comments and strings are not code`() {
        let source = ##"""
            import A // import B
            /* import C /* nested */ await */
            let text = "Task \(value("await")) \" Mutex"; let raw = #"a "Task" \#(b)"#
            let long = """
                await "quoted" Task
                """
            call()
            """##
        let file = SourceTree.File(path: "Sources/A/B.swift", text: source)
        #expect(file.imports == ["A"])
        #expect(file.words == ["import", "A", "let", "text", "raw", "long", "call"])
    }
}
