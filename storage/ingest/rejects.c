#include "storage/ingest/rejects.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

const char *rcx_reject_reason_text(enum rcx_reject_reason reason)
{
    static const char *const texts[] = {
#define X(name, text) text,
        RCX_REJECT_REASONS(X)
#undef X
    };
    return texts[reason];
}

bool rcx_reject_list_add(struct rcx_reject_list *list, uint64_t line, enum rcx_reject_reason reason,
                         int column, struct rcx_text raw)
{
    size_t length = raw.length < RCX_REJECT_TEXT_BYTES ? raw.length : RCX_REJECT_TEXT_BYTES;
    size_t begin = list->text.length;
    if (!rcx_array_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items) ||
        !rcx_buf_append(&list->text, raw.data, length))
        return false;
    list->items[list->count++] = (struct rcx_reject){line, reason, column, begin, length};
    return true;
}

void rcx_reject_list_clear(struct rcx_reject_list *list)
{
    list->count = 0;
    rcx_buf_clear(&list->text);
}

void rcx_reject_list_release(struct rcx_reject_list *list)
{
    rcx_free(list->items);
    rcx_buf_release(&list->text);
    *list = (struct rcx_reject_list){0};
}

void rcx_reject_counts_describe(const struct rcx_reject_counts *counts, struct rcx_buf *out)
{
    enum { SHOWN = 3 };
    bool told[RCX_REJECT_REASON_COUNT] = {false};
    for (int i = 0; i < SHOWN; i++) {
        int most = -1;
        for (int r = 0; r < RCX_REJECT_REASON_COUNT; r++)
            if (!told[r] && counts->by_reason[r] > 0 &&
                (most < 0 || counts->by_reason[r] > counts->by_reason[most]))
                most = r;
        if (most < 0)
            return;
        told[most] = true;
        char number[32];
        rcx_buf_printf(out, "%s%s x %s", i == 0 ? "" : "; ",
                       rcx_format_count(counts->by_reason[most], number),
                       rcx_reject_reason_text((enum rcx_reject_reason)most));
        if (counts->example[most].column[0] != '\0')
            rcx_buf_printf(out, " in '%s'", counts->example[most].column);
        rcx_buf_printf(out, " (%s:%" PRIu64 ": %s)", counts->example[most].file,
                       counts->example[most].line, counts->example[most].text);
        if (i == 0 && most == RCX_REJECT_NOT_A_DATE)
            rcx_buf_append_text(out,
                                ", known are D/M/Y, M/D/Y, Y/M/D (also with - or .), YYYYMMDD and "
                                "Excel's day numbers");
    }
}

struct rcx_reject_file {
    char *path;
    struct rcx_file_writer *writer; /* NULL before the first reject */
    struct rcx_buf buffer;
};

enum rcx_status rcx_reject_file_open(const char *path, struct rcx_reject_file **out,
                                     struct rcx_error *err)
{
    struct rcx_reject_file *file = rcx_calloc(1, sizeof *file);
    if (file)
        file->path = rcx_strdup(path);
    if (!file || !file->path) {
        rcx_free(file);
        return rcx_fail_nomem(err, path, sizeof *file);
    }
    *out = file;
    return RCX_OK;
}

static void append_quoted(struct rcx_buf *out, const char *text, size_t length)
{
    rcx_buf_append_byte(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            rcx_buf_append_byte(out, '"');
        rcx_buf_append_byte(out, (uint8_t)text[i]);
    }
    rcx_buf_append_byte(out, '"');
}

/* The raw text as UTF-8, whatever it came as. */
static bool append_raw(struct rcx_buf *out, const char *text, size_t length)
{
    /* A text that was cut may end in the middle of a character. */
    size_t valid = rcx_utf8_check(text, length);
    if (length - valid < 4 && length == RCX_REJECT_TEXT_BYTES)
        length = valid;
    if (valid >= length) {
        append_quoted(out, text, length);
        return true;
    }
    char *utf8 = rcx_malloc(3 * length + 1);
    if (!utf8)
        return false;
    append_quoted(out, utf8, rcx_cp1252_to_utf8(text, length, utf8));
    rcx_free(utf8);
    return true;
}

