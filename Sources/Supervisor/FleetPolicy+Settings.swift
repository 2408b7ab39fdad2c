// From what the settings say of a service to what its fleet and its routing rules decide by. Pure.

import Fleet
import Health
import Lifecycle
import Rollouts
import Routing
import Scaling
import Settings
import Vocabulary

extension FleetPolicy {
    /// The policy of a supervised service.
    init(service: ServiceSetting, instances: InstancesSetting) {
        let count = instances.count
        guard let bounds = ScalingBounds(min: count.lowerBound, max: count.upperBound) else {
            preconditionFailure("a checked count is 0 or more: \(count)")
        }
        self.init(
            bounds: bounds,
            health: HealthPolicy(service.health),
            lifecycle: LifecyclePolicy(
                drainDeadline: max(instances.drain.requests, instances.drain.tunnels),
                stopGrace: instances.stop.grace),
            scaling: ScalingPolicy(
                inFlightPerInstance: Double(instances.scale.inFlight), downStabilisation: instances.scale.downAfter),
            rollout: RolloutPolicy(
                surge: InstanceShare(instances.rollout.surge),
                unavailable: InstanceShare(instances.rollout.unavailable),
                settle: instances.rollout.settle,
                deadline: instances.rollout.deadline,
                undo: instances.rollout.undo == .automatic ? .automatic : .manual))
    }
}

extension HealthPolicy {
    init(_ setting: HealthSetting) {
        self.init(interval: setting.interval, timeout: setting.timeout, fall: setting.fall, rise: setting.rise)
    }
}

extension InstanceShare {
    fileprivate init(_ amount: InstanceAmount) {
        switch amount {
        case .count(let count): self = .count(count)
        case .share(let share): self = .percent(share.hundredths)
        }
    }
}

extension ServiceRules {
    /// The rules of a service, with the backends it has now.
    init(_ setting: ServiceSetting, backends: [Backend]) {
        self.init(
            name: setting.name, balance: setting.balance, backends: backends, timeouts: setting.timeouts,
            retriesMax: setting.retries.max, retryBudget: setting.retries.budget.fraction,
            bodyBytesMax: setting.bodyBytesMax, holdMax: setting.hold.max, holdFor: setting.hold.time,
            silence: setting.transport == .grpc ? setting.timeouts.tunnel : .zero,
            proxyHeader: setting.sendProxyProtocol)
    }
}

extension ListenerRules {
    init(_ setting: ListenerSetting) {
        let mode: Mode =
            switch setting.mode {
            case .http: .http
            case .tcp(let service): .tcp(service)
            case .tlsPassthrough: .tlsPassthrough
            }
        self.init(
            name: setting.name, mode: mode, headerTimeout: setting.timeouts.header, bodyTimeout: setting.timeouts.body,
            idleTimeout: setting.timeouts.idle, tcpIdleTimeout: setting.timeouts.tcpIdle,
            connectionsMax: setting.limits.connections, connectionsPerAddressMax: setting.limits.perAddress,
            requestsPerConnectionMax: setting.limits.requestsPerConnection, bytesPerSecondMin: setting.limits.rateMin,
            rateGrace: setting.limits.rateGrace, headerBytesMax: setting.limits.headerBytes,
            headerFieldsMax: setting.limits.headerFields, proxyFrom: setting.proxyFrom,
            redirectToHTTPS: setting.redirectToHTTPS.map { UInt16(clamping: $0) },
            handshakeTimeout: setting.timeouts.handshake)
    }
}
