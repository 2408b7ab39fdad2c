// Idle connections to backends, per worker and backend: the youngest is used first, so that the others grow old and go.

import Balancing
import EventLoop
import HTTPWire
import Routing
import Vocabulary

extension Worker where Loop: ~Copyable {
    /// An idle connection that is alive as far as can be told, and not so old that its backend is about to close it.
    ///
    /// Anything that happened to an idle connection is its end. A request that must not be sent twice asks the system
    /// too, for what came in the microseconds since it last told us (rule 15 of the research note).
    mutating func takePooled(_ slot: Int32, for method: Method) -> UpstreamPointer? {
        let backend = backends[slot]
        while backend.pointee.poolFirst != .max {
            let upstream = upstreams[backend.pointee.poolFirst]
            let handle = upstream.pointee.handle
            if loop.isStirred(handle) || (!method.isIdempotent && loop.hasInput(handle)) {
                closedWhileIdle(upstream)
                continue
            }
            if loop.now >= upstream.pointee.idleSince + idleMax(backend) {
                closeUpstream(upstream)
                continue
            }
            leavePool(upstream)
            upstream.pointee.isReused = true
            return upstream
        }
        return nil
    }

    /// Keeps a connection whose exchange is over for the next one.
    mutating func pool(_ upstream: UpstreamPointer) {
        let backend = backends[upstream.pointee.backend]
        guard backend.pointee.standing == .ready, backend.pointee.isListed, !isDraining,
            !loop.isStirred(upstream.pointee.handle), !loop.isCongested(upstream.pointee.handle)
        else { return closeUpstream(upstream) }
        let idleMax = idleMax(backend)
        guard idleMax > .zero else { return closeUpstream(upstream) }
        let index = upstream.pointee.handle.index
        loop.endExchange(on: upstream.pointee.handle)
        upstream.pointee.phase = .idle
        upstream.pointee.idleSince = loop.now
        upstream.pointee.client = .none
        upstream.pointee.poolPrevious = .max
        upstream.pointee.poolNext = backend.pointee.poolFirst
        if backend.pointee.poolFirst == .max {
            backend.pointee.poolLast = index
        } else {
            upstreams[backend.pointee.poolFirst].pointee.poolPrevious = index
        }
        backend.pointee.poolFirst = index
        backend.pointee.poolCount += 1
        loop.resumeReceiving(upstream.pointee.handle)
        loop.setDeadline(upstream.pointee.handle, loop.now + idleMax)
        if Int(backend.pointee.poolCount) > ProxyLimits.idleUpstreamsMax {
            closeUpstream(upstreams[backend.pointee.poolLast])
        }
    }

    /// How long a connection to this backend may be idle and still be used.
    private func idleMax(_ backend: UnsafeMutablePointer<BackendState>) -> Duration {
        guard let usable = backend.pointee.idleLimit.usable(now: loop.now) else { return backend.pointee.keepAlive }
        return min(usable, backend.pointee.keepAlive)
    }

    /// The backend ended a connection that was idle: that tells how long it lets them be.
    mutating func closedWhileIdle(_ upstream: UpstreamPointer) {
        let age = loop.now - upstream.pointee.idleSince
        backends[upstream.pointee.backend].pointee.idleLimit.sawEnd(afterIdle: age, now: loop.now)
        closeUpstream(upstream)
    }

    private mutating func leavePool(_ upstream: UpstreamPointer) {
        let backend = backends[upstream.pointee.backend]
        let (previous, next) = (upstream.pointee.poolPrevious, upstream.pointee.poolNext)
        if previous == .max {
            backend.pointee.poolFirst = next
        } else {
            upstreams[previous].pointee.poolNext = next
        }
        if next == .max {
            backend.pointee.poolLast = previous
        } else {
            upstreams[next].pointee.poolPrevious = previous
        }
        upstream.pointee.poolPrevious = .max
        upstream.pointee.poolNext = .max
        upstream.pointee.phase = .awaitingHead
        backend.pointee.poolCount -= 1
    }

    /// Closes every idle connection of a backend.
    mutating func drainPool(_ slot: Int32) {
        while backends[slot].pointee.poolFirst != .max {
            closeUpstream(upstreams[backends[slot].pointee.poolFirst])
        }
    }

    /// Closes every idle connection; `false` when there was none.
    mutating func dropPools() -> Bool {
        var hadSome = false
        for slot in 0..<backends.count where backends.isUsed(slot) && backends.base[slot].poolCount > 0 {
            hadSome = true
            drainPool(Int32(slot))
        }
        return hadSome
    }

    /// Ends a connection to a backend, whatever it was at. Its client, if any, must not need it any more.
    mutating func closeUpstream(_ upstream: UpstreamPointer, withReset: Bool = false) {
        let handle = upstream.pointee.handle
        if upstream.pointee.phase == .idle { leavePool(upstream) }
        giveBack(&upstream.pointee.stash)
        // What is still on its way out in this event can't be sent any more.
        if output.target == handle { output.clear() }
        backends[upstream.pointee.backend].pointee.connections -= 1
        upstream.pointee.phase = .free
        upstream.pointee.handle = .none
        upstream.pointee.client = .none
        roles[handle.index].pointee = .none
        if withReset { loop.reset(handle) } else { loop.close(handle) }
    }
}
