// Rollouts for people.

import Administration

/// Rollout reports as text. Pure.
enum RolloutText {
    /// `rollout 3, v1 -> v2: rolling, 1 of 3 replaced: waits for documents-7 to become ready`.
    static func line(_ rollout: RolloutReport) -> String {
        let head = "rollout \(rollout.number), \(rollout.from) -> \(rollout.to): \(rollout.state.rawValue)"
        let progress = rollout.state.isFinal ? "" : ", \(rollout.replaced) of \(rollout.desired) replaced"
        return head + progress + (rollout.reason.isEmpty ? "" : ": \(rollout.reason)")
    }

    /// Newest last.
    static func history(_ rollouts: [RolloutReport]) -> [String] {
        var table = TextTable([
            "NUMBER": .right, "FROM": .left, "TO": .left, "STATE": .left, "STARTED": .left, "ENDED": .left,
            "REASON": .left,
        ])
        for rollout in rollouts {
            table.add([
                "\(rollout.number)", rollout.from, rollout.to, rollout.state.rawValue, rollout.startedAt,
                rollout.endedAt ?? "-", rollout.reason,
            ])
        }
        return table.lines
    }
}
