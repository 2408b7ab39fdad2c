// Bytes that go from one connection to another without passing through this program: out of the one socket into a
// pipe, out of the pipe into the other (splice(2)). Measured: a third less CPU for bodies of 1 MiB, nothing gained below
// 64 KiB.
//
// The table moves bytes and keeps count; when to try again, and what to tell, is the loops' business.

import CKernel
import Glibc

/// One stretch of bytes on its way. While it is there, nothing else waits to be sent to the sink.
struct Splice: BitwiseCopyable {
    var source: ConnectionHandle
    var sink: ConnectionHandle
    var pipe: SplicePipe
    /// Bytes in the pipe.
    var held = 0
    /// Bytes still to be taken from the source; 0 ends it.
    var left: UInt64
    /// Bytes that left for the sink and were not told yet.
    var untold = 0
    /// Why the source failed, to be told behind that.
    var failure: CInt = 0
}

struct SplicePipe: BitwiseCopyable {
    var output: CInt
    var input: CInt
    var size: Int
}

/// Why a splice moves nothing more for now.
enum SpliceStop {
    /// It had its turn.
    case turn
    /// There is nothing more to take from the source, and nothing of it in the pipe.
    case sourceEmpty
    case sinkFull
    /// The last byte is with the sink.
    case complete
    /// The source has no more, or can't be spliced: receiving finds out which.
    case sourceEnded
    case sourceFailed(CInt)
    case sinkFailed(CInt)
}

/// The splices of one loop, by number, and spare pipes. Loop-confined.
struct SpliceTable: ~Copyable {
    private var splices: [Splice] = []
    private var free: [UInt32] = []
    private var spares: [SplicePipe] = []
    /// Of pipes in use and spare ones.
    private(set) var openDescriptors = 0
    /// Bytes in all pipes.
    private(set) var heldBytes = 0
    /// How many pipes are not asked for any more, because the system has just refused one.
    private var untried = 0

    deinit {
        for pipe in spares { Self.close(pipe) }
        for (number, splice) in splices.enumerated() where !free.contains(UInt32(number)) { Self.close(splice.pipe) }
    }

    subscript(number: UInt32) -> Splice {
        _read { yield splices[Int(number)] }
        _modify { yield &splices[Int(number)] }
    }

    /// `nil` when the system gives no pipe that is worth it.
    mutating func make(_ source: ConnectionHandle, _ sink: ConnectionHandle, count: UInt64) -> UInt32? {
        guard let pipe = spares.popLast() ?? openUnlessRefused() else { return nil }
        let splice = Splice(source: source, sink: sink, pipe: pipe, left: count)
        guard let number = free.popLast() else {
            splices.append(splice)
            return UInt32(splices.count - 1)
        }
        splices[Int(number)] = splice
        return number
    }

    mutating func end(_ number: UInt32) {
        let splice = splices[Int(number)]
        free.append(number)
        heldBytes -= splice.held
        if splice.held == 0, spares.count < LoopLimits.sparePipesMax {
            spares.append(splice.pipe)
        } else {
            Self.close(splice.pipe)
            openDescriptors -= 2
        }
    }

    /// Moves what can be moved in one turn.
    mutating func move(_ number: UInt32, from source: CInt, to sink: CInt, sent: inout UInt64) -> SpliceStop {
        var budget = LoopLimits.splicedPerTurn
        var hasAskedTwice = false
        while true {
            if let stop = empty(number, into: sink, sent: &sent, budget: &budget) { return stop }
            let splice = splices[Int(number)]
            guard splice.left > 0 else { return .complete }
            guard budget > 0 else { return .turn }
            let count = Int(min(splice.left, UInt64(splice.pipe.size)))
            let result = loop_splice(source, splice.pipe.input, count)
            if result > 0 {
                splices[Int(number)].held = result
                splices[Int(number)].left -= UInt64(result)
                heldBytes += result
                continue
            }
            switch CInt(-result) {
            case EINTR: continue
            case EAGAIN:
                guard loop_has_input(source) != 0 else { return .sourceEmpty }
                // Bytes that came just now; or bytes behind an urgent one, which only receiving steps over.
                if hasAskedTwice { return .sourceEnded }
                hasAskedTwice = true
            case 0, EINVAL: return .sourceEnded
            case let error: return .sourceFailed(error)
            }
        }
    }

    /// Gives the sink what is in the pipe; `nil` when that is all.
    mutating func empty(_ number: UInt32, into sink: CInt, sent: inout UInt64) -> SpliceStop? {
        var budget = Int.max
        return empty(number, into: sink, sent: &sent, budget: &budget)
    }

    private mutating func empty(
        _ number: UInt32, into sink: CInt, sent: inout UInt64, budget: inout Int
    ) -> SpliceStop? {
        while splices[Int(number)].held > 0 {
            let result = loop_splice(splices[Int(number)].pipe.output, sink, splices[Int(number)].held)
            if result > 0 {
                splices[Int(number)].held -= result
                splices[Int(number)].untold += result
                heldBytes -= result
                sent &+= UInt64(result)
                budget -= result
                continue
            }
            switch CInt(-result) {
            case EINTR: continue
            case EAGAIN, ENOBUFS: return .sinkFull
            case let error: return .sinkFailed(error == 0 ? EPIPE : error)
            }
        }
        return nil
    }

    /// The sink is done with it, or takes no more: what is in the pipe counts as gone, as other unsent bytes do.
    mutating func abandon(_ number: UInt32) {
        splices[Int(number)].untold += splices[Int(number)].held
        splices[Int(number)].left = 0
        splices[Int(number)].sink = .none
    }

    /// Reads what is in the pipe, for a sink that is sent something else.
    mutating func drain(_ number: UInt32, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { room in
            while splices[Int(number)].held > 0 {
                let result = loop_read(splices[Int(number)].pipe.output, room.baseAddress, room.count)
                guard result > 0 else { break }
                splices[Int(number)].held -= result
                splices[Int(number)].untold += result
                heldBytes -= result
                body(UnsafeMutableRawBufferPointer(rebasing: room[..<result]))
            }
        }
        splices[Int(number)].left = 0
        splices[Int(number)].sink = .none
    }

    /// Who is not privileged gets a bounded number of pages for all pipes (pipe(7)): then asking costs four calls each time.
    private mutating func openUnlessRefused() -> SplicePipe? {
        guard untried == 0 else {
            untried -= 1
            return nil
        }
        let pipe = open()
        if pipe == nil { untried = LoopLimits.pipesUntried }
        return pipe
    }

    private mutating func open() -> SplicePipe? {
        var ends: (CInt, CInt) = (-1, -1)
        let size = withUnsafeMutableBytes(of: &ends) {
            loop_pipe_open($0.baseAddress!.assumingMemoryBound(to: CInt.self), CInt(LoopLimits.pipeBytes))
        }
        guard size > 0 else { return nil }
        let pipe = SplicePipe(output: ends.0, input: ends.1, size: Int(size))
        guard pipe.size >= LoopLimits.pipeBytesMin else {
            Self.close(pipe)
            return nil
        }
        openDescriptors += 2
        return pipe
    }

    private static func close(_ pipe: SplicePipe) {
        loop_close(pipe.output)
        loop_close(pipe.input)
    }
}
