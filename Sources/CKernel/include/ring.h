// The calls of io_uring that the ring loop makes: set-up, one queue entry per order, completions. Header-only, so that
// Swift sees through them. Needs Linux 6.1; what is missing is told by `ring_open` and `ring_buffers_open`.

#ifndef PORTICO_RING_H
#define PORTICO_RING_H

#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Declared here for the reason given in loop.h.
extern long syscall(long number, ...);

struct ring {
    int descriptor;
    /// The flags that the system took.
    uint32_t flags;
    /// Of every wait.
    uint32_t enter_flags;
    uint32_t entries;
    uint32_t sq_mask;
    uint32_t cq_mask;
    uint32_t *sq_head;
    uint32_t *sq_tail;
    uint32_t *cq_head;
    uint32_t *cq_tail;
    void *entries_base;
    void *completions_base;
    /// Entries written, and entries given to the system.
    uint32_t written;
    uint32_t submitted;
    void *queues;
    size_t queues_size;
    size_t entries_size;
};

/// One ring of buffers that the system takes from when it receives.
struct ring_buffers {
    struct io_uring_buf *ring;
    char *bytes;
    uint32_t count;
    uint32_t size;
    uint16_t tail;
    uint16_t group;
};

/// What became of one order.
struct ring_completion {
    uint64_t order;
    int32_t result;
    uint32_t flags;
};

enum {
    ring_completion_has_buffer = IORING_CQE_F_BUFFER,
    ring_completion_more = IORING_CQE_F_MORE,
    ring_poll_readable = POLLIN,
    ring_poll_writable = POLLOUT,
    ring_poll_error = POLLERR,
    ring_buffer_shift = IORING_CQE_BUFFER_SHIFT,
    ring_deferred = IORING_SETUP_DEFER_TASKRUN,
    // Since Linux 6.15, later than the headers of Debian 12. Without, a loop that has nothing to do counts as waiting for
    // a disk: a machine at rest looks as if it were 100 % busy with input and output.
    ring_feature_no_iowait = 1 << 17,
    ring_enter_no_iowait = 1 << 7,
};

/// Opens a ring with room for `entries` orders per turn; the best of the modes that the system knows.
/// Returns 0 or minus errno.
static inline int ring_open(struct ring *ring, uint32_t entries) {
    static const uint32_t modes[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        IORING_SETUP_COOP_TASKRUN,
        0,
    };
    struct io_uring_params params;
    int descriptor = -1;
    for (unsigned mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
        memset(&params, 0, sizeof params);
        params.flags = modes[mode] | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;
        params.cq_entries = entries * 8;
        descriptor = (int)syscall(SYS_io_uring_setup, entries, &params);
        if (descriptor >= 0 || errno != EINVAL) break;
    }
    if (descriptor < 0) return -errno;
    const uint32_t needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;
    if ((params.features & needed) != needed) {
        close(descriptor);
        return -ENOSYS;
    }
    memset(ring, 0, sizeof *ring);
    ring->descriptor = descriptor;
    ring->flags = params.flags;
    ring->enter_flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
    if (params.features & ring_feature_no_iowait) ring->enter_flags |= ring_enter_no_iowait;
    ring->entries = params.sq_entries;
    size_t submissions = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
    size_t completions = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    ring->queues_size = submissions > completions ? submissions : completions;
    ring->entries_size = params.sq_entries * sizeof(struct io_uring_sqe);
    char *queues = (char *)mmap(0, ring->queues_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor,
                                IORING_OFF_SQ_RING);
    void *base = queues == MAP_FAILED ? MAP_FAILED
                                      : mmap(0, ring->entries_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                                             descriptor, IORING_OFF_SQES);
    if (base == MAP_FAILED) {
        int error = errno;
        if (queues != MAP_FAILED) munmap(queues, ring->queues_size);
        close(descriptor);
        return -error;
    }
    ring->queues = queues;
    ring->entries_base = base;
    ring->sq_head = (uint32_t *)(queues + params.sq_off.head);
    ring->sq_tail = (uint32_t *)(queues + params.sq_off.tail);
    ring->sq_mask = *(uint32_t *)(queues + params.sq_off.ring_mask);
    ring->cq_head = (uint32_t *)(queues + params.cq_off.head);
    ring->cq_tail = (uint32_t *)(queues + params.cq_off.tail);
    ring->cq_mask = *(uint32_t *)(queues + params.cq_off.ring_mask);
    ring->completions_base = queues + params.cq_off.cqes;
    uint32_t *array = (uint32_t *)(queues + params.sq_off.array);
    for (uint32_t i = 0; i < params.sq_entries; i++) array[i] = i;
    return 0;
}

