// `portico server`: the process that the keeper starts. Not for people.

import ArgumentParser
import Control
import Dispatch
import Glibc
import Kernel
import Proxy

struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "The process that `serve` keeps running.", shouldDisplay: false)

    @Option var keeperDescriptor: CInt
    @Option var state: String
    @Option var admin: String
    /// Where relative paths of the settings start.
    @Option var directory: String
    @Option var engine: Gateway.Engine?
    @Argument var file: String

    func run() throws {
        let (file, directory, state, admin) = (file, directory, StateDirectory(state), admin)
        let (descriptor, engine) = (keeperDescriptor, engine)
        // It runs from /proc/self/exe, and `ps` would call it `exe`.
        NativeThread.nameCurrent("portico")
        // The process ends from within; there is nobody to own this task but the process.
        Task {
            let code = await ServeComposition.runServer(
                file: file, directory: directory, state: state, adminSocket: admin, engine: engine,
                keeperDescriptor: descriptor)
            Glibc.exit(code)
        }
        dispatchMain()
    }
}