static void note_example(struct rcx_reject_counts *counts, const char *input, const char *column,
                         const struct rcx_reject *reject, const char *text)
{
    if (counts->example[reject->reason].line != 0)
        return;
    counts->example[reject->reason].line = reject->line;
    snprintf(counts->example[reject->reason].file, sizeof counts->example[0].file, "%s", input);
    snprintf(counts->example[reject->reason].column, sizeof counts->example[0].column, "%s",
             column);
    char *out = counts->example[reject->reason].text;
    size_t length = reject->text_length < 90 ? reject->text_length : 90;
    size_t valid = rcx_utf8_check(text, length);
    bool utf8 = length - valid < 4; /* the last character may be cut */
    if (utf8)
        length = valid;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool space = c == '\t' || c == '\n' || c == '\r';
        bool shown = c >= 32 && c != 127 && (c < 128 || utf8);
        out[i] = (char)(space ? ' ' : shown ? c : '?');
    }
    snprintf(out + length, sizeof counts->example[0].text - length, "%s",
             length < reject->text_length ? "..." : "");
}

void rcx_reject_counts_add(struct rcx_reject_counts *counts, const char *input,
                           const struct rcx_source_column *columns,
                           const struct rcx_reject_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct rcx_reject *reject = &list->items[i];
        const char *text = (const char *)list->text.data + reject->text_begin;
        counts->total++;
        counts->by_reason[reject->reason]++;
        note_example(counts, input, reject->column >= 0 ? columns[reject->column].name : "", reject,
                     text);
    }
}

static const char header[] = "file,line,column,reason,raw_text\n";

/* Whether `path` may be replaced: it is not there, or empty, or a list of rejects. */
static bool is_replaceable(const char *path)
{
    char begin[sizeof header - 1];
    struct stat is;
    if (stat(path, &is) != 0 || !S_ISREG(is.st_mode) || is.st_size == 0)
        return true; /* what cannot be written is told when it is opened */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    ssize_t got = pread(fd, begin, sizeof begin, 0);
    close(fd);
    return got == (ssize_t)sizeof begin && memcmp(begin, header, sizeof begin) == 0;
}

static enum rcx_status start_file(struct rcx_reject_file *file, struct rcx_error *err)
{
    if (!is_replaceable(file->path))
        return rcx_fail(
            err, RCX_E_IO,
            "%s: exists and is no list of rejected rows, so it is not overwritten; name "
            "another file for the rejected rows with --rejects FILE",
            file->path);
    enum rcx_status status = rcx_file_writer_open(file->path, NULL, &file->writer, err);
    if (status == RCX_OK)
        status = rcx_file_writer_write(file->writer, header, sizeof header - 1, err);
    return status;
}

enum rcx_status rcx_reject_file_write(struct rcx_reject_file *file, const char *input,
                                      const struct rcx_source_column *columns,
                                      const struct rcx_reject_list *list,
                                      struct rcx_reject_counts *counts, struct rcx_error *err)
{
    struct rcx_buf *out = &file->buffer;
    enum rcx_status status = RCX_OK;
    rcx_reject_counts_add(counts, input, columns, list);
    if (list->count > 0 && !file->writer)
        status = start_file(file, err);
    for (size_t i = 0; i < list->count && status == RCX_OK; i++) {
        const struct rcx_reject *reject = &list->items[i];
        const char *text = (const char *)list->text.data + reject->text_begin;
        const char *column = reject->column >= 0 ? columns[reject->column].name : "";
        rcx_buf_clear(out);
        append_quoted(out, input, strlen(input));
        rcx_buf_printf(out, ",%" PRIu64 ",", reject->line);
        append_quoted(out, column, strlen(column));
        rcx_buf_printf(out, ",%s,", rcx_reject_reason_text(reject->reason));
        if (!append_raw(out, text, reject->text_length) || !rcx_buf_append_byte(out, '\n'))
            return rcx_fail_nomem(err, file->path, reject->text_length);
        status = rcx_file_writer_write(file->writer, out->data, out->length, err);
    }
    return status;
}

void rcx_reject_file_restart(struct rcx_reject_file *file)
{
    rcx_file_writer_abort(file->writer);
    file->writer = NULL;
}

static void release(struct rcx_reject_file *file)
{
    rcx_buf_release(&file->buffer);
    rcx_free(file->path);
    rcx_free(file);
}

enum rcx_status rcx_reject_file_commit(struct rcx_reject_file *file, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    if (file->writer)
        status = rcx_file_writer_commit(file->writer, err);
    release(file);
    return status;
}

void rcx_reject_file_abort(struct rcx_reject_file *file)
{
    if (!file)
        return;
    rcx_file_writer_abort(file->writer);
    release(file);
}
