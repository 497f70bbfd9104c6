#include "engine/exec/feature_lineage.h"

#include <stdio.h>
#include <string.h>

#include "base/json_read.h"
#include "base/memory.h"

enum { DIFFERENCES_SHOWN = 3 };

void rcx_feature_lineage_release(struct rcx_feature_lineage *lineage)
{
    rcx_buf_release(&lineage->definitions);
    rcx_free(lineage->snapshots);
    *lineage = (struct rcx_feature_lineage){0};
}

bool rcx_feature_lineage_add(struct rcx_feature_lineage *lineage,
                             const struct rcx_feature_lineage_snapshot *snapshot)
{
    if (!rcx_array_reserve(&lineage->snapshots, &lineage->capacity, lineage->count + 1,
                           sizeof *lineage->snapshots))
        return false;
    lineage->snapshots[lineage->count++] = *snapshot;
    return true;
}

/* --- the counts ---------------------------------------------------------------------------- */

/*      name, member of rcx_snapshot_counts, of labels only */
#define COUNTS(X)                                                                                  \
    X("customers", customers, false)                                                               \
    X("window_rows", window_rows, false)                                                           \
    X("history_rows", history_rows, false)                                                         \
    X("churn_eligible", eligible, true)                                                            \
    X("churn_labelled", churn_known, true)                                                         \
    X("churned", churned, true)                                                                    \
    X("eligible_labelled", eligible_known, true)                                                   \
    X("eligible_churned", eligible_churned, true)                                                  \
    X("clv_labelled", clv_known, true)                                                             \
    X("clv_zero", clv_zero, true)                                                                  \
    X("clv_negative", clv_negative, true)

static const struct count_member {
    const char *name;
    size_t offset;
    bool of_labels;
} members[] = {
#define X(name, member, of_labels) {name, offsetof(struct rcx_snapshot_counts, member), of_labels},
    COUNTS(X)
#undef X
};
enum { MEMBER_COUNT = sizeof members / sizeof members[0] };

static void put_snapshot(struct rcx_json *json, const struct rcx_feature_lineage *lineage,
                         const struct rcx_feature_lineage_snapshot *snapshot)
{
    char date[RCX_DATE_TEXT_BYTES];
    rcx_json_object(json);
    rcx_json_put_text(json, "date", rcx_format_day(snapshot->day, date));
    rcx_json_put_text(json, "data_end", rcx_format_day(snapshot->data_end, date));
    rcx_json_put_u64(json, "store_version", snapshot->store_version);
    rcx_json_put_text(json, "store_digest", snapshot->store_digest);
    rcx_json_put_text(json, "program", snapshot->program);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&snapshot->counts + members[i].offset, sizeof value);
        if (lineage->with_labels || !members[i].of_labels)
            rcx_json_put_u64(json, members[i].name, value);
    }
    if (lineage->with_labels) {
        char total[48];
        (void)rcx_format_decimal(snapshot->counts.clv_total, lineage->money_places, total);
        rcx_json_put_text(json, "clv_total", total);
    }
    rcx_json_object_end(json);
}

void rcx_feature_lineage_put(const struct rcx_feature_lineage *lineage, struct rcx_json *json)
{
    const char *text = (const char *)lineage->definitions.data;
    size_t left = lineage->definitions.length;
    rcx_json_put_bool(json, "labels", lineage->with_labels);
    rcx_json_put_u64(json, "money_places", lineage->money_places);
    rcx_json_key(json, "definitions");
    rcx_json_array(json);
    while (left > 0) {
        const char *end = memchr(text, '\n', left);
        size_t length = end ? (size_t)(end - text) : left;
        rcx_json_text_n(json, text, length);
        left -= length + (end != NULL);
        text += length + (end != NULL);
    }
    rcx_json_array_end(json);
    rcx_json_key(json, "snapshots");
    rcx_json_array(json);
    for (size_t i = 0; i < lineage->count; i++)
        put_snapshot(json, lineage, &lineage->snapshots[i]);
    rcx_json_array_end(json);
}

