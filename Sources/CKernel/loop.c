// What of loop.h needs headers or names that must not be in it: Swift would find them in two modules.

#define _GNU_SOURCE
#include "include/loop.h"

#include <fcntl.h>
#include <sys/ioctl.h>

int loop_unacknowledged(int descriptor) {
    int bytes = 0;
    return ioctl(descriptor, TIOCOUTQ, &bytes) < 0 ? 0 : bytes;
}

int loop_pipe_open(int ends[2], int bytes) {
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) return -errno;
    // A user who has many pipes gets no larger ones: then what it has must do.
    int size = fcntl(ends[0], F_SETPIPE_SZ, bytes);
    return size < 0 ? fcntl(ends[0], F_GETPIPE_SZ) : size;
}

long loop_splice(int from, int to, size_t count) {
    long result = splice(from, 0, to, 0, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    return result < 0 ? -errno : result;
}
