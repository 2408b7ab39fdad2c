// libnghttp2 for Swift: frames, HPACK and the state machines of HTTP/2, in memory. Nothing else belongs here.
// Package target: .systemLibrary(name: "CNghttp2"); Debian package: libnghttp2-dev.

#ifndef PORTICO_CNGHTTP2_SHIMS_H
#define PORTICO_CNGHTTP2_SHIMS_H

#include <nghttp2/nghttp2.h>

#endif
