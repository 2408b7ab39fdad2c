// One entry of `shares`. What a directory really guarantees is probed in `Shares`.

import Vocabulary

/// A directory that instances share.
package struct ShareSetting: Hashable, Sendable {
    package var name: ShareName
    /// As written; see `Settings.resolved`.
    package var path: String

    package init(name: ShareName, path: String) {
        self.name = name
        self.path = path
    }

    /// The environment variable that carries the path to instances: `SHARE_` and the name in upper case, with `_` for
    /// everything else.
    package var variable: String { Self.variable(name) }

    /// The variable of the share called `name`.
    package static func variable(_ name: ShareName) -> String {
        let tail = name.rawValue.uppercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
        }
        return "SHARE_" + String(tail)
    }
}
