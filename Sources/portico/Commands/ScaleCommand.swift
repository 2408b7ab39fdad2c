// `portico scale SERVICE N|MIN..MAX`.

import Administration
import ArgumentParser
import Control
import Vocabulary

struct ScaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Set how many instances a service has, or the bounds between which the load decides.",
        discussion: """
            Returns when the order is taken; `portico status` shows the instances come and go. An instance that goes \
            finishes its requests first.

            Examples:
              portico scale shop 5
              portico scale shop 2..8
            """)

    @Argument(help: ArgumentHelp("The service.", valueName: "service"))
    var service: String

    @Argument(help: ArgumentHelp("A number, or the smallest and the largest: 2..8.", valueName: "n|min..max"))
    var instances: InstanceRange

    @OptionGroup var server: ServerChoice
    @OptionGroup var output: OutputChoice

    func run() throws {
        let order = ScaleOrder(min: instances.min, max: instances.max)
        let report = try server.client.scale(order, service: ServiceName(service))
        if output.json { return Terminal.print(try AdminJSON.pretty(report)) }
        let desired = report.instancesDesired.map { ", \($0) wanted now" } ?? ""
        Terminal.print("\(report.name): \(StatusText.bounds(report)) instances\(desired)")
    }
}
