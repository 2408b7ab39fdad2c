// A child of the driver: the front door it starts. In a process group of its own, so that a terminal's Ctrl-C reaches
// the driver alone, which then stops the front door in order.

import Glibc

/// A process that was spawned and not yet reaped. Confined to one thread.
final class ChildProcess {
    struct Failure: Error {
        var message: String
    }

    let pid: pid_t
    private(set) var exitStatus: CInt?

    /// Starts `words` with standard input from /dev/null and both outputs to `logFile`.
    init(_ words: [String], environment: [String: String], logFile: String) throws(Failure) {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        // What the driver ignores or catches is not the child's business.
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, CShort(flags))

        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, words[0], &actions, &attributes, &arguments, &variables)
        guard code == 0 else {
            throw Failure(message: "\(words[0]) can't be started: \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    /// Whether it still runs; reaps it when it has ended.
    var isRunning: Bool {
        guard exitStatus == nil else { return false }
        var status: CInt = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return true }
        exitStatus = status
        return false
    }

    /// Waits at most that long for the end.
    func waitForEnd(nanoseconds: Int64) -> Bool {
        let deadline = DriverClock.now + nanoseconds
        while isRunning {
            guard DriverClock.now < deadline else { return false }
            DriverClock.sleep(nanoseconds: 10_000_000)
        }
        return true
    }

    func signal(_ number: CInt, group: Bool = false) {
        guard exitStatus == nil else { return }
        kill(group ? -pid : pid, number)
    }

    /// `exit code 1`, `signal 9`.
    var ending: String {
        guard let status = exitStatus else { return "still running" }
        return status & 0x7f == 0 ? "exit code \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
    }
}
