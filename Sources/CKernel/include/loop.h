// The few calls of the event loop, each returning its result or minus errno, so that Swift never reads `errno`.
// Header-only. Not for processes and descriptors in general: see process.h.

#ifndef PORTICO_LOOP_H
#define PORTICO_LOOP_H

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// Declared here, because glibc shows it only with _GNU_SOURCE, and a module that sets that no longer agrees with
// Swift's `Glibc` about types like fd_set.
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

/// One readiness report: epoll's event mask, and the slot and generation given at registration.
struct loop_report {
    uint32_t mask;
    uint32_t index;
    uint32_t generation;
};

enum {
    loop_mask_readable = EPOLLIN,
    loop_mask_writable = EPOLLOUT,
    loop_mask_peer_done = EPOLLRDHUP,
    loop_mask_hangup = EPOLLHUP,
    loop_mask_error = EPOLLERR,
    loop_reports_max = 256,
    loop_pieces_max = 64,
};

static inline int loop_open(void) {
    int result = epoll_create1(EPOLL_CLOEXEC);
    return result < 0 ? -errno : result;
}

/// Edge-triggered for what a connection receives and, with `room`, for room to send.
static inline int loop_register(int loop, int descriptor, uint32_t index, uint32_t generation, int room) {
    struct epoll_event event;
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (room ? EPOLLOUT : 0);
    event.data.u64 = (uint64_t)generation << 32 | index;
    return epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

/// From here on for room too. What is true already is reported again.
static inline int loop_watch_room(int loop, int descriptor, uint32_t index, uint32_t generation) {
    struct epoll_event event;
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = (uint64_t)generation << 32 | index;
    return epoll_ctl(loop, EPOLL_CTL_MOD, descriptor, &event) < 0 ? -errno : 0;
}

/// Level-triggered readability: listeners and the wake-up descriptor.
static inline int loop_register_readable(int loop, int descriptor, uint32_t index, uint32_t generation) {
    struct epoll_event event;
    event.events = EPOLLIN;
    event.data.u64 = (uint64_t)generation << 32 | index;
    return epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

static inline int loop_unregister(int loop, int descriptor) {
    return epoll_ctl(loop, EPOLL_CTL_DEL, descriptor, 0) < 0 ? -errno : 0;
}

/// Waits at most `milliseconds` (-1: without end) and fills `reports`, which holds `loop_reports_max`.
static inline int loop_wait(int loop, struct loop_report *reports, int milliseconds) {
    struct epoll_event events[loop_reports_max];
    int count = epoll_wait(loop, events, loop_reports_max, milliseconds);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        reports[i].mask = events[i].events;
        reports[i].index = (uint32_t)events[i].data.u64;
        reports[i].generation = (uint32_t)(events[i].data.u64 >> 32);
    }
    return count;
}

static inline int64_t loop_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t loop_wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int loop_accept(int listener, struct sockaddr_storage *peer) {
    socklen_t length = sizeof *peer;
    peer->ss_family = AF_UNSPEC;
    int result = accept4(listener, (struct sockaddr *)peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return result < 0 ? -errno : result;
}

/// Bytes that the system took and the peer has not acknowledged; 0 where it can't tell.
int loop_unacknowledged(int descriptor);

static inline int loop_local_address(int descriptor, struct sockaddr_storage *local) {
    socklen_t length = sizeof *local;
    return getsockname(descriptor, (struct sockaddr *)local, &length) < 0 ? -errno : 0;
}

/// Without delay for small writes. Accepted connections inherit it from their listener (tcp(7)).
static inline int loop_no_delay(int descriptor) {
    int yes = 1;
    return setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0 ? -errno : 0;
}

static inline int loop_socket(int family) {
    int result = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (result < 0) return -errno;
    if (family != AF_UNIX) loop_no_delay(result);
    return result;
}

/// 0 when connected at once, -EINPROGRESS when the outcome will be reported.
static inline int loop_connect(int descriptor, const void *address, uint32_t length) {
    return connect(descriptor, (const struct sockaddr *)address, (socklen_t)length) < 0 ? -errno : 0;
}

static inline int loop_pending_error(int descriptor) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return errno;
    return error;
}

static inline long loop_receive(int descriptor, void *bytes, size_t count) {
    long result = recv(descriptor, bytes, count, MSG_DONTWAIT);
    return result < 0 ? -errno : result;
}

/// 1 when a read would give bytes, the end or an error; 0 when it would have to wait.
static inline int loop_has_input(int descriptor) {
    char byte;
    long result = recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return !(result < 0 && (errno == EAGAIN || errno == EINTR));
}

/// `more`: MSG_MORE, for bytes that leave with what follows, or with the end.
static inline long loop_send(int descriptor, const void *bytes, size_t count, int more) {
    long result = send(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
    return result < 0 ? -errno : result;
}

static inline long loop_send_pieces(int descriptor, struct iovec *pieces, int count, int more) {
    struct msghdr message = {0};
    message.msg_iov = pieces;
    message.msg_iovlen = (size_t)count;
    long result = sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
    return result < 0 ? -errno : result;
}

/// A non-blocking pipe into `ends` (out, in); returns how many bytes it holds, as near to `bytes` as the system allows.
int loop_pipe_open(int ends[2], int bytes);

/// Moves at most `count` bytes from a socket into an empty pipe, or from a pipe into a socket, without a copy.
/// A peer that is gone raises SIGPIPE unless the process ignores it.
long loop_splice(int from, int to, size_t count);

static inline long loop_read(int descriptor, void *bytes, size_t count) {
    long result = read(descriptor, bytes, count);
    return result < 0 ? -errno : result;
}

static inline int loop_shutdown_sending(int descriptor) {
    return shutdown(descriptor, SHUT_WR) < 0 ? -errno : 0;
}

/// Ends both directions at once.
static inline void loop_shutdown(int descriptor) { shutdown(descriptor, SHUT_RDWR); }

/// 0 for a listening socket.
static inline int loop_listens(int descriptor) {
    int listens = 0;
    socklen_t length = sizeof listens;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0) return -errno;
    return listens ? 0 : -EINVAL;
}

static inline void loop_close(int descriptor) { close(descriptor); }

/// The next close sends a reset instead of a regular end: the peer can't take what it got for the whole.
static inline void loop_reset_when_closed(int descriptor) {
    struct linger linger = {1, 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static inline int loop_wakeup_open(void) {
    int result = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return result < 0 ? -errno : result;
}

static inline void loop_wakeup_ring(int descriptor) {
    uint64_t one = 1;
    long written = write(descriptor, &one, sizeof one);
    (void)written; // A full counter has rung already.
}

static inline void loop_wakeup_clear(int descriptor) {
    uint64_t count;
    long got = read(descriptor, &count, sizeof count);
    (void)got; // Nothing to read: somebody else's ring was cleared with ours.
}

#endif
