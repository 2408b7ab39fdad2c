// `portico server`: the process that the keeper starts. Not for people.

import ArgumentParser
import Control
import Dispatch
import Glibc

struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "The process that `serve` keeps running.", shouldDisplay: false)

    @Option var keeperDescriptor: CInt
    @Option var state: String
    @Option var admin: String
    @Argument var file: String

    func run() throws {
        let (file, state, admin, descriptor) = (file, StateDirectory(state), admin, keeperDescriptor)
        // The process ends from within; there is nobody to own this task but the process.
        Task {
            let code = await ServeComposition.runServer(
                file: file, state: state, adminSocket: admin, keeperDescriptor: descriptor)
            Glibc.exit(code)
        }
        dispatchMain()
    }
}
