"""Whether the contenders do the same work: what they tell the upstream, what they tell the client, and which TLS."""

import http.client
import socket
import ssl

# A TLS 1.3 suite and a key exchange that differ would make one contender's bytes cheaper than another's.
TELLING = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "x-request-id")


def client_context():
    """TLS 1.3 alone; the certificate is not verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connection_to(workload, port):
    if workload.mode in ("https", "h2"):
        context = client_context()
        context.set_alpn_protocols(["http/1.1"])
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    return http.client.HTTPConnection("127.0.0.1", port, timeout=5)


def answers(workload, port):
    """Whether it answers 200 with a whole body by now."""
    connection = connection_to(workload, port)
    try:
        connection.request("GET", workload.path)
        response = connection.getresponse()
        return response.status == 200 and len(response.read()) > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def work_done(workload, port):
    """What a contender does with a request, in words that can be compared."""
    done = {}
    connection = connection_to(workload, port)
    try:
        connection.request("GET", "/seen")
        response = connection.getresponse()
        seen = dict(line.split(": ", 1) for line in response.read().decode().splitlines() if ": " in line)
        if workload.mode != "tcp":
            for name in TELLING:
                done[f"tells the upstream {name}"] = bool(seen.get(name))
            done["tells the upstream the scheme"] = seen.get("x-forwarded-proto")
            done["tells the client x-request-id"] = bool(response.headers.get("x-request-id"))
        done["speaks to the upstream"] = seen.get("protocol")
        done["keeps the connection"] = not response.will_close
        if isinstance(connection.sock, ssl.SSLSocket):
            done["TLS"] = " ".join(str(word) for word in connection.sock.cipher())
    finally:
        connection.close()
    return done


def offered_protocol(port):
    """What is agreed on with a client that offers HTTP/2 and HTTP/1.1."""
    context = client_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            return secure.selected_alpn_protocol()


def differences(workload, contenders):
    """One line for each thing that not all of them do alike; empty if the work is equal."""
    done = {}
    for contender in contenders:
        try:
            done[contender.name] = work_done(workload, contender.port)
            if workload.mode == "h2":
                done[contender.name]["agrees on"] = offered_protocol(contender.port)
        except (OSError, http.client.HTTPException) as error:
            done[contender.name] = {"fails": f"{type(error).__name__}: {error}"}
    lines = []
    for subject in sorted({subject for each in done.values() for subject in each}):
        values = {name: each.get(subject) for name, each in done.items()}
        if len(set(values.values())) > 1:
            lines.append(f"{subject}: " + ", ".join(f"{name} {value}" for name, value in values.items()))
    return lines
