// What of loop.h needs headers that must not be in it: Swift would find their names in two modules.

#include "include/loop.h"

#include <sys/ioctl.h>

int loop_unacknowledged(int descriptor) {
    int bytes = 0;
    return ioctl(descriptor, TIOCOUTQ, &bytes) < 0 ? 0 : bytes;
}