/// Ends every order in flight.
static inline void ring_close(struct ring *ring) {
    munmap(ring->entries_base, ring->entries_size);
    munmap(ring->queues, ring->queues_size);
    close(ring->descriptor);
}

/// Submits what was written and, with `wait`, sleeps until something completes or `nanoseconds` are over (negative: no
/// end). Returns minus errno, or what the system took.
static inline int ring_enter(struct ring *ring, int wait, int64_t nanoseconds) {
    struct __kernel_timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    struct io_uring_getevents_arg extra;
    memset(&extra, 0, sizeof extra);
    if (wait && nanoseconds >= 0) extra.ts = (uint64_t)(uintptr_t)&time;
    __atomic_store_n(ring->sq_tail, ring->written, __ATOMIC_RELEASE);
    long result = syscall(SYS_io_uring_enter, ring->descriptor, ring->written - ring->submitted, wait ? 1 : 0,
                          ring->enter_flags, &extra, sizeof extra);
    int error = result < 0 ? errno : 0;
    ring->submitted = __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
    return result < 0 ? -error : (int)result;
}

/// The next free entry, cleared. Submits first when there is none.
static inline struct io_uring_sqe *ring_entry(struct ring *ring) {
    while (ring->written - ring->submitted >= ring->entries) {
        __atomic_store_n(ring->sq_tail, ring->written, __ATOMIC_RELEASE);
        // Without waiting. EBUSY and EAGAIN pass when completions are taken in, which GETEVENTS does.
        syscall(SYS_io_uring_enter, ring->descriptor, ring->written - ring->submitted, 0, IORING_ENTER_GETEVENTS, 0, 0);
        ring->submitted = __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
    }
    struct io_uring_sqe *entry = (struct io_uring_sqe *)ring->entries_base + (ring->written & ring->sq_mask);
    ring->written++;
    memset(entry, 0, sizeof *entry);
    return entry;
}

/// Once; errors are told whatever `events` asks for.
static inline void ring_poll(struct ring *ring, int descriptor, uint32_t events, uint64_t order) {
    struct io_uring_sqe *entry = ring_entry(ring);
    entry->opcode = IORING_OP_POLL_ADD;
    entry->fd = descriptor;
    entry->poll32_events = events;
    entry->user_data = order;
}

/// Receives into a buffer of `group`; `multishot`: again and again, until it says that no more will come.
static inline void ring_receive(struct ring *ring, int descriptor, uint16_t group, int multishot, uint64_t order) {
    struct io_uring_sqe *entry = ring_entry(ring);
    entry->opcode = IORING_OP_RECV;
    entry->fd = descriptor;
    entry->flags = IOSQE_BUFFER_SELECT;
    entry->buf_group = group;
    // Usually nothing has come yet: don't try first.
    entry->ioprio = IORING_RECVSEND_POLL_FIRST;
    if (multishot) entry->ioprio |= IORING_RECV_MULTISHOT;
    entry->user_data = order;
}

/// `bytes` must stay until it completes.
static inline void ring_send(struct ring *ring, int descriptor, const void *bytes, uint32_t count, uint64_t order) {
    struct io_uring_sqe *entry = ring_entry(ring);
    entry->opcode = IORING_OP_SEND;
    entry->fd = descriptor;
    entry->addr = (uint64_t)(uintptr_t)bytes;
    entry->len = count;
    entry->msg_flags = MSG_NOSIGNAL;
    entry->user_data = order;
}

