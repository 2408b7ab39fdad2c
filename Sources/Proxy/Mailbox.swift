// The one place where other threads reach a worker: a slot for the newest publication and a few flags, and a bell. The
// lock is taken by the control plane, and by the worker only after the bell told it to look.

import EventLoop
import Synchronization

/// What waits for a worker, and what the worker tells back.
final class Mailbox: Sendable {
    struct Mail {
        var publication: Publication?
        var wantsDrain = false
        var wantsStop = false
        var wantsLogReopening = false
    }

    private let mail = Mutex(Mail())
    private let applied = Atomic<UInt64>(0)
    private let bell: WakeupBell

    init(bell: WakeupBell) {
        self.bell = bell
    }

    /// Replaces a publication that the worker did not come to: only the newest counts.
    func post(_ publication: Publication) {
        mail.withLock { $0.publication = publication }
        bell.ring()
    }

    func requestDrain() {
        mail.withLock { $0.wantsDrain = true }
        bell.ring()
    }

    func requestStop() {
        mail.withLock { $0.wantsStop = true }
        bell.ring()
    }

    func requestLogReopening() {
        mail.withLock { $0.wantsLogReopening = true }
        bell.ring()
    }

    /// For the worker: takes everything out.
    func collect() -> Mail {
        mail.withLock { mail in
            let taken = mail
            mail = Mail()
            return taken
        }
    }

    /// The revision the worker works by.
    var appliedRevision: UInt64 { applied.load(ordering: .acquiring) }

    /// For the worker, once a table is in force: whatever it counted before is visible to who reads the revision.
    func confirm(_ revision: UInt64) {
        applied.store(revision, ordering: .releasing)
    }
}
