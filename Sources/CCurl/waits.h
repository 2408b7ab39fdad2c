// What the driver waits for besides sockets: the next request that is due, to the nanosecond where libcurl counts
// milliseconds, and the end of a process that is not its child. Header-only; -1 with errno set when a call fails.

#ifndef PORTICO_CCURL_WAITS_H
#define PORTICO_CCURL_WAITS_H

#include <stdint.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

// A descriptor that becomes readable at the instants set below. Non-blocking.
static inline int driver_timer(void) {
    return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

// Readable from that instant of the monotonic clock on, until it is set again; an instant in the past is due at once.
static inline int driver_timer_set(int timer, int64_t nanoseconds) {
    struct itimerspec due = {{0, 0}, {nanoseconds / 1000000000, nanoseconds % 1000000000}};
    if (nanoseconds <= 0) due.it_value.tv_nsec = 1;
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &due, 0);
}

// A descriptor that becomes readable when every thread of the process has ended, its descriptors closed (pidfd_open(2)).
static inline int driver_process(int pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

#endif
