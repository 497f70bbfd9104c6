#pragma once
/* Statuses, the error object, and the exit codes they map to.
 *
 * A status is for programs, the text of `struct rcx_error` for people: what was being done, to what,
 * what was expected, what was found, what to do. The caller owns the error object and passes it as
 * the last parameter; NULL means "the status is enough". Library code never prints or exits.
 *
 * To add a status: 1. a row below; 2. use it. Names, texts and exit codes derive from the table. */
#include <stdarg.h>

/* clang-format off */
/*      name          exit  text */
#define RCX_STATUSES(X)                                                                            \
    X(OK,              0, "done")                                                                  \
    X(E_IO,            1, "input or output failed")                                                \
    X(E_NOMEM,         1, "out of memory")                                                         \
    X(E_BUSY,          1, "in use by another process")                                             \
    X(E_INTERNAL,      1, "internal error")                                                        \
    X(E_USAGE,         2, "bad command line")                                                      \
    X(E_CONFIG,        2, "bad configuration")                                                     \
    X(E_INPUT,         3, "input data refused")                                                    \
    X(E_CORRUPT,       4, "file corrupt")                                                          \
    X(E_VERSION,       4, "file of a newer format")                                                \
    X(E_CHECK,         5, "a check failed")                                                        \
    X(E_INTERRUPTED, 130, "interrupted")
/* clang-format on */

enum rcx_status {
#define X(name, exit_code, text) RCX_##name,
    RCX_STATUSES(X)
#undef X
        RCX_STATUS_COUNT
};

enum { RCX_ERROR_TEXT_BYTES = 2048 };

struct rcx_error {
    enum rcx_status status;
    char text[RCX_ERROR_TEXT_BYTES]; /* NUL-terminated UTF-8; longer texts are cut */
};

/* Fills `err` (when not NULL) and returns `status`, so that `return rcx_fail(...)` reads well. */
enum rcx_status rcx_fail(struct rcx_error *err, enum rcx_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As rcx_fail with RCX_E_IO, followed by ": " and the text of `errno_value`. */
enum rcx_status rcx_fail_errno(struct rcx_error *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* RCX_E_NOMEM with "<what>: out of memory (<bytes> bytes)". */
enum rcx_status rcx_fail_nomem(struct rcx_error *err, const char *what, unsigned long long bytes);

const char *rcx_status_name(enum rcx_status status); /* "E_IO" */
const char *rcx_status_text(enum rcx_status status);
int rcx_status_exit_code(enum rcx_status status);

/* The static analyzer sees one file at a time: tell it that a failure is never RCX_OK. */
#ifdef __clang_analyzer__
#define rcx_fail(err, status, ...) (rcx_fail(err, status, __VA_ARGS__), status)
#define rcx_fail_errno(err, ...) (rcx_fail_errno(err, __VA_ARGS__), RCX_E_IO)
#define rcx_fail_nomem(err, ...) (rcx_fail_nomem(err, __VA_ARGS__), RCX_E_NOMEM)
#endif
