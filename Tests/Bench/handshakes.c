// A client that makes one TLS 1.3 connection for each request, with or without resuming the session before.
//
//     handshakes full|resumed PORT AT_A_TIME SECONDS
//
// Each of AT_A_TIME processes works in a closed loop: connect, handshake, GET, read to the end, close. A ticket is used
// once, as RFC 8446 C.4 advises. Prints JSON: how long each took, how many were resumed, what went wrong. A full handshake
// here is what it is in production: key exchange, signature, new tickets. The certificate is not verified: that is the
// client's work, and not what is measured.
//
// `openssl s_time` does not wait for the tickets of TLS 1.3, which come after the handshake, and wrk can't resume. In C
// because a client in Python took 70 % of the machine: the figures were those of proxies with cold caches.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { latencies_max = 1 << 20, errors_max = 100 };

// What one process found, in memory that it shares with its parent.
struct counted {
    int count, resumed, errors;
    char error[200];                // The last one.
    float latencies[latencies_max]; // Milliseconds, from connect to the end.
};

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static const char *reason(const char *step) {
    static char text[200];
    unsigned long code = ERR_peek_last_error();
    const char *cause = code != 0 ? ERR_reason_error_string(code) : errno != 0 ? strerror(errno) : "closed early";
    snprintf(text, sizeof text, "%s: %s", step, cause != NULL ? cause : "unknown");
    return text;
}

// Shakes hands and exchanges one request; what went wrong, or NULL. `session` is what to resume, then what came next.
static const char *talk(SSL *ssl, SSL_SESSION **session, int *is_resumed) {
    char received[65536], start[13] = "";
    size_t count, total = 0;
    ERR_clear_error();
    errno = 0;
    if (*session != NULL) SSL_set_session(ssl, *session);
    SSL_set_tlsext_host_name(ssl, "localhost");
    if (SSL_connect(ssl) != 1) return reason("handshake");
    if (SSL_write_ex(ssl, request, sizeof request - 1, &count) != 1) return reason("write");
    while (SSL_read_ex(ssl, received, sizeof received, &count) == 1)
        for (size_t at = 0; at < count; at++, total++)
            if (total < sizeof start - 1) start[total] = received[at];
    if (SSL_get_error(ssl, 0) != SSL_ERROR_ZERO_RETURN) return reason("read");
    if (strcmp(start, "HTTP/1.1 200") != 0) return "the answer was not 200";
    *is_resumed = SSL_session_reused(ssl);
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(ssl);
    SSL_shutdown(ssl);
    return NULL;
}

static const char *exchange(SSL_CTX *context, const struct sockaddr_in *address, SSL_SESSION **session, int *is_resumed) {
    int plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct timeval patience = {10, 0};
    const char *error = NULL;
    setsockopt(plain, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(plain, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(plain, (const struct sockaddr *)address, sizeof *address) != 0) {
        error = reason("connect");
    } else {
        SSL *ssl = SSL_new(context);
        SSL_set_fd(ssl, plain);
        error = talk(ssl, session, is_resumed);
        SSL_free(ssl);
    }
    close(plain);
    return error;
}

static void work(const struct sockaddr_in *address, int resumes, double seconds, struct counted *counted) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_SESSION *session = NULL;
    int is_resumed = 0;
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    if (resumes) exchange(context, address, &session, &is_resumed);
    double begin, end = now() + seconds;
    while ((begin = now()) < end && counted->errors < errors_max && counted->count < latencies_max) {
        if (!resumes) {
            SSL_SESSION_free(session);
            session = NULL;
        }
        const char *error = exchange(context, address, &session, &is_resumed);
        if (error != NULL) {
            counted->errors++;
            snprintf(counted->error, sizeof counted->error, "%s", error);
            continue;
        }
        counted->resumed += is_resumed;
        counted->latencies[counted->count++] = (float)((now() - begin) * 1000);
    }
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "handshakes full|resumed PORT AT_A_TIME SECONDS\n"), 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[2])),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int processes = atoi(arguments[3]), resumed = 0;
    struct counted *counted = mmap(NULL, processes * sizeof *counted, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (counted == MAP_FAILED) return perror("handshakes: mmap"), 1;
    for (int index = 0; index < processes; index++) {
        pid_t child = fork();
        if (child < 0) return perror("handshakes: fork"), 1;
        if (child > 0) continue;
        work(&address, strcmp(arguments[1], "resumed") == 0, atof(arguments[4]), &counted[index]);
        _exit(0);
    }
    while (wait(NULL) > 0) {}
    const char *comma = "";
    printf("{\"latencies\": [");
    for (int index = 0; index < processes; index++) {
        for (int at = 0; at < counted[index].count; at++, comma = ", ")
            printf("%s%.3f", comma, counted[index].latencies[at]);
        resumed += counted[index].resumed;
    }
    printf("], \"resumed\": %d, \"errors\": [", resumed);
    comma = "";
    for (int index = 0; index < processes; index++)
        if (counted[index].errors > 0) {
            printf("%s\"%d times, such as: %s\"", comma, counted[index].errors, counted[index].error);
            comma = ", ";
        }
    printf("]}\n");
    return 0;
}
