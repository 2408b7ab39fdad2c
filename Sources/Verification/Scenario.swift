// A scenario: what load to put on a front door, what to do to it meanwhile, and what must hold. Read by
// `ScenarioReader` from a file like this one (only `version`, `name`, `load` and one of `front_door` and `target` are
// required; every duration, rate and size carries its unit):
//
//     version: 1
//     name: rolling-update
//     seed: 42                                   # default: drawn, and printed
//     front_door:                                # started for the run, with a fresh state directory
//       config: ../configs/rolling-update.yaml   # relative to the scenario file
//       listener: web                            # default: the first one in `portico status`
//       ready_within: 60s
//       stop_within: 60s
//     # or: target: http://127.0.0.1:8080 with admin: /run/portico/admin.sock (without admin: no ledger, no events)
//     environment: { API_TOKEN: secret }         # for the front door, and as ${API_TOKEN} in paths, headers, bodies
//     load:                                      # every entry is an independent stream
//       - name: writes
//         http:
//           method: POST
//           path: /json                          # templates: {seq} {seq % N} {id} {random} {random % N} {run}
//           headers: { Authorization: "Bearer ${API_TOKEN}", Content-Type: application/json }
//           body: '{"id": "{run}-{seq}", "data": "{random}"}'
//         arrival: { rate: 50/s, model: poisson }  # poisson (default) | uniform; or
//         #   { stages: [{ rate: 50/s, for: 20s }, { ramp_to: 200/s, for: 20s }] } (the last rate stays), or
//         #   { closed: { users: 8, think: 10ms } }
//         connections: keepalive                 # keepalive (default) | fresh: one connection per request
//         timeout: 10s
//         idempotent: false                      # default by the method (RFC 9110 §9.2.2)
//         expect: { status: [201], headers: { Content-Type: json }, body: { contains: "{seq}", json: { id: "{run}-{seq}" } } }
//         release: { header: X-Release }         # or { json: release }: where the application says its release
//         read_back: { path: "/json/{run}-{seq}", status: [200], body: { json: { data: "{random}" } } }
//     phases: { warmup: 5s, baseline: 15s, window: 0s, settle: 10s }
//     events:
//       - { id: up, at: baseline+0s, do: scale, service: documents, count: 5 }
//       - { id: crash, after: up, wait: 2s, do: kill, service: documents, pick: any, signal: KILL }
//       - { id: release, after: crash, do: rollout, service: documents, release: v2, expect: completed, within: 120s }
//       - { id: server, after: release, do: kill_server }
//     checks:                                    # all of them are on with these defaults; NAME: false takes one out
//       no_failed_request: true
//       accounted_once: true
//       integrity: true
//       versions: true
//       capacity: { unavailable: 0 }
//       acknowledged_writes_readable: true
//       distribution: { service: documents, expect: round_robin }  # round_robin | even; with tolerance: 20%
//       latency: { stream: reads, p99: "< 2x baseline + 50ms" }    # default: reported, not judged
//       gap: { longest: 2s }                                       # default: reported, not judged
//       proof: { failure_rate: 0.1%, detectable_outage: 500ms, confidence: 99.9% }
//       schedule: { lag_p999: 100ms }
//     report: { directory: ../reports }          # relative to the scenario file; `--report` goes first
//
// Phases: `warmup` is not judged for latency, `baseline` is the undisturbed yardstick, the *window* starts when it ends
// and lasts until the last event is done (at least `window`), `settle` follows. `at: baseline+5s` is five seconds after
// the end of the baseline; `after: ID` with `wait: 2s` is two seconds after that event is done.

import Vocabulary

/// A scenario, checked and ready to run. Pure value.
package struct Scenario: Sendable {
    /// What the load goes to.
    package enum Subject: Sendable, Hashable {
        /// Started by the driver with a state directory of its own.
        case frontDoor(FrontDoor)
        /// Running already. `admin` is its admin socket; without it there is no ledger and there are no events.
        case running(url: String, admin: String?)
    }

    /// A front door that the driver starts.
    package struct FrontDoor: Sendable, Hashable {
        /// The settings file, absolute or relative to the working directory.
        package var config: String
        /// Where the load goes; `nil` is the first listener of the status report.
        package var listener: String?
        package var readyWithin: Duration
        package var stopWithin: Duration
    }

    /// How long each part of the run lasts.
    package struct Phases: Sendable, Hashable {
        package var warmup: Duration = .seconds(2)
        package var baseline: Duration = .seconds(10)
        /// The least length of the window; events make it longer.
        package var window: Duration = .zero
        package var settle: Duration = .seconds(5)
    }

    package var name: String
    /// The file it was read from, as it was given.
    package var path: String
    /// `nil`: draw one.
    package var seed: UInt64?
    package var subject: Subject
    /// Extra environment of the front door, and variables of the templates.
    package var environment: [String: String]
    package var load: [LoadStream]
    package var phases: Phases
    package var events: [ScenarioEvent]
    package var checks: CheckList
    /// Where reports go when the command line does not say.
    package var reportDirectory: String?
}
