// SIGINT and SIGTERM: the run ends in order, the front door is stopped, the report is written. A second one ends at once.

import Glibc
import Synchronization

/// Whether somebody wants the driver to end.
enum Interruption {
    private static let requested = Atomic<Bool>(false)

    static var isRequested: Bool { requested.load(ordering: .acquiring) }

    static func install() {
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.requested.store(true, ordering: .releasing)
                signal(number, SIG_DFL)
            }
        }
    }
}
