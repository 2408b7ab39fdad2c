// The objects below `instances`: supervised processes.

import Vocabulary

extension Catalogue {
    static let instances = Shape(
        "instances",
        [
            Key("run", .command, "The command of an instance; `$PORT` is its port.", isRequired: true),
            Key(
                "release", .release, "The release that is started first. Required with `releases`.",
                initial: Defaults.release.rawValue),
            Key("releases", .filePath, "A directory with one directory per release."),
            Key(
                "count", .range(instanceCounts), "How many run at least and at most.",
                initial: Grammar.print(Defaults.instanceCount)),
            Key("scale", .object(scale), "What decides the number between the two."),
            Key("rollout", .object(rollout), "How one release replaces another."),
            Key("drain", .object(instanceDrain), "How long a draining instance may finish what it has."),
            Key("stop", .object(stop), "How an instance is asked to exit."),
            Key("env", .environment, "Added to the environment of each instance."),
            Key("limits", .object(instanceLimits), "What one instance may use."),
            Key("shares", .names, "The shares whose paths an instance gets."),
        ] + Key.notYet("zones"))

    static let scale = Shape(
        "scale",
        [
            Key(
                "in_flight", .integer(1...100_000), "Requests in flight that one instance is meant to carry.",
                initial: "\(Defaults.scaleInFlight)"),
            Key(
                "down_after", .duration(.zero ... .hours(24)),
                "How long fewer instances must have sufficed before one is stopped.",
                initial: Grammar.print(Defaults.scaleDownAfter)),
        ])

    static let rollout = Shape(
        "rollout",
        [
            Key(
                "surge", .amount(max: 1000), "Instances more than wanted; a percentage rounds up.",
                initial: "\(Defaults.rolloutSurge)"),
            Key(
                "unavailable", .amount(max: 1000), "Instances fewer than wanted; a percentage rounds down.",
                initial: "\(Defaults.rolloutUnavailable)"),
            Key(
                "settle", .duration(.zero ... .hours(1)), "How long a new instance must be healthy before it counts.",
                initial: Grammar.print(Defaults.rolloutSettle)),
            Key(
                "deadline", .duration(.milliseconds(100) ... .hours(24)),
                "Without progress for this long the rollout has failed.",
                initial: Grammar.print(Defaults.rolloutDeadline)),
            Key(
                "undo", .choice(RolloutSetting.Undo.allCases.map(\.rawValue), notYet: []),
                "What happens when it has failed.", initial: Defaults.rolloutUndo.rawValue),
        ])

    static let instanceDrain = Shape(
        "drain",
        [
            Key(
                "requests", .duration(.zero ... .hours(24)), "For requests in flight.",
                initial: Grammar.print(Defaults.drainRequests)),
            Key(
                "tunnels", .duration(.zero ... .hours(24)), "For upgraded connections (WebSocket).",
                initial: Grammar.print(Defaults.drainTunnels)),
        ])

    static let stop = Shape(
        "stop",
        [
            Key(
                "grace", .duration(.zero ... .hours(1)), "From SIGTERM to SIGKILL.",
                initial: Grammar.print(Defaults.stopGrace))
        ])

    static let instanceLimits = Shape(
        "limits",
        [
            Key("open_files", .integer(16...1_048_576), "Open files (RLIMIT_NOFILE)."),
            Key("memory", .size(.mebibytes(16) ... .gibibytes(1024)), "Address space (RLIMIT_AS)."),
        ])
}
