// See descriptors.h. Plain wrappers: one call each, no policy.
#define _GNU_SOURCE
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t portico_send_packet(int socket, const void *bytes, size_t length, const int *descriptors, size_t count) {
    if (count > PORTICO_DESCRIPTORS_MAX) {
        errno = EINVAL;
        return -1;
    }
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int) * PORTICO_DESCRIPTORS_MAX)];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(head), descriptors, sizeof(int) * count);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t portico_receive_packet(int socket, void *bytes, size_t length, int *descriptors, size_t *count) {
    struct iovec part = {.iov_base = bytes, .iov_len = length};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int) * PORTICO_DESCRIPTORS_MAX)];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    *count = 0;
    ssize_t received;
    do {
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (received < 0 && errno == EINTR);
    if (received < 0) return -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        // One SCM_RIGHTS block per packet, as large as `control` at most: it can't overflow `descriptors`.
        *count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(descriptors, CMSG_DATA(head), *count * sizeof(int));
    }
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        for (size_t index = 0; index < *count; index++) close(descriptors[index]);
        *count = 0;
        errno = EMSGSIZE;
        return -1;
    }
    return received;
}

int portico_punch_head(int file, int64_t length) {
    return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, length);
}

int portico_duplicate_at_least(int descriptor, int lowest) { return fcntl(descriptor, F_DUPFD_CLOEXEC, lowest); }

int portico_signal_descriptor(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t index = 0; index < count; index++) sigaddset(&set, signals[index]);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int portico_next_signal(int signal_descriptor) {
    struct signalfd_siginfo which;
    ssize_t length;
    do {
        length = read(signal_descriptor, &which, sizeof which);
    } while (length < 0 && errno == EINTR);
    return length == sizeof which ? (int)which.ssi_signo : 0;
}

int portico_wake_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void portico_wake(int wake_descriptor) {
    uint64_t one = 1;
    // EAGAIN means that it is awake already.
    ssize_t written = write(wake_descriptor, &one, sizeof one);
    (void)written;
}

void portico_clear_wake(int wake_descriptor) {
    uint64_t count;
    ssize_t length = read(wake_descriptor, &count, sizeof count);
    (void)length;
}
