// `--engine`, of every command that starts a front door.

import ArgumentParser
import Proxy

struct EngineOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What the event loops wait on: io_uring or epoll. Default: io_uring where the system allows it.",
            valueName: "engine"))
    var engine: Gateway.Engine?
}

extension Gateway.Engine: ExpressibleByArgument {}
