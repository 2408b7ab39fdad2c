// OpenSSL for Swift: what libssl offers only as macros becomes a function here, and a BIO that reads from and writes to
// memory of the caller's. Header-only; what the calls mean is said where they are used.
// Debian package: libssl-dev.

#ifndef PORTICO_COPENSSL_SHIMS_H
#define PORTICO_COPENSSL_SHIMS_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/// Where a session's encrypted bytes come from and go to: pointed at one connection after the other.
struct tls_window {
    const uint8_t *input;
    size_t input_count;
    uint8_t *output;
    size_t output_count;
    size_t output_capacity;
};

static int tls_window_read(BIO *bio, char *bytes, size_t count, size_t *taken) {
    struct tls_window *window = (struct tls_window *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (window->input_count == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    if (count > window->input_count) count = window->input_count;
    memcpy(bytes, window->input, count);
    window->input += count;
    window->input_count -= count;
    *taken = count;
    return 1;
}

/// Never refuses: the output grows. Its bound is what one call of libssl can produce.
static int tls_window_write(BIO *bio, const char *bytes, size_t count, size_t *taken) {
    struct tls_window *window = (struct tls_window *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (window->output_capacity - window->output_count < count) {
        size_t capacity = 2 * window->output_capacity + count;
        uint8_t *wider = (uint8_t *)realloc(window->output, capacity);
        if (wider == NULL) return 0;
        window->output = wider;
        window->output_capacity = capacity;
    }
    memcpy(window->output + window->output_count, bytes, count);
    window->output_count += count;
    *taken = count;
    return 1;
}

static long tls_window_ctrl(BIO *bio, int order, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return order == BIO_CTRL_FLUSH;
}

/// The kind of BIO; made once and never freed.
static inline BIO_METHOD *tls_window_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "memory window");
    if (method == NULL) return NULL;
    BIO_meth_set_read_ex(method, tls_window_read);
    BIO_meth_set_write_ex(method, tls_window_write);
    BIO_meth_set_ctrl(method, tls_window_ctrl);
    return method;
}

static inline BIO *tls_window_bio(BIO_METHOD *method, struct tls_window *window) {
    BIO *bio = BIO_new(method);
    if (bio == NULL) return NULL;
    BIO_set_data(bio, window);
    BIO_set_init(bio, 1);
    return bio;
}

/// What a call of libssl came to. A session that waits for input says so by `SSL_want` and by the empty window; asking
/// `SSL_get_error` instead would need a cleared error queue before every call.
enum tls_outcome { tls_done, tls_wants_input, tls_closed, tls_failed };

static inline enum tls_outcome tls_not_done(SSL *ssl) {
    if (SSL_want(ssl) == SSL_READING && BIO_should_retry(SSL_get_rbio(ssl))) return tls_wants_input;
    if (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN && ERR_peek_error() == 0) return tls_closed;
    return tls_failed;
}

static inline enum tls_outcome tls_handshake(SSL *ssl) {
    ERR_clear_error();
    return SSL_do_handshake(ssl) == 1 ? tls_done : tls_not_done(ssl);
}

static inline enum tls_outcome tls_read(SSL *ssl, void *bytes, size_t count, size_t *taken) {
    return SSL_read_ex(ssl, bytes, count, taken) == 1 ? tls_done : tls_not_done(ssl);
}

// Macros.

static inline long tls_set_min_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

static inline void tls_set_mode(SSL_CTX *context) {
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/// Has a server send the certificates of its own file, and look for no others at each handshake.
static inline void tls_set_own_chain(SSL_CTX *context) { SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN); }

static inline void tls_set_session_cache(SSL_CTX *context, long mode) { SSL_CTX_set_session_cache_mode(context, mode); }

static inline long tls_set_groups(SSL_CTX *context, const char *names) {
    return SSL_CTX_set1_groups_list(context, names);
}

static inline long tls_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate);
}

static inline long tls_clear_chain_certificates(SSL_CTX *context) { return SSL_CTX_clear_chain_certs(context); }

typedef int (*tls_server_name_callback)(SSL *ssl, int *alert, void *argument);

static inline void tls_on_server_name(SSL_CTX *context, tls_server_name_callback callback, void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

typedef int (*tls_ticket_callback)(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                                   EVP_MAC_CTX *mac, int is_new);

static inline void tls_on_ticket(SSL_CTX *context, tls_ticket_callback callback) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback);
}

static inline long tls_set_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }

typedef void (*tls_free_callback)(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number,
                                  void *argument);

/// A place for a pointer in every context; `callback` gets it when the last user of the context is gone.
static inline int tls_context_place(tls_free_callback callback) {
    return SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, callback);
}

static inline int tls_session_place(void) { return SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL); }

static inline int tls_mac_begin(EVP_MAC_CTX *mac, const unsigned char *key, size_t count) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(mac, parameters);
}

static inline int tls_count_unusual(OSSL_PROVIDER *provider, void *count) {
    if (strcmp(OSSL_PROVIDER_get0_name(provider), "default") != 0) ++*(int *)count;
    return 1;
}

/// Whether a library context made anew has the same algorithms as the one that the system's configuration was read into.
static inline int tls_has_usual_algorithms(void) {
    int unusual = 0;
    return OPENSSL_init_ssl(0, NULL) == 1 && OSSL_PROVIDER_do_all(NULL, tls_count_unusual, &unusual) == 1 &&
           unusual == 0 && !EVP_default_properties_is_fips_enabled(NULL);
}

/// The next certificate of a PEM text, or NULL and an error in the queue.
static inline X509 *tls_read_certificate(BIO *bio, OSSL_LIB_CTX *library) {
    X509 *certificate = X509_new_ex(library, NULL);
    if (PEM_read_bio_X509(bio, &certificate, NULL, NULL) != NULL) return certificate;
    X509_free(certificate);
    return NULL;
}

static inline int tls_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

static inline const GENERAL_NAME *tls_name(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

/// The bytes of a DNS name or an address; NULL for other kinds.
static inline const unsigned char *tls_name_bytes(const GENERAL_NAME *name, int *count) {
    ASN1_STRING *text = NULL;
    if (name->type == GEN_DNS) text = name->d.dNSName;
    if (name->type == GEN_IPADD) text = name->d.iPAddress;
    if (text == NULL) return NULL;
    *count = ASN1_STRING_length(text);
    return ASN1_STRING_get0_data(text);
}

static inline int tls_name_is_address(const GENERAL_NAME *name) { return name->type == GEN_IPADD; }

static inline void tls_free_names(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

static inline X509_STORE *tls_store(SSL_CTX *context) { return SSL_CTX_get_cert_store(context); }

static inline void tls_set_client_authorities(SSL_CTX *context, X509 *authority) {
    SSL_CTX_add_client_CA(context, authority);
}

static inline uint64_t tls_options(void) {
    return SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
}

static inline int tls_library(unsigned long code) { return ERR_GET_LIB(code); }

static inline int tls_reason(unsigned long code) { return ERR_GET_REASON(code); }

static inline long tls_verify_result(const SSL *ssl) { return SSL_get_verify_result(ssl); }

#endif