bool rcx_feature_lineage_write(const struct rcx_feature_lineage *lineage, bool compact,
                               struct rcx_buf *out)
{
    struct rcx_json json = rcx_json_begin(out, compact);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.feature_table/1");
    rcx_feature_lineage_put(lineage, &json);
    rcx_json_object_end(&json);
    return !out->failed;
}

/* --- reading ------------------------------------------------------------------------------- */

/* "-12.3400" with so many places after the point, as rcx_format_decimal writes it. */
static bool parse_decimal(const char *text, unsigned places, rcx_i128 *out)
{
    bool negative = *text == '-';
    unsigned after = 0, digits = 0;
    bool point = false;
    rcx_i128 value = 0;
    for (text += negative; *text; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || ++digits > 36)
            return false;
        value = value * 10 + (*text - '0');
        after += point;
    }
    if (digits == 0 || after != places)
        return false;
    *out = negative ? -value : value;
    return true;
}

static bool read_date(const struct rcx_json_value *from, const char *key, rcx_day *out)
{
    const char *text = rcx_json_as_text(rcx_json_member(from, key));
    return text && rcx_parse_day(rcx_text_of(text), out);
}

static bool read_text(const struct rcx_json_value *from, const char *key, char *out, size_t bytes)
{
    const char *text = rcx_json_as_text(rcx_json_member(from, key));
    if (!text || strlen(text) >= bytes)
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool read_count(const struct rcx_json_value *from, const char *key, uint64_t *out)
{
    int64_t value;
    if (!rcx_json_as_i64(rcx_json_member(from, key), &value) || value < 0)
        return false;
    *out = (uint64_t)value;
    return true;
}

static bool read_snapshot(const struct rcx_json_value *from,
                          const struct rcx_feature_lineage *lineage,
                          struct rcx_feature_lineage_snapshot *out)
{
    bool ok = read_date(from, "date", &out->day) && read_date(from, "data_end", &out->data_end) &&
              read_count(from, "store_version", &out->store_version) &&
              read_text(from, "store_digest", out->store_digest, sizeof out->store_digest) &&
              read_text(from, "program", out->program, sizeof out->program);
    for (size_t i = 0; i < MEMBER_COUNT && ok; i++) {
        uint64_t value = 0;
        if (lineage->with_labels || !members[i].of_labels)
            ok = read_count(from, members[i].name, &value);
        memcpy((char *)&out->counts + members[i].offset, &value, sizeof value);
    }
    if (ok && lineage->with_labels) {
        const char *total = rcx_json_as_text(rcx_json_member(from, "clv_total"));
        ok = total && parse_decimal(total, lineage->money_places, &out->counts.clv_total);
    }
    return ok;
}

/* False: not a lineage (or out of memory, when a buffer failed). */
static bool read_lineage(const struct rcx_json_value *root, struct rcx_feature_lineage *out,
                         bool *out_memory)
{
    const struct rcx_json_value *definitions = rcx_json_member(root, "definitions");
    const struct rcx_json_value *snapshots = rcx_json_member(root, "snapshots");
    const char *schema = rcx_json_as_text(rcx_json_member(root, "schema"));
    uint64_t places = 0;
    if (!schema || strcmp(schema, "rcx.feature_table/1") != 0 ||
        !rcx_json_as_bool(rcx_json_member(root, "labels"), &out->with_labels) ||
        !read_count(root, "money_places", &places) || places > 2 * RCX_DECIMAL_MAX_PLACES)
        return false;
    out->money_places = (unsigned)places;
    for (size_t i = 0; i < rcx_json_count(definitions); i++) {
        const char *line = rcx_json_as_text(rcx_json_item(definitions, i));
        if (!line)
            return false;
        rcx_buf_append_text(&out->definitions, line);
        rcx_buf_append_byte(&out->definitions, '\n');
    }
    *out_memory = !out->definitions.failed;
    for (size_t i = 0; i < rcx_json_count(snapshots) && *out_memory; i++) {
        struct rcx_feature_lineage_snapshot snapshot = {0};
        if (!read_snapshot(rcx_json_item(snapshots, i), out, &snapshot))
            return false;
        if (i > 0 && snapshot.day <= out->snapshots[i - 1].day)
            return false;
        *out_memory = rcx_feature_lineage_add(out, &snapshot);
    }
    return *out_memory;
}

enum rcx_status rcx_feature_lineage_parse(const char *path, struct rcx_text text,
                                          struct rcx_feature_lineage *out, struct rcx_error *err)
{
    struct rcx_json_document *document = NULL;
    struct rcx_feature_lineage lineage = {0};
    enum rcx_status status = rcx_json_parse(path, text.data, text.length, &document, err);
    if (status != RCX_OK)
        return status;
    bool memory = true;
    bool ok = read_lineage(rcx_json_root(document), &lineage, &memory);
    rcx_json_close(document);
    if (ok) {
        *out = lineage;
        return RCX_OK;
    }
    rcx_feature_lineage_release(&lineage);
    if (!memory)
        return rcx_fail_nomem(err, path, text.length);
    return rcx_fail(err, RCX_E_CORRUPT, "%s: its metadata '%s' make no sense", path,
                    RCX_FEATURE_LINEAGE_KEY);
}

/* --- definitions --------------------------------------------------------------------------- */

/* The line of `name` ("name: " included in `length` bytes of it) in definitions; its value, or NULL.
 */
static const char *find_line(const struct rcx_buf *definitions, const char *name, size_t length,
                             size_t *out_length)
{
    const char *at = (const char *)definitions->data, *end = at + definitions->length;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        if ((size_t)(stop - at) >= length && memcmp(at, name, length) == 0) {
            *out_length = (size_t)(stop - at) - length;
            return at + length;
        }
        at = stop + 1;
    }
    return NULL;
}

