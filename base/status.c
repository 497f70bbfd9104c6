#include "base/status.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#undef rcx_fail
#undef rcx_fail_errno
#undef rcx_fail_nomem

static const struct {
    const char *name;
    const char *text;
    int exit_code;
} statuses[RCX_STATUS_COUNT] = {
#define X(status_name, status_exit, status_text)                                                   \
    [RCX_##status_name] = {.name = #status_name, .text = status_text, .exit_code = status_exit},
    RCX_STATUSES(X)
#undef X
};

/* Steps back to the start of a UTF-8 character that was cut at the end of the buffer. */
static void trim_cut_character(char *text)
{
    size_t length = strlen(text);
    size_t start = length;
    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (length - (start - 1) < want)
        text[start - 1] = '\0';
}

static void append(struct rcx_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append_v(struct rcx_error *err, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void append_v(struct rcx_error *err, const char *format, va_list arguments)
{
    size_t used = strlen(err->text);
    int wanted = vsnprintf(err->text + used, sizeof err->text - used, format, arguments);
    if (wanted < 0)
        err->text[used] = '\0';
    else if ((size_t)wanted >= sizeof err->text - used)
        trim_cut_character(err->text);
    rcx_replace_controls(err->text + used); /* messages quote what files hold */
}

static void append(struct rcx_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append_v(err, format, arguments);
    va_end(arguments);
}

enum rcx_status rcx_fail(struct rcx_error *err, enum rcx_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    /* Arguments may point into err->text (a caller adding context), so build aside. */
    struct rcx_error built = {.status = status};
    va_list arguments;
    va_start(arguments, format);
    append_v(&built, format, arguments);
    va_end(arguments);
    *err = built;
    return status;
}

enum rcx_status rcx_fail_errno(struct rcx_error *err, int errno_value, const char *format, ...)
{
    if (err == NULL)
        return RCX_E_IO;
    struct rcx_error built = {.status = RCX_E_IO};
    va_list arguments;
    va_start(arguments, format);
    append_v(&built, format, arguments);
    va_end(arguments);
    char reason[128];
    append(&built, ": %s", strerror_r(errno_value, reason, sizeof reason));
    *err = built;
    return RCX_E_IO;
}

enum rcx_status rcx_fail_nomem(struct rcx_error *err, const char *what, unsigned long long bytes)
{
    return rcx_fail(err, RCX_E_NOMEM, "%s: out of memory (%llu bytes)", what, bytes);
}

const char *rcx_status_name(enum rcx_status status)
{
    assert((unsigned)status < RCX_STATUS_COUNT);
    return statuses[status].name;
}

const char *rcx_status_text(enum rcx_status status)
{
    assert((unsigned)status < RCX_STATUS_COUNT);
    return statuses[status].text;
}

int rcx_status_exit_code(enum rcx_status status)
{
    assert((unsigned)status < RCX_STATUS_COUNT);
    return statuses[status].exit_code;
}
