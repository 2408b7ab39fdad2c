// What `/metrics` says about one known status, read over by hand.

extension PrometheusTextTests {
    static let golden = """
        # HELP portico_info What is running; always 1.
        # TYPE portico_info gauge
        portico_info{version="0.1.0",engine="epoll"} 1
        # HELP portico_ready Whether every service can take requests.
        # TYPE portico_ready gauge
        portico_ready 1
        # HELP portico_workers Event-loop threads.
        # TYPE portico_workers gauge
        portico_workers 2
        # HELP portico_revision Version of the routing table in force.
        # TYPE portico_revision gauge
        portico_revision 17
        # HELP portico_server_starts_total Servers started by the keeper since it began.
        # TYPE portico_server_starts_total counter
        portico_server_starts_total 2
        # HELP portico_listener_connections_open Client connections open now.
        # TYPE portico_listener_connections_open gauge
        portico_listener_connections_open{listener="web"} 3
        # HELP portico_listener_connections_accepted_total Client connections accepted.
        # TYPE portico_listener_connections_accepted_total counter
        portico_listener_connections_accepted_total{listener="web"} 120
        # HELP portico_listener_connections_refused_total Client connections closed before they could ask for anything.
        # TYPE portico_listener_connections_refused_total counter
        portico_listener_connections_refused_total{listener="web",reason="per_address"} 2
        portico_listener_connections_refused_total{listener="web",reason="untrusted"} 3
        portico_listener_connections_refused_total{listener="web",reason="no_proxy_header"} 6
        # HELP portico_listener_pauses_total How often accepting paused, by what was used up.
        # TYPE portico_listener_pauses_total counter
        portico_listener_pauses_total{listener="web",reason="connections"} 4
        portico_listener_pauses_total{listener="web",reason="resources"} 5
        # HELP portico_service_requests_total Requests (or TCP connections) taken.
        # TYPE portico_service_requests_total counter
        portico_service_requests_total{service="documents"} 1000
        portico_service_requests_total{service="sql"} 9
        # HELP portico_service_responses_5xx_total Responses with a status of 500 or above.
        # TYPE portico_service_responses_5xx_total counter
        portico_service_responses_5xx_total{service="documents"} 7
        portico_service_responses_5xx_total{service="sql"} 0
        # HELP portico_service_requests_in_flight Requests on a backend now.
        # TYPE portico_service_requests_in_flight gauge
        portico_service_requests_in_flight{service="documents"} 5
        portico_service_requests_in_flight{service="sql"} 0
        # HELP portico_service_requests_held Requests waiting for a backend now.
        # TYPE portico_service_requests_held gauge
        portico_service_requests_held{service="documents"} 2
        portico_service_requests_held{service="sql"} 0
        # HELP portico_service_instances_min Lower bound of scaling.
        # TYPE portico_service_instances_min gauge
        portico_service_instances_min{service="documents"} 2
        # HELP portico_service_instances_max Upper bound of scaling.
        # TYPE portico_service_instances_max gauge
        portico_service_instances_max{service="documents"} 5
        # HELP portico_service_instances_desired Instances wanted now.
        # TYPE portico_service_instances_desired gauge
        portico_service_instances_desired{service="documents"} 3
        # HELP portico_service_backends Backends by phase.
        # TYPE portico_service_backends gauge
        portico_service_backends{service="documents",phase="ready"} 2
        portico_service_backends{service="documents",phase="starting"} 1
        portico_service_backends{service="sql",phase="unhealthy"} 1
        # HELP portico_service_release_info The release that is in force; always 1.
        # TYPE portico_service_release_info gauge
        portico_service_release_info{service="documents",release="v1"} 1
        # HELP portico_rollout_info The rollout in progress or the last one; always 1.
        # TYPE portico_rollout_info gauge
        portico_rollout_info{service="documents",number="4",from="v1",to="v2",state="rolling"} 1
        # HELP portico_rollout_in_progress Whether a rollout (or its undoing) is not over.
        # TYPE portico_rollout_in_progress gauge
        portico_rollout_in_progress{service="documents"} 1
        # HELP portico_rollout_instances_replaced New instances that serve.
        # TYPE portico_rollout_instances_replaced gauge
        portico_rollout_instances_replaced{service="documents"} 1
        # HELP portico_rollout_instances_desired New instances that are wanted.
        # TYPE portico_rollout_instances_desired gauge
        portico_rollout_instances_desired{service="documents"} 3
        # HELP portico_backend_up Whether the backend takes new requests.
        # TYPE portico_backend_up gauge
        portico_backend_up{service="documents",backend="documents-1",release="v1"} 1
        portico_backend_up{service="documents",backend="documents-2",release="v2"} 0
        portico_backend_up{service="documents",backend="documents-3",release="v1"} 1
        portico_backend_up{service="sql",backend="10.0.0.7:5432",release=""} 0
        # HELP portico_backend_requests_total Requests (or TCP connections) sent to the backend.
        # TYPE portico_backend_requests_total counter
        portico_backend_requests_total{service="documents",backend="documents-1",release="v1"} 300
        portico_backend_requests_total{service="documents",backend="documents-2",release="v2"} 300
        portico_backend_requests_total{service="documents",backend="documents-3",release="v1"} 300
        portico_backend_requests_total{service="sql",backend="10.0.0.7:5432",release=""} 300
        # HELP portico_backend_responses_5xx_total Its responses with a status of 500 or above.
        # TYPE portico_backend_responses_5xx_total counter
        portico_backend_responses_5xx_total{service="documents",backend="documents-1",release="v1"} 2
        portico_backend_responses_5xx_total{service="documents",backend="documents-2",release="v2"} 2
        portico_backend_responses_5xx_total{service="documents",backend="documents-3",release="v1"} 2
        portico_backend_responses_5xx_total{service="sql",backend="10.0.0.7:5432",release=""} 2
        # HELP portico_backend_connect_failures_total Connections to it that failed.
        # TYPE portico_backend_connect_failures_total counter
        portico_backend_connect_failures_total{service="documents",backend="documents-1",release="v1"} 4
        portico_backend_connect_failures_total{service="documents",backend="documents-2",release="v2"} 4
        portico_backend_connect_failures_total{service="documents",backend="documents-3",release="v1"} 4
        portico_backend_connect_failures_total{service="sql",backend="10.0.0.7:5432",release=""} 4
        # HELP portico_backend_requests_in_flight Requests on it now.
        # TYPE portico_backend_requests_in_flight gauge
        portico_backend_requests_in_flight{service="documents",backend="documents-1",release="v1"} 1
        portico_backend_requests_in_flight{service="documents",backend="documents-2",release="v2"} 1
        portico_backend_requests_in_flight{service="documents",backend="documents-3",release="v1"} 1
        portico_backend_requests_in_flight{service="sql",backend="10.0.0.7:5432",release=""} 1
        # HELP portico_backend_uptime_seconds Time since the instance was started.
        # TYPE portico_backend_uptime_seconds gauge
        portico_backend_uptime_seconds{service="documents",backend="documents-1",release="v1"} 12.5
        portico_backend_uptime_seconds{service="documents",backend="documents-2",release="v2"} 0.25
        portico_backend_uptime_seconds{service="documents",backend="documents-3",release="v1"} 12
        # HELP portico_share_info Shared directories; always 1.
        # TYPE portico_share_info gauge
        portico_share_info{share="covers",path="/srv/covers"} 1

        """
}
