// See process.h. Between clone and exec the child calls only system calls and async-signal-safe functions: the parent
// may have threads, and their locks are copied in whatever state they were.
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Numbers that no child uses while its own 0…4 are put in place.
#define CLEAR_OF_STANDARD 16

struct sources {
    int input;
    int output;
    int channel;
    int report;
};

static void fail(int report, enum portico_spawn_step step) {
    struct portico_spawn_failure failure = {.step = step, .error = errno};
    ssize_t written = write(report, &failure, sizeof failure);
    (void)written;
    _exit(127);
}

// Only the privileged raise a hard limit: the error tells an operator more than silence would.
static int limit(int resource, uint64_t most) {
    if (most == 0) return 0;
    struct rlimit wanted = {.rlim_cur = most, .rlim_max = most};
    return setrlimit(resource, &wanted);
}

static int limit_softly(int resource, uint64_t most) {
    if (most == 0) return 0;
    struct rlimit wanted;
    if (getrlimit(resource, &wanted) != 0) return -1;
    wanted.rlim_cur = most < wanted.rlim_max ? most : wanted.rlim_max;
    return setrlimit(resource, &wanted);
}

// Puts 0, 1, 2, the channel (3) and the report (4, or 3 without a channel) in place and closes all the rest.
static int arrange(struct sources from) {
    if (dup2(from.input, 0) < 0 || dup2(from.output, 1) < 0 || dup2(from.output, 2) < 0) return -1;
    int next = 3;
    if (from.channel >= 0 && dup2(from.channel, next++) < 0) return -1;
    if (dup3(from.report, next, O_CLOEXEC) < 0) return -1;
    if (syscall(SYS_close_range, (unsigned)next + 1, ~0U, 0) != 0) return -1;
    return next;
}

__attribute__((noreturn)) static void become(const struct portico_spawn_order *order, struct sources from) {
    // The bare call, because glibc keeps signals 32 and 33 to itself. All zeros mean SIG_DFL in every layout.
    static const unsigned long standard[8];
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, standard, NULL, NSIG / 8);

    int report = from.report;
    if (setsid() < 0) fail(report, PORTICO_STEP_SESSION);
    if (order->directory != NULL && chdir(order->directory) != 0) fail(report, PORTICO_STEP_DIRECTORY);
    int arranged = arrange(from);
    if (arranged < 0) fail(report, PORTICO_STEP_DESCRIPTORS);
    report = arranged;
    if (limit_softly(RLIMIT_NOFILE, order->open_files_soft) != 0) fail(report, PORTICO_STEP_OPEN_FILES);
    if (limit(RLIMIT_NOFILE, order->open_files_max) != 0) fail(report, PORTICO_STEP_OPEN_FILES);
    if (limit(RLIMIT_AS, order->memory_bytes_max) != 0) fail(report, PORTICO_STEP_MEMORY);

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(order->path, order->argv, order->environment);
    fail(report, PORTICO_STEP_EXEC);
    _exit(127);
}

static int clear(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, CLEAR_OF_STANDARD); }

static void close_all(struct sources sources) {
    if (sources.input >= 0) close(sources.input);
    if (sources.output >= 0) close(sources.output);
    if (sources.channel >= 0) close(sources.channel);
    if (sources.report >= 0) close(sources.report);
}

int portico_spawn(const struct portico_spawn_order *order, struct portico_spawned *spawned) {
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) return -1;
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        int error = errno;
        close(null);
        errno = error;
        return -1;
    }
    struct sources from = {
        .input = clear(null),
        .output = clear(order->output),
        .channel = order->channel >= 0 ? clear(order->channel) : -1,
        .report = clear(pipe_ends[1]),
    };
    int error = errno;
    close(pipe_ends[1]);
    close(null);

    long pid = -1;
    if (from.input >= 0 && from.output >= 0 && from.report >= 0 && (order->channel < 0 || from.channel >= 0)) {
        // No handler of the parent's may run in the child before its dispositions are reset.
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int pidfd = -1;
        pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, NULL);
        if (pid == 0) become(order, from);
        error = errno;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        *spawned = (struct portico_spawned){.pid = (pid_t)pid, .pidfd = pidfd, .report = pipe_ends[0]};
    }
    close_all(from);
    if (pid < 0) {
        close(pipe_ends[0]);
        errno = error;
        return -1;
    }
    return 0;
}

int portico_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int portico_pidfd_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

// The number of P_PIDFD; glibc 2.36 has it only as an enumerator that older headers lack.
#define WAIT_PIDFD 3

int portico_wait_pidfd(int pidfd, int reap, pid_t *pid, int *code, int *is_signal) {
    siginfo_t how;
    memset(&how, 0, sizeof how);
    int options = WEXITED | WNOHANG | (reap ? 0 : WNOWAIT);
    if (waitid((idtype_t)WAIT_PIDFD, (id_t)pidfd, &how, options) != 0) return -1;
    *pid = how.si_pid;
    *code = how.si_status;
    *is_signal = how.si_code == CLD_KILLED || how.si_code == CLD_DUMPED;
    return 0;
}

pid_t portico_peek_ended_child(void) {
    siginfo_t how;
    memset(&how, 0, sizeof how);
    if (waitid(P_ALL, 0, &how, WEXITED | WNOHANG | WNOWAIT) != 0) return 0;
    return how.si_pid;
}

int portico_reap(pid_t pid) {
    siginfo_t how;
    return waitid(P_PID, (id_t)pid, &how, WEXITED | WNOHANG);
}

int portico_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

pid_t portico_thread(void) { return gettid(); }

int portico_processors(pid_t thread, int32_t *processors, int room) {
    cpu_set_t set;
    int count = 0;
    if (sched_getaffinity(thread, sizeof set, &set) != 0) return -1;
    for (int processor = 0; processor < CPU_SETSIZE; processor++) {
        if (!CPU_ISSET(processor, &set)) continue;
        if (count < room) processors[count] = processor;
        count++;
    }
    return count;
}

int portico_confine(pid_t thread, const int32_t *processors, int count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int index = 0; index < count; index++) {
        if (processors[index] < 0 || processors[index] >= CPU_SETSIZE) return errno = EINVAL, -1;
        CPU_SET(processors[index], &set);
    }
    return sched_setaffinity(thread, sizeof set, &set);
}

void portico_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

uint64_t portico_raise_open_files(void) {
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) != 0) return 0;
    struct rlimit wanted = {.rlim_cur = now.rlim_max, .rlim_max = now.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &wanted) == 0 ? now.rlim_cur : 0;
}
