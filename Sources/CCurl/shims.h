// libcurl for Swift: Swift can't call C's variadic functions, so each kind of option gets one typed function here.
// Nothing else belongs here; what the options mean is said where they are set.
// Package target: .systemLibrary(name: "CCurl"); Debian package: libcurl4-openssl-dev.

#ifndef PORTICO_CCURL_SHIMS_H
#define PORTICO_CCURL_SHIMS_H

// The type-checking macros of libcurl wrap the variadic calls; here the function signatures do that work.
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>

// Parenthesised calls, because libcurl also defines macros of these names.

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(handle, option, value);
}

// libcurl copies the string, except for CURLOPT_POSTFIELDS: there it must outlive the transfer, so CURLOPT_COPYPOSTFIELDS
// (after CURLOPT_POSTFIELDSIZE) is the one to use from Swift. NULL takes the option back.
static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return (curl_easy_setopt)(handle, option, value);
}

// libcurl does not copy the list: it must outlive the transfer.
static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(handle, option, value);
}

typedef size_t (*ccurl_data_callback)(char *bytes, size_t size, size_t count, void *context);

// For CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION and CURLOPT_READFUNCTION.
static inline CURLcode ccurl_set_data_callback(CURL *handle, CURLoption option, ccurl_data_callback callback) {
    return (curl_easy_setopt)(handle, option, callback);
}

typedef int (*ccurl_prereq_callback)(void *context, char *remote_address, char *local_address, int remote_port,
                                     int local_port);

// For CURLOPT_PREREQFUNCTION: called when the connection stands, right before the request is sent.
static inline CURLcode ccurl_set_prereq_callback(CURL *handle, CURLoption option, ccurl_prereq_callback callback) {
    return (curl_easy_setopt)(handle, option, callback);
}

static inline CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value) {
    return (curl_easy_getinfo)(handle, info, value);
}

static inline CURLcode ccurl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
    return (curl_easy_getinfo)(handle, info, value);
}

// The string belongs to the handle.
static inline CURLcode ccurl_get_string(CURL *handle, CURLINFO info, const char **value) {
    return (curl_easy_getinfo)(handle, info, value);
}

static inline CURLcode ccurl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return (curl_easy_getinfo)(handle, info, value);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return (curl_multi_setopt)(handle, option, value);
}

// The easy handle and the result of a finished transfer. The message's `data` is a union, which Swift reads poorly.
static inline CURLcode ccurl_message_result(const CURLMsg *message) {
    return message->data.result;
}

#endif
