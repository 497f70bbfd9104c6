#pragma once
/* Leveled, structured log: to the console for people, to a file as one JSON object a line.
 * A logger is passed explicitly; NULL logs nothing. Thread-safe. Library code logs, never prints. */
#include <stdbool.h>

#include "base/status.h"

enum rcx_log_level { RCX_LOG_DEBUG, RCX_LOG_INFO, RCX_LOG_WARNING, RCX_LOG_ERROR, RCX_LOG_LEVELS };

struct rcx_log;
struct rcx_log_options {
    enum rcx_log_level console_level; /* RCX_LOG_LEVELS: nothing */
    enum rcx_log_level file_level;
    const char *file; /* NULL or "": none; appended to */
    bool color;
};
enum rcx_status rcx_log_open(const struct rcx_log_options *options, struct rcx_log **out,
                             struct rcx_error *err);
void rcx_log_close(struct rcx_log *log);
/* `where` is the stage or module ("ingest"). */
void rcx_log_write(struct rcx_log *log, enum rcx_log_level level, const char *where,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
bool rcx_log_enabled(const struct rcx_log *log, enum rcx_log_level level);
/* debug, info, warning, error, off */
bool rcx_log_level_parse(const char *name, enum rcx_log_level *out);
const char *rcx_log_level_name(enum rcx_log_level level);
