#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"

enum { FLUSH_BYTES = 1 << 16 };

static void write_out(struct rcx_cli *cli)
{
    size_t done = 0;
    while (done < cli->out.length && cli->out_errno == 0) {
        ssize_t written = write(cli->environment->stdout_fd, cli->out.data + done,
                                cli->out.length - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            cli->out_errno = errno;
    }
    if (cli->out.failed)
        cli->out_errno = ENOMEM;
    rcx_buf_clear(&cli->out);
}

void rcx_cli_write(struct rcx_cli *cli, const void *data, size_t length)
{
    (void)rcx_buf_append(&cli->out, data, length);
    if (cli->out.length >= FLUSH_BYTES || cli->out.failed)
        write_out(cli);
}

void rcx_cli_print(struct rcx_cli *cli, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    if ((size_t)length < sizeof text) {
        rcx_cli_write(cli, text, (size_t)length);
        return;
    }
    char *longer = rcx_malloc((size_t)length + 1);
    if (longer == NULL) {
        cli->out_errno = ENOMEM;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(longer, (size_t)length + 1, format, arguments);
    va_end(arguments);
    rcx_cli_write(cli, longer, (size_t)length);
    rcx_free(longer);
}

enum rcx_status rcx_cli_flush(struct rcx_cli *cli, struct rcx_error *err)
{
    write_out(cli);
    return cli->out_errno == 0 ? RCX_OK : rcx_fail_errno(err, cli->out_errno, "standard output");
}

struct rcx_json rcx_cli_json_begin(struct rcx_cli *cli, const char *schema)
{
    struct rcx_json json = rcx_json_begin(&cli->out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", schema);
    return json;
}

void rcx_cli_json_end(struct rcx_cli *cli, struct rcx_json *json)
{
    rcx_json_object_end(json);
    if (cli->out.length == 0 || cli->out.data[cli->out.length - 1] != '\n')
        rcx_cli_write(cli, "\n", 1);
}

enum rcx_status rcx_cli_fail_unknown(struct rcx_error *err, enum rcx_status status,
                                     const char *what, const char *word, const char *near,
                                     const char *advice)
{
    if (near == NULL)
        return rcx_fail(err, status, "there is no %s '%s'%s%s", what, word,
                        advice != NULL ? "; " : "", advice != NULL ? advice : "");
    return rcx_fail(err, status, "there is no %s '%s'; did you mean '%s'?%s%s", what, word, near,
                    advice != NULL ? " " : "", advice != NULL ? advice : "");
}

/* Code points, which is columns for the scripts seen here. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (const char *c = text; *c != '\0'; c++)
        width += ((unsigned char)*c & 0xC0) != 0x80;
    return width;
}

static void print_cell(struct rcx_cli *cli, const char *text, size_t width, bool right, bool last)
{
    size_t used = width_of(text), padding = width > used ? width - used : 0;
    if (right)
        rcx_cli_print(cli, "%*s", (int)padding, "");
    rcx_cli_write(cli, text, strlen(text));
    if (!right && !last)
        rcx_cli_print(cli, "%*s", (int)padding, "");
    rcx_cli_print(cli, "%s", last ? "\n" : "  ");
}

static const char *shown_text(const char *text)
{
    return text != NULL ? text : "";
}

void rcx_cli_table(struct rcx_cli *cli, const struct rcx_cli_column *columns, size_t column_count,
                   const char *const *cells, size_t row_count)
{
    size_t widths[32] = {0};
    size_t shown = column_count < 32 ? column_count : 32;
    for (size_t c = 0; c < shown; c++) {
        widths[c] = width_of(shown_text(columns[c].name));
        for (size_t r = 0; r < row_count; r++) {
            size_t width = width_of(shown_text(cells[r * column_count + c]));
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (size_t c = 0; c < shown && columns[0].name != NULL; c++)
        print_cell(cli, shown_text(columns[c].name), widths[c], columns[c].right, c + 1 == shown);
    for (size_t r = 0; r < row_count; r++)
        for (size_t c = 0; c < shown; c++)
            print_cell(cli, shown_text(cells[r * column_count + c]), widths[c], columns[c].right,
                       c + 1 == shown);
}
