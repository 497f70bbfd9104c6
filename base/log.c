#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"

struct rcx_log {
    struct rcx_log_options options;
    FILE *file; /* NULL: none */
    pthread_mutex_t mutex;
};

static const char *const names[RCX_LOG_LEVELS + 1] = {"debug", "info", "warning", "error", "off"};

enum rcx_status rcx_log_open(const struct rcx_log_options *options, struct rcx_log **out,
                             struct rcx_error *err)
{
    struct rcx_log *log = rcx_calloc(1, sizeof *log);
    if (!log)
        return rcx_fail_nomem(err, "log", sizeof *log);
    log->options = *options;
    log->options.file = NULL; /* borrowed, and not needed any more */
    if (options->file && options->file[0] != '\0') {
        log->file = fopen(options->file, "ae");
        if (!log->file) {
            int problem = errno;
            rcx_free(log);
            return rcx_fail_errno(err, problem, "%s: cannot open log file", options->file);
        }
    }
    pthread_mutex_init(&log->mutex, NULL);
    *out = log;
    return RCX_OK;
}

void rcx_log_close(struct rcx_log *log)
{
    if (!log)
        return;
    if (log->file)
        fclose(log->file);
    pthread_mutex_destroy(&log->mutex);
    rcx_free(log);
}

static bool to_console(const struct rcx_log *log, enum rcx_log_level level)
{
    return log->options.console_level != RCX_LOG_LEVELS && level >= log->options.console_level;
}

static bool to_file(const struct rcx_log *log, enum rcx_log_level level)
{
    return log->file && log->options.file_level != RCX_LOG_LEVELS &&
           level >= log->options.file_level;
}

bool rcx_log_enabled(const struct rcx_log *log, enum rcx_log_level level)
{
    return log && level < RCX_LOG_LEVELS && (to_console(log, level) || to_file(log, level));
}

/* One line, one call: lines of several processes do not mix. */
static void write_console(const struct rcx_log *log, enum rcx_log_level level, const char *where,
                          const char *message)
{
    static const char *const colors[RCX_LOG_LEVELS] = {"\033[2m", "", "\033[33m", "\033[31m"};
    const char *color = log->options.color ? colors[level] : "";
    const char *reset = *color ? "\033[0m" : "";
    if (level == RCX_LOG_INFO)
        fprintf(stderr, "%s%s: %s%s\n", color, where, message, reset);
    else
        fprintf(stderr, "%s%s: %s: %s%s\n", color, where, names[level], message, reset);
}

static void write_file(struct rcx_log *log, enum rcx_log_level level, const char *where,
                       const char *message)
{
    struct timespec now;
    struct tm parts;
    char stamp[64];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t length = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(stamp + length, sizeof stamp - length, ".%03ldZ", now.tv_nsec / 1000000);

    struct rcx_buf line = {0};
    struct rcx_json json = rcx_json_begin(&line, true);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "time", stamp);
    rcx_json_put_text(&json, "level", names[level]);
    rcx_json_put_text(&json, "where", where);
    rcx_json_put_text(&json, "message", message);
    rcx_json_object_end(&json);
    while (line.length > 0 && line.data[line.length - 1] == '\n')
        line.length--;
    rcx_buf_append_byte(&line, '\n');
    if (!line.failed) {
        fwrite(line.data, 1, line.length, log->file);
        fflush(log->file);
    }
    rcx_buf_release(&line);
}

void rcx_log_write(struct rcx_log *log, enum rcx_log_level level, const char *where,
                   const char *format, ...)
{
    if (!rcx_log_enabled(log, level))
        return;
    char message[RCX_ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&log->mutex);
    if (to_console(log, level))
        write_console(log, level, where, message);
    if (to_file(log, level))
        write_file(log, level, where, message);
    pthread_mutex_unlock(&log->mutex);
}

bool rcx_log_level_parse(const char *name, enum rcx_log_level *out)
{
    for (unsigned i = 0; i <= RCX_LOG_LEVELS; i++) {
        if (name && strcmp(name, names[i]) == 0) {
            *out = (enum rcx_log_level)i;
            return true;
        }
    }
    return false;
}

const char *rcx_log_level_name(enum rcx_log_level level)
{
    return (unsigned)level <= RCX_LOG_LEVELS ? names[level] : "?";
}
