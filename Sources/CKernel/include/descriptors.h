// Descriptor work whose macros the Swift importer can't read: passing descriptors over a unix socket, signals as a
// descriptor, holes in files. Every function returns -1 with errno set when it fails, unless it says otherwise.
#ifndef PORTICO_CKERNEL_DESCRIPTORS_H
#define PORTICO_CKERNEL_DESCRIPTORS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The most descriptors that one packet carries. The kernel's own limit is 253 (SCM_MAX_FD).
#define PORTICO_DESCRIPTORS_MAX 128

// Sends `length` bytes as one packet with `count` descriptors. Never raises SIGPIPE. Non-blocking.
ssize_t portico_send_packet(int socket, const void *bytes, size_t length, const int *descriptors, size_t count);

// Receives one packet into `bytes`. `descriptors` has room for PORTICO_DESCRIPTORS_MAX; `*count` is how many came, all
// close-on-exec. Returns the packet's length, 0 at the end. A packet longer than `length` fails with EMSGSIZE; the
// descriptors of such a packet are closed. Non-blocking.
ssize_t portico_receive_packet(int socket, void *bytes, size_t length, int *descriptors, size_t *count);

// Gives the bytes [0, length) of a file back to the file system; they read as zeros from then on.
int portico_punch_head(int file, int64_t length);

// The last argument of `fcntl` is variadic in C.
int portico_duplicate_at_least(int descriptor, int lowest);

// Blocks the signals in this thread, and in those it starts from now on, and returns a descriptor that reads them.
// Non-blocking.
int portico_signal_descriptor(const int *signals, size_t count);

// The next signal that came in, 0 for none.
int portico_next_signal(int signal_descriptor);

// An eventfd: readable from `portico_wake` until `portico_clear_wake`. Non-blocking.
int portico_wake_descriptor(void);
void portico_wake(int wake_descriptor);
void portico_clear_wake(int wake_descriptor);

#endif
