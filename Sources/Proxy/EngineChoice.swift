// Which event loop the workers run on: io_uring where the system allows it, otherwise epoll.

import EventLoop

/// A choice and why it was made, for `portico status`.
package struct EngineChoice: Hashable, Sendable {
    package var engine: Gateway.Engine
    package var reason: String

    /// Tries what the system allows. A `requested` engine is taken as it is: where it can't be had, the gateway's start
    /// says why.
    package init(requested: Gateway.Engine?) {
        if let requested {
            engine = requested
            reason = "asked for with --engine"
            return
        }
        do throws(EventLoopError) {
            let loop = try RingLoop(LoopLimits())
            engine = .ioUring
            reason = "the system has it, with \(loop.modes)"
        } catch {
            engine = .epoll
            reason = "no io_uring: \(error)"
        }
    }
}
