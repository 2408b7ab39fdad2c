// The face of the driver: `portico verify SCENARIO…`. Reads scenarios, runs them one after the other, prints a report
// for each and answers with the exit code. Not for deciding anything about a run: that is `Judge`.

import Vocabulary

/// The driver: proves what a front door does under load, or says what it could not prove.
package enum Verification {
    /// How to run, apart from the scenarios themselves.
    package struct Options: Sendable {
        /// The program that starts a front door as `PROGRAM… serve CONFIG --state DIR`; more than one word is allowed,
        /// so that tests can put an interpreter in front.
        package var frontDoorCommand: [String]
        /// Where the reports go as text, JSON and JUnit; `nil` prints the text only.
        package var reportDirectory: String?
        /// Overrides the seed of every scenario.
        package var seed: UInt64?
        /// The environment scenarios may refer to and front doors inherit.
        package var environment: [String: String]
        /// Keeps the state directory of the front door also after a pass.
        package var keepsState: Bool

        package init(
            frontDoorCommand: [String] = ["/proc/self/exe"], reportDirectory: String? = nil, seed: UInt64? = nil,
            environment: [String: String] = [:], keepsState: Bool = false
        ) {
            self.frontDoorCommand = frontDoorCommand
            self.reportDirectory = reportDirectory
            self.seed = seed
            self.environment = environment
            self.keepsState = keepsState
        }
    }
}
