// What is going on, on standard error: one line that is written over on a terminal, a line every five seconds elsewhere.

import Foundation
import Glibc

/// The live line of one run.
final class ProgressLine {
    private let name: String
    private let isTerminal = isatty(2) == 1
    private var nextAt: Int64 = 0
    private var last = (at: Int64(0), begun: 0)

    init(name: String) {
        self.name = name
    }

    /// Shows the figures, if it is time to.
    func show(seconds: Double, phase: Phase, event: String?, _ progress: LoadControl.Progress) {
        let now = DriverClock.now
        guard now >= nextAt else { return }
        nextAt = now + (isTerminal ? 200_000_000 : 5_000_000_000)
        let elapsed = Double(now - last.at) / 1e9
        let rate = last.at == 0 ? 0 : Double(progress.begun - last.begun) / elapsed
        last = (now, progress.begun)
        var text = String(format: "%5.1f s  %@", max(0, seconds), phase.rawValue)
        if let event { text += "  [\(event)]" }
        text += "  \(Figures.count(progress.succeeded)) ok  \(Figures.count(progress.failed)) failed"
        if let failure = progress.lastFailure { text += " (\(failure.label))" }
        text += "  \(Figures.fixed(rate, 0))/s  \(progress.inFlight) in flight"
        write(text)
    }

    /// Says what is being done, at once.
    func say(_ text: String) {
        write(text)
    }

    /// Leaves no half line behind.
    func end() {
        if isTerminal { put("\r\u{1b}[K") }
    }

    private func write(_ text: String) {
        put(isTerminal ? "\r\(name)  \(text)\u{1b}[K" : "\(name)  \(text)\n")
    }

    private func put(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
