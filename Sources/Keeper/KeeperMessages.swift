// What goes over the socket between server and keeper: one JSON message per packet, requests with a number that their
// answer repeats. Descriptors of a listener travel with its message. Both sides are the same program, so that a
// difference in version is an error and not a negotiation.

import Foundation
import Vocabulary

/// Server to keeper.
struct KeeperRequest: Codable, Sendable {
    /// From 1; 0 stands for a request that could not be read.
    var number: UInt64
    var order: KeeperOrder
}

/// What a server can ask for. See `KeeperClient` for the meaning.
enum KeeperOrder: Codable, Sendable {
    case inventory
    case listen(name: ListenerName, endpoint: Endpoint, sockets: Int)
    case unlisten(name: ListenerName)
    case reservePort
    case spawn(SpawnOrder)
    case signal(id: InstanceID, signal: Int32, group: Bool)
    case forget(id: InstanceID)
    case shutdown(exitCode: Int32, leavingInstances: Bool)
}

/// Keeper to server.
enum KeeperMessage: Codable, Sendable {
    /// The first message of every connection. `formerServerPID`: of a server of an earlier keeper that
    /// still finishes its requests.
    case greeting(version: Int, keeperPID: Int32, serverStarts: Int, formerServerPID: Int32?)
    /// Comes with the listener's descriptors.
    case listener(name: ListenerName, endpoint: Endpoint, bound: Endpoint)
    /// Parts of the inventory that was asked for under this number.
    case instance(number: UInt64, HeldInstance)
    case exit(number: UInt64, HeldExit)
    case done(number: UInt64, KeeperAnswer)
    case refused(number: UInt64, KeeperError)
    /// Unasked.
    case exited(ExitReport)
}

/// The result of an order.
enum KeeperAnswer: Codable, Sendable {
    case nothing
    case port(UInt16)
    case spawned(SpawnedProcess)
    case signalled(Bool)
}

/// Messages to bytes and back.
enum KeeperWire {
    /// Counts up with every change of a message.
    static let version = 2

    static func encode(_ message: some Encodable) throws(KeeperError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let bytes: [UInt8]
        do {
            bytes = Array(try encoder.encode(message))
        } catch {
            throw KeeperError(code: .illFormed, reason: "a message to or from the keeper can't be written: \(error)")
        }
        guard bytes.count <= KeeperLimits.messageBytesMax else {
            throw KeeperError(
                code: .tooLarge,
                reason: "a message of \(bytes.count) bytes; \(KeeperLimits.messageBytesMax) are allowed",
                hint: "shorten the arguments, the environment or the record of the instance")
        }
        return bytes
    }

    static func decode<Message: Decodable>(_ type: Message.Type, _ bytes: [UInt8]) throws(KeeperError) -> Message {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw KeeperError(code: .illFormed, reason: "a message that can't be read: \(error)")
        }
    }

    /// The number of a request that is otherwise beyond understanding; 0 when it has none.
    static func number(in bytes: [UInt8]) -> UInt64 {
        struct Numbered: Decodable { var number: UInt64 }
        return (try? decode(Numbered.self, bytes).number) ?? 0
    }
}
