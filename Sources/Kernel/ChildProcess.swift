// Starts a program in a session of its own and says precisely why it could not.

import CKernel
import Glibc
import Vocabulary

/// A program to start.
package struct ProcessOrder: Sendable {
    /// The file to execute; `nil` takes the one that `argv[0]` names (see `ProgramSearch`).
    package var program: String?
    /// The program and its arguments.
    package var argv: [String]
    /// Complete: nothing is inherited.
    package var environment: [String: String]
    /// `nil` keeps ours.
    package var workingDirectory: String?
    /// Becomes stdout and stderr; stdin is `/dev/null`. Stays the caller's.
    package var output: CInt
    /// Becomes descriptor 3. Every other descriptor is closed. Stays the caller's.
    package var channel: CInt?
    /// `RLIMIT_NOFILE` and `RLIMIT_AS`, soft and hard; `nil` keeps ours.
    package var openFilesMax: Int?
    package var memory: ByteCount?
    /// The soft `RLIMIT_NOFILE` where `openFilesMax` is `nil`; `nil` keeps ours.
    package var openFilesSoft: Int?

    package init(
        program: String? = nil, argv: [String], environment: [String: String], workingDirectory: String? = nil,
        output: CInt,
        channel: CInt? = nil, openFilesMax: Int? = nil, memory: ByteCount? = nil, openFilesSoft: Int? = nil
    ) {
        self.program = program
        self.argv = argv
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.output = output
        self.channel = channel
        self.openFilesMax = openFilesMax
        self.memory = memory
        self.openFilesSoft = openFilesSoft
    }
}