/* Names what differs between a line of `from` and the same in `other`; the text of `from` is shown
 * first when `from_first`. */
static bool describe_line(const char *line, size_t length, const struct rcx_buf *other,
                          bool other_is_now, struct rcx_buf *out)
{
    const char *colon = memchr(line, ':', length);
    size_t name = colon ? (size_t)(colon - line) + 2 : length;
    size_t found_length = 0;
    if (name > length)
        name = length;
    const char *found = find_line(other, line, name, &found_length);
    if (found && (!other_is_now ||
                  (found_length == length - name && memcmp(found, line + name, found_length) == 0)))
        return false;
    int shown = (int)(colon ? (size_t)(colon - line) : length);
    if (!other_is_now)
        rcx_buf_printf(out, "\n  %.*s is new", shown, line);
    else if (found)
        rcx_buf_printf(out, "\n  %.*s is %.*s in the file and %.*s now", shown, line,
                       (int)(length - name), line + name, (int)found_length, found);
    else
        rcx_buf_printf(out, "\n  %.*s is %.*s in the file and does not exist now", shown, line,
                       (int)(length - name), line + name);
    return true;
}

static size_t describe(const struct rcx_buf *from, const struct rcx_buf *other, bool other_is_now,
                       size_t shown, struct rcx_buf *out)
{
    const char *at = (const char *)from->data, *end = at + from->length;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        struct rcx_buf *into = shown < DIFFERENCES_SHOWN ? out : &(struct rcx_buf){.failed = true};
        shown += describe_line(at, (size_t)(stop - at), other, other_is_now, into);
        at = stop + 1;
    }
    return shown;
}

enum rcx_status rcx_feature_definitions_check(const char *path, const struct rcx_buf *in_file,
                                              const struct rcx_buf *now, struct rcx_error *err)
{
    if (in_file->length == now->length &&
        (now->length == 0 || memcmp(in_file->data, now->data, now->length) == 0))
        return RCX_OK;
    struct rcx_buf text = {0};
    size_t count = describe(in_file, now, true, 0, &text);
    count = describe(now, in_file, false, count, &text);
    if (count > DIFFERENCES_SHOWN)
        rcx_buf_printf(&text, "\n  and %zu more", count - DIFFERENCES_SHOWN);
    enum rcx_status status = rcx_fail(
        err, RCX_E_CONFIG,
        "%s: holds snapshots of other definitions, which cannot stand in one table:%s", path,
        rcx_buf_text(&text));
    rcx_buf_release(&text);
    return status;
}
