// Every bound of this module, in one place.

import Vocabulary

/// The bounds of `Keeper`.
package enum KeeperLimits {
    /// The longest message, either way. A longer one is refused before it is sent.
    package static let messageBytesMax = 128 * 1024
    /// Room for a message when receiving; anything above is no message of ours.
    static let packetBytesMax = 160 * 1024
    /// Messages read per turn of the keeper's loop.
    static let messagesPerTurn = 64
    /// Messages that wait for the server to read. Above the first bound its orders wait; above the second it counts as
    /// stuck and is killed.
    static let unsentBeforeWaiting = 256
    static let unsentMax = 4096

    /// Running instances and ended ones that are not forgotten.
    package static let instancesMax = 1000
    package static let listenersMax = 256
    /// Reserved ports that no instance has taken yet.
    package static let reservationsMax = 256

    /// How long a client waits for an answer.
    package static let answerWait: Duration = .seconds(10)
    /// How long a new client waits for the keeper's greeting.
    package static let greetingWait: Duration = .seconds(5)
    /// How long a server that closed its socket may take to exit.
    static let silentServerWait: Duration = .seconds(5)
    /// Between two looks at the size of logs.
    static let logCheckInterval: Duration = .seconds(5)

    /// A server that lived shorter than this died early.
    static let earlyDeath: Duration = .seconds(1)
    static let restartDelayFirst: Duration = .milliseconds(100)
    static let restartDelayMax: Duration = .seconds(5)
}
