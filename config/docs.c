#include "config/docs.h"

#include <string.h>

#include "config/value.h"

enum { COMMENT_COLUMNS = 98 };

/* "# text" in lines of at most COMMENT_COLUMNS, broken at spaces. */
static void write_comment(const char *text, unsigned indent, struct rcx_buf *out)
{
    size_t room = COMMENT_COLUMNS - indent - 2, left = strlen(text);
    while (left > 0) {
        size_t length = left;
        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ')
                length--;
            if (length == 0)
                length = room;
        }
        (void)rcx_buf_printf(out, "%*s# %.*s\n", (int)indent, "", (int)length, text);
        while (length < left && text[length] == ' ')
            length++;
        text += length;
        left -= length;
    }
}

/* The group lines ("cleaning:", "  outliers:") that `name` needs and `previous` had not opened;
 * returns the indentation of the key itself. */
static unsigned open_groups(const char *name, const char *previous, struct rcx_buf *out)
{
    unsigned indent = 0;
    for (const char *part = name, *dot; (dot = strchr(part, '.')) != NULL; part = dot + 1) {
        size_t until = (size_t)(dot - name) + 1;
        if (strncmp(name, previous, until) != 0)
            (void)rcx_buf_printf(out, "%*s%.*s:\n", (int)indent, "", (int)(dot - part), part);
        indent += 2;
    }
    return indent;
}

static void write_key(const struct rcx_key *key, const char *previous,
                      const struct rcx_settings *settings, struct rcx_buf *out)
{
    struct rcx_buf text = {0};
    unsigned indent = open_groups(key->name, previous, out);
    (void)rcx_buf_printf(&text, "%s (", key->meaning);
    (void)rcx_key_describe(key, &text);
    (void)rcx_buf_append_text(&text, ")");
    write_comment(rcx_buf_text(&text), indent, out);
    (void)rcx_buf_printf(out, "%*s%s: ", (int)indent, "", strrchr(key->name, '.') + 1);
    (void)rcx_value_print_yaml(key, rcx_settings_config(settings), out);
    (void)rcx_buf_append_byte(out, '\n');
    out->failed |= text.failed;
    rcx_buf_release(&text);
}

enum rcx_status rcx_config_write_yaml(const struct rcx_settings *settings, struct rcx_buf *out,
                                      struct rcx_error *err)
{
    const char *previous = "";
    (void)rcx_buf_append_text(
        out,
        "# Every key with its default. Written by 'rcx config defaults' from the table of keys;\n"
        "# copy what you change into your own rcx.yaml.\n");
    for (size_t s = 0; s < rcx_section_count(); s++) {
        const struct rcx_section *section = rcx_section_at(s);
        (void)rcx_buf_printf(out, "\n# %s: %s\n", section->name, section->meaning);
        for (size_t i = 0; i < rcx_key_count(); i++) {
            const struct rcx_key *key = rcx_key_at(i);
            if (strcmp(key->section, section->name) != 0)
                continue;
            write_key(key, previous, settings, out);
            previous = key->name;
        }
    }
    return out->failed ? rcx_fail_nomem(err, "configuration as YAML", out->length) : RCX_OK;
}

static void write_row(const struct rcx_key *key, struct rcx_buf *out)
{
    const char *value = key->default_text;
    (void)rcx_buf_printf(out, "| `%s` | %s%s%s | ", key->name, value[0] != '\0' ? "`" : "empty",
                         value, value[0] != '\0' ? "`" : "");
    (void)rcx_key_describe(key, out);
    (void)rcx_buf_printf(out, " | %s |\n", key->meaning);
}

enum rcx_status rcx_config_write_markdown(struct rcx_buf *out, struct rcx_error *err)
{
    (void)rcx_buf_append_text(
        out, "# Configuration\n\n"
             "Written by `rcx config defaults --markdown` from the table of keys; do not edit.\n\n"
             "A value is looked for in this order: an option of its own (`--threads 2`), `--set "
             "store.zstd_level=5`,\n"
             "the environment (`RCX_STORE__ZSTD_LEVEL=5`: dots are `__`), the file of `-c FILE` "
             "(else `./rcx.yaml` when\n"
             "there is one), the default. `rcx config list` shows every key with its value and "
             "where that came from;\n"
             "`rcx config check FILE` names every mistake in a file by line and column.\n");
    for (size_t s = 0; s < rcx_section_count(); s++) {
        const struct rcx_section *section = rcx_section_at(s);
        (void)rcx_buf_printf(
            out, "\n## %s: %s\n\n| key | default | values | meaning |\n|---|---|---|---|\n",
            section->name, section->meaning);
        for (size_t i = 0; i < rcx_key_count(); i++)
            if (strcmp(rcx_key_at(i)->section, section->name) == 0)
                write_row(rcx_key_at(i), out);
    }
    return out->failed ? rcx_fail_nomem(err, "configuration as Markdown", out->length) : RCX_OK;
}