/// `address` must stay until it completes.
static inline void ring_connect(struct ring *ring, int descriptor, const void *address, uint32_t length,
                                uint64_t order) {
    struct io_uring_sqe *entry = ring_entry(ring);
    entry->opcode = IORING_OP_CONNECT;
    entry->fd = descriptor;
    entry->addr = (uint64_t)(uintptr_t)address;
    entry->off = length;
    entry->user_data = order;
}

/// Tells nothing of its own, unless it found nothing to cancel.
static inline void ring_cancel(struct ring *ring, uint64_t cancelled, uint64_t order) {
    struct io_uring_sqe *entry = ring_entry(ring);
    entry->opcode = IORING_OP_ASYNC_CANCEL;
    entry->fd = -1;
    entry->addr = cancelled;
    entry->flags = IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data = order;
}

static inline void ring_close_descriptor(struct ring *ring, int descriptor, uint64_t order) {
    struct io_uring_sqe *entry = ring_entry(ring);
    entry->opcode = IORING_OP_CLOSE;
    entry->fd = descriptor;
    entry->flags = IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data = order;
}

static inline uint32_t ring_completions(struct ring *ring) {
    return __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) - *ring->cq_head;
}

/// Whether a completion of `order` waits to be taken.
static inline int ring_has_completed(struct ring *ring, uint64_t order) {
    const struct io_uring_cqe *completions = (struct io_uring_cqe *)ring->completions_base;
    uint32_t tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
    for (uint32_t head = *ring->cq_head; head != tail; head++)
        if (completions[head & ring->cq_mask].user_data == order) return 1;
    return 0;
}

/// Takes the oldest completion; there must be one.
static inline struct ring_completion ring_take(struct ring *ring) {
    uint32_t head = *ring->cq_head;
    const struct io_uring_cqe *cqe = (struct io_uring_cqe *)ring->completions_base + (head & ring->cq_mask);
    struct ring_completion completion = {cqe->user_data, cqe->res, cqe->flags};
    __atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
    return completion;
}

/// Gives the system `count` (a power of two) buffers of `size` bytes. Returns 0 or minus errno.
static inline int ring_buffers_open(struct ring *ring, struct ring_buffers *buffers, uint16_t group, uint32_t count,
                                    uint32_t size) {
    memset(buffers, 0, sizeof *buffers);
    size_t descriptors = count * sizeof(struct io_uring_buf);
    void *table = mmap(0, descriptors, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED) return -errno;
    void *bytes = mmap(0, (size_t)count * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        int error = errno;
        munmap(table, descriptors);
        return -error;
    }
    struct io_uring_buf_reg registration;
    memset(&registration, 0, sizeof registration);
    registration.ring_addr = (uint64_t)(uintptr_t)table;
    registration.ring_entries = count;
    registration.bgid = group;
    if (syscall(SYS_io_uring_register, ring->descriptor, IORING_REGISTER_PBUF_RING, &registration, 1) < 0) {
        int error = errno;
        munmap(table, descriptors);
        munmap(bytes, (size_t)count * size);
        return -error;
    }
    buffers->ring = (struct io_uring_buf *)table;
    buffers->bytes = (char *)bytes;
    buffers->count = count;
    buffers->size = size;
    buffers->group = group;
    return 0;
}

/// After `ring_close`.
static inline void ring_buffers_close(struct ring_buffers *buffers) {
    munmap(buffers->ring, buffers->count * sizeof(struct io_uring_buf));
    munmap(buffers->bytes, (size_t)buffers->count * buffers->size);
}

/// Gives a buffer (back) to the system; it sees it at the next `ring_buffers_publish`.
static inline void ring_buffers_give(struct ring_buffers *buffers, uint16_t number) {
    struct io_uring_buf *entry = &buffers->ring[buffers->tail & (buffers->count - 1)];
    entry->addr = (uint64_t)(uintptr_t)(buffers->bytes + (size_t)number * buffers->size);
    entry->len = buffers->size;
    entry->bid = number;
    buffers->tail++;
}

static inline void ring_buffers_publish(struct ring_buffers *buffers) {
    // The tail lies over the spare field of the first entry (struct io_uring_buf_ring).
    __atomic_store_n(&buffers->ring[0].resv, buffers->tail, __ATOMIC_RELEASE);
}

#endif
