// Late, repeated, unknown and contradictory events: harmless, every one.

import Fleet
import Scaling
import Testing
import Vocabulary

struct NoiseTests {
    @Test func `no order of events traps, no number is given twice, and a stop always ends`() {
        for seed in UInt64(1)...60 {
            var random = SeededRandom(seed: seed)
            var fleet = Bench(Bench.policy(2, 4)).fleet
            var now = Instant.zero
            var spawned: [InstanceID] = []
            func take(_ orders: [FleetOrder]) {
                for case .spawn(let id, _) in orders {
                    #expect(!spawned.contains(id), "seed \(seed)")
                    spawned.append(id)
                }
            }
            for _ in 0..<400 {
                now = now + .milliseconds(Int(random.next() % 3000))
                let id = Bench.id(UInt32(random.next() % 12))
                if random.unit() < 0.1 {
                    if case .success(let orders) = fleet.command(noise(command: id, &random), now: now) { take(orders) }
                } else {
                    take(fleet.handle(noise(event: id, &random), now: now))
                }
            }
            take((try? fleet.command(.stopAll, now: now).get()) ?? [])
            for instance in fleet.report(now: now).instances {
                take(fleet.handle(.exited(instance.id, description: ""), now: now))
            }
            #expect(fleet.isStopped, "seed \(seed)")
            #expect(fleet.nextWakeup.map { $0 > now } ?? true)
        }
    }

    private func noise(event id: InstanceID, _ random: inout SeededRandom) -> FleetEvent {
        switch random.next() % 10 {
        case 0: return .spawned(id)
        case 1: return .spawnFailed(id, reason: "noise")
        case 2: return .adopted(id, release: random.unit() < 0.5 ? Bench.v1 : Bench.v2, startedAt: .zero)
        case 3: return .inventoryComplete
        case 4: return .exited(id, description: "noise")
        case 5: return .drained(id)
        case 6: return .policyChanged(Bench.policy(Int(random.next() % 4), 4))
        case 7:
            let member = LoadSample.Member(
                id: id, inFlight: Int(random.next() % 50), requestsTotal: Int(random.next() % 500),
                responses5xx: Int(random.next() % 500), upstreamFailures: Int(random.next() % 500),
                connectFailures: Int(random.next() % 5), consecutiveConnectFailures: Int(random.next() % 5))
            return .load(
                LoadSample(members: [member, member], inFlightNanoseconds: random.next(), heldNow: 3))
        default: return .probed(id, pass: random.unit() < 0.7, detail: "noise")
        }
    }

    private func noise(command id: InstanceID, _ random: inout SeededRandom) -> FleetCommand {
        switch random.next() % 7 {
        case 0: return .scale(ScalingBounds(min: Int(random.next() % 3), max: 3)!)
        case 1: return .startRollout(Bench.v1)
        case 2: return .startRollout(Bench.v2)
        case 3: return .pauseRollout
        case 4: return .resumeRollout
        case 5: return .undoRollout
        default: return .drain(id)
        }
    }
}
