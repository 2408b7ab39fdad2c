// The deadlines of an instance's life and the rules of its restart.

import Vocabulary

/// The lifecycle settings of a service. Pure.
package struct LifecyclePolicy: Hashable, Sendable, Codable {
    /// How long the order to spawn may go unanswered.
    package var spawnTimeout: Duration
    /// From the spawn to the first passed probe; then the instance counts as a failed start.
    package var startDeadline: Duration
    /// How long requests in flight may take to finish once an instance drains. After it the instance is stopped anyway.
    package var drainDeadline: Duration
    /// Between SIGTERM and SIGKILL.
    package var stopGrace: Duration
    /// Between two SIGKILLs to an instance that does not go.
    package var killInterval: Duration
    /// How long an instance may stay unhealthy, alive and out of rotation before it is replaced; `nil` leaves it.
    package var unhealthyDeadline: Duration?
    package var restart: RestartPolicy

    package init(
        spawnTimeout: Duration = .seconds(10), startDeadline: Duration = .seconds(60),
        drainDeadline: Duration = .seconds(30), stopGrace: Duration = .seconds(10),
        killInterval: Duration = .seconds(5), unhealthyDeadline: Duration? = .seconds(60),
        restart: RestartPolicy = RestartPolicy()
    ) {
        self.spawnTimeout = spawnTimeout
        self.startDeadline = startDeadline
        self.drainDeadline = drainDeadline
        self.stopGrace = stopGrace
        self.killInterval = killInterval
        self.unhealthyDeadline = unhealthyDeadline
        self.restart = restart
    }
}

/// How soon a dead instance is replaced, and when a release is given up on. Source: research note on supervisors, §2.3.
package struct RestartPolicy: Hashable, Sendable, Codable {
    /// The wait after the first crash, before jitter.
    package var backOffFirst: Duration
    /// The longest wait, before jitter.
    package var backOffMax: Duration
    /// So long ready, and an instance's crash counts as its first again.
    package var readyReset: Duration
    /// So many crashes of one release within `crashWindow` make it crash-looping.
    package var crashesMax: Int
    /// Also how long a crash loop must be quiet to be over.
    package var crashWindow: Duration

    package init(
        backOffFirst: Duration = .milliseconds(200), backOffMax: Duration = .seconds(30),
        readyReset: Duration = .seconds(60), crashesMax: Int = 5, crashWindow: Duration = .seconds(60)
    ) {
        self.backOffFirst = backOffFirst
        self.backOffMax = backOffMax
        self.readyReset = readyReset
        self.crashesMax = crashesMax
        self.crashWindow = crashWindow
    }
}