/// A process in a session and process group of its own: our child, or one adopted from an earlier parent.
package struct ChildProcess: ~Copyable, Sendable {
    package let identity: ProcessIdentity
    package let descriptor: ProcessDescriptor

    /// The number under which a child finds `ProcessOrder.channel`.
    package static let channelNumber: CInt = 3

    /// Starts the program and returns once it runs. Signal dispositions are the default ones and no signal is blocked.
    ///
    /// Throws with the step that failed and its subject: the directory, the limit, the file. Waits for `exec` for 5 s
    /// at most (a dead network file system can hold it up), then kills the child and throws `ETIMEDOUT`.
    package init(starting order: ProcessOrder) throws(SystemError) {
        let path = try ProgramSearch.find(
            order.program ?? order.argv.first ?? "", path: order.environment["PATH"], from: order.workingDirectory)
        try Self.check(order)
        var spawned = portico_spawned()
        let result = Self.withPointers(order, path: path) { pointer in portico_spawn(pointer, &spawned) }
        guard result == 0 else {
            throw SystemError(
                operation: "start", subject: path,
                hint: "the limits on processes (ulimit -u) and open files (ulimit -n) may be reached")
        }
        let descriptor = ProcessDescriptor(OwnedDescriptor(spawned.pidfd))
        let report = OwnedDescriptor(spawned.report)
        if let failure = Self.failure(from: report, order: order, path: path) {
            Self.abandon(descriptor)
            throw failure
        }
        // The child can't have been reaped yet, so that its pid is still its own.
        guard let identity = try ProcessIdentity.current(of: spawned.pid) else {
            throw SystemError(errno: ESRCH, operation: "find", subject: "process \(spawned.pid)")
        }
        self.identity = identity
        self.descriptor = descriptor
    }

    /// Takes charge of a process that somebody else started, if it still is the one that `identity` names; `nil` when
    /// that one has ended. The pidfd is opened first and the start time compared then, so that no other process can
    /// come between. It is not our child: how it ends can't be learnt.
    package init?(adopting identity: ProcessIdentity) throws(SystemError) {
        guard identity.pid > 1, let descriptor = try ProcessDescriptor(opening: identity.pid),
            try ProcessIdentity.current(of: identity.pid) == identity
        else { return nil }
        self.identity = identity
        self.descriptor = descriptor
    }

    /// Sends a signal to the whole process group. Only while the child is not reaped: its zombie keeps the group's
    /// number from being reused. `false` when no process of the group is left.
    package borrowing func signalGroup(_ signal: CInt) throws(SystemError) -> Bool {
        try ProcessGroup.signal(identity.pid, signal)
    }

    /// The pid of any child of this process that has ended and is not reaped; `nil` when there is none. It stays.
    package static func peekEnded() -> Int32? {
        let pid = portico_peek_ended_child()
        return pid > 0 ? pid : nil
    }

    /// Reaps an ended child that nobody else looks after.
    package static func reap(_ pid: Int32) {
        _ = portico_reap(pid)
    }

    /// From now on, orphans among the descendants of this process become its children.
    package static func adoptOrphans() throws(SystemError) {
        guard portico_become_subreaper() == 0 else {
            throw SystemError(operation: "become", subject: "the parent of orphans")
        }
    }

    /// Allows this process, and children it starts from now on, as many open files as the hard limit does. Returns the
    /// soft limit there was: what a program is used to find (one that uses `select` breaks above 1024). `nil` when
    /// nothing could be changed.
    package static func raiseOpenFiles() -> Int? {
        let before = portico_raise_open_files()
        return before == 0 ? nil : Int(clamping: before)
    }

    private static func check(_ order: ProcessOrder) throws(SystemError) {
        for text in order.argv where text.utf8.contains(0) {
            throw SystemError(errno: EINVAL, operation: "exec", subject: "an argument with a zero byte")
        }
        for (name, value) in order.environment {
            guard !name.isEmpty, !name.utf8.contains(0), !name.contains("="), !value.utf8.contains(0) else {
                throw SystemError(errno: EINVAL, operation: "exec", subject: "environment variable \(name)")
            }
        }
    }

    private static func withPointers(
        _ order: ProcessOrder, path: String, _ body: (UnsafePointer<portico_spawn_order>) -> CInt
    ) -> CInt {
        let variables = order.environment.map { "\($0.key)=\($0.value)" }.sorted()
        var argv = order.argv.map { strdup($0) } + [nil]
        var environment = variables.map { strdup($0) } + [nil]
        let directory = order.workingDirectory.map { strdup($0) } ?? nil
        defer {
            argv.forEach { free($0) }
            environment.forEach { free($0) }
            free(directory)
        }
        return path.withCString { path in
            argv.withUnsafeMutableBufferPointer { argv in
                environment.withUnsafeMutableBufferPointer { environment in
                    var form = portico_spawn_order()
                    form.path = path
                    form.argv = UnsafePointer(argv.baseAddress)
                    form.environment = UnsafePointer(environment.baseAddress)
                    form.directory = UnsafePointer(directory)
                    form.output = order.output
                    form.channel = order.channel ?? -1
                    form.open_files_max = UInt64(max(0, order.openFilesMax ?? 0))
                    form.open_files_soft = order.openFilesMax == nil ? UInt64(max(0, order.openFilesSoft ?? 0)) : 0
                    form.memory_bytes_max = UInt64(order.memory?.bytes ?? 0)
                    return body(&form)
                }
            }
        }
    }

    /// Waits for the end of the report pipe, which `exec` closes, or for the failure that comes through it.
    private static func failure(
        from report: borrowing OwnedDescriptor, order: ProcessOrder, path: String
    ) -> SystemError? {
        let deadline = MonotonicClock.now + KernelLimits.execWait
        var failure = portico_spawn_failure()
        while true {
            let left = deadline - MonotonicClock.now
            var entry = pollfd(fd: report.number, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, CInt(max(0, left.nanoseconds / 1_000_000 + 1)))
            if ready < 0 && errno == EINTR { continue }
            guard ready == 1 else {
                return SystemError(
                    errno: ETIMEDOUT, operation: "exec", subject: path,
                    reason: "the program did not start within \(KernelLimits.execWait)",
                    hint: "its file or its directory \(order.workingDirectory ?? "") may be on a file system that hangs"
                )
            }
            let length = read(report.number, &failure, MemoryLayout<portico_spawn_failure>.size)
            if length < 0 && errno == EINTR { continue }
            guard length == MemoryLayout<portico_spawn_failure>.size else { return nil }
            return describe(failure, order: order, path: path)
        }
    }

    private static func describe(
        _ failure: portico_spawn_failure, order: ProcessOrder, path: String
    ) -> SystemError {
        let number = failure.error
        switch UInt32(bitPattern: failure.step) {
        case PORTICO_STEP_SESSION.rawValue:
            return SystemError(errno: number, operation: "setsid", subject: path)
        case PORTICO_STEP_DIRECTORY.rawValue:
            return SystemError(
                errno: number, operation: "change directory to", subject: order.workingDirectory ?? "",
                hint: "the working directory must exist and be open to the front door's user")
        case PORTICO_STEP_DESCRIPTORS.rawValue:
            return SystemError(errno: number, operation: "arrange descriptors of", subject: path)
        case PORTICO_STEP_OPEN_FILES.rawValue:
            return SystemError(
                errno: number, operation: "limit open files of", subject: path,
                hint: "\(order.openFilesMax ?? 0) is above this user's hard limit (ulimit -Hn)")
        case PORTICO_STEP_MEMORY.rawValue:
            return SystemError(
                errno: number, operation: "limit memory of", subject: path,
                hint: "\(order.memory ?? ByteCount(0)) is above this user's hard limit (ulimit -Hv)")
        default:
            return SystemError(errno: number, operation: "exec", subject: path, hint: execHint(number, order, path))
        }
    }

    private static func execHint(_ number: CInt, _ order: ProcessOrder, _ path: String) -> String? {
        switch number {
        case ENOENT:
            "there is no such file as seen from \(order.workingDirectory ?? "here"), or the program named in its first"
                + " line (#!) does not exist"
        case EACCES: "make it executable: chmod +x \(path)"
        case ENOEXEC: "it is neither a program nor a script with a first line such as #!/bin/sh"
        case ENOMEM: "the memory limit may be too small to start it"
        case E2BIG: "arguments and environment are too long"
        default: nil
        }
    }

    /// Ends a child that never became its program.
    private static func abandon(_ descriptor: borrowing ProcessDescriptor) {
        _ = try? descriptor.signal(SIGKILL)
        var entry = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        // One that hangs in the kernel is reaped later, with the orphans.
        _ = poll(&entry, 1, 1000)
        _ = try? descriptor.ending(isReaped: true)
    }
}
