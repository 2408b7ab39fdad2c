// Starting, naming and ending processes: clone, exec and the pidfd calls. Linux 5.9 or newer.
// Every function returns -1 with errno set when it fails, unless it says otherwise.
#ifndef PORTICO_CKERNEL_PROCESS_H
#define PORTICO_CKERNEL_PROCESS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Where on its way to exec a child failed.
enum portico_spawn_step {
    PORTICO_STEP_SESSION = 1,
    PORTICO_STEP_DIRECTORY = 2,
    PORTICO_STEP_DESCRIPTORS = 3,
    PORTICO_STEP_OPEN_FILES = 4,
    PORTICO_STEP_MEMORY = 5,
    PORTICO_STEP_EXEC = 6,
};

// What the child writes to the report pipe when it fails; nothing arrives when exec succeeds.
struct portico_spawn_failure {
    int32_t step;
    int32_t error;
};

struct portico_spawn_order {
    const char *path;
    char *const *argv;
    char *const *environment;
    // NULL keeps the parent's.
    const char *directory;
    // Becomes descriptors 1 and 2. Descriptor 0 is /dev/null.
    int output;
    // Becomes descriptor 3; -1 for none. Everything above is closed.
    int channel;
    // Soft and hard limits; 0 keeps the parent's.
    uint64_t open_files_max;
    uint64_t memory_bytes_max;
    // The soft limit where `open_files_max` is 0; 0 keeps the parent's.
    uint64_t open_files_soft;
};

struct portico_spawned {
    pid_t pid;
    int pidfd;
    // Close-on-exec in the child: reads a failure, or the end once exec succeeded.
    int report;
};

// Starts a child in a session of its own, with default signal dispositions and an empty signal mask.
int portico_spawn(const struct portico_spawn_order *order, struct portico_spawned *spawned);

int portico_pidfd_open(pid_t pid);
int portico_pidfd_signal(int pidfd, int signal);

// How a child ended, without blocking: `*pid` is 0 when it runs still. `*code` and `*is_signal` are set otherwise.
// It stays a zombie unless `reap` is set.
int portico_wait_pidfd(int pidfd, int reap, pid_t *pid, int *code, int *is_signal);

// The pid of any child that has ended and was not reaped, 0 for none, without reaping it. No child at all: 0.
pid_t portico_peek_ended_child(void);

// Reaps the ended child `pid`.
int portico_reap(pid_t pid);

// Makes orphans among this process's descendants its children.
int portico_become_subreaper(void);

// Raises this process's soft limit on open files to its hard limit. Returns the soft limit it had, 0 when that failed.
uint64_t portico_raise_open_files(void);

// The calling thread, as the system calls it.
pid_t portico_thread(void);

// The processors that a thread may run on, in ascending order. Returns how many they are; `room` of them are told.
int portico_processors(pid_t thread, int32_t *processors, int room);

// Lets a thread run on these processors alone. It may be one of another thread of this process.
int portico_confine(pid_t thread, const int32_t *processors, int count);

// Names the calling thread (15 bytes are kept). On the main thread it is the process's name in `ps` and `top`.
void portico_name_thread(const char *name);

#endif
