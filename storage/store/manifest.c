#include "storage/store/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/memory.h"

#define MANIFEST_MAGIC "RCXMANI\n"
#define MANIFEST_PREFIX "MANIFEST-"

const char *rcx_text_field_name(enum rcx_text_field field)
{
    static const char *const names[RCX_TEXT_FIELD_COUNT] = {"invoice", "stock_code", "description",
                                                            "country", "customer"};
    return names[field];
}

void rcx_manifest_name(uint64_t version, char out[RCX_STORE_NAME_BYTES])
{
    snprintf(out, RCX_STORE_NAME_BYTES, MANIFEST_PREFIX "%010" PRIu64, version);
}

void rcx_segment_name(uint64_t id, char out[RCX_STORE_NAME_BYTES])
{
    snprintf(out, RCX_STORE_NAME_BYTES, "segment-%010" PRIu64 ".rcx", id);
}

void rcx_dictionary_name(enum rcx_text_field field, uint64_t id, char out[RCX_STORE_NAME_BYTES])
{
    snprintf(out, RCX_STORE_NAME_BYTES, "dictionary-%s-%010" PRIu64 ".rcx",
             rcx_text_field_name(field), id);
}

void rcx_manifest_release(struct rcx_manifest *manifest)
{
    for (size_t i = 0; i < manifest->input_count; i++)
        rcx_free(manifest->inputs[i].path);
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        rcx_free(manifest->dictionaries[f].files);
    rcx_free(manifest->segments);
    rcx_free(manifest->inputs);
    rcx_free(manifest->program);
    *manifest = (struct rcx_manifest){0};
}

static void put_digest(struct rcx_buf *out, struct rcx_digest digest)
{
    rcx_buf_append_u64(out, digest.low);
    rcx_buf_append_u64(out, digest.high);
}

static struct rcx_digest get_digest(struct rcx_cursor *in)
{
    uint64_t low = rcx_cursor_u64(in);

    return (struct rcx_digest){low, rcx_cursor_u64(in)};
}

static void put_text(struct rcx_buf *out, const char *text)
{
    size_t length = text ? strlen(text) : 0;

    rcx_buf_append_varint(out, length);
    rcx_buf_append(out, text ? text : "", length);
}

static char *get_text(struct rcx_cursor *in)
{
    uint64_t length = rcx_cursor_varint(in);
    const uint8_t *bytes = length <= rcx_cursor_left(in) ? rcx_cursor_bytes(in, (size_t)length)
                                                         : NULL;

    if (!bytes) {
        in->failed = true;
        return rcx_strdup("");
    }
    return rcx_strndup((const char *)bytes, (size_t)length);
}

static void put_decisions(struct rcx_buf *out, const struct rcx_decisions *d)
{
    rcx_buf_append_byte(out, d->price_decimals);
    rcx_buf_append_byte(out, d->quantity_decimals);
    rcx_buf_append_byte(out, d->customer_is_text);
    rcx_buf_append_byte(out, d->field_mask);
    rcx_buf_append_byte(out, (uint8_t)d->date_order);
    rcx_buf_append_byte(out, (uint8_t)d->decimal_mark);
    rcx_buf_append_u32(out, (uint32_t)d->utc_offset_seconds);
}

static void get_decisions(struct rcx_cursor *in, struct rcx_decisions *out)
{
    out->price_decimals = rcx_cursor_u8(in);
    out->quantity_decimals = rcx_cursor_u8(in);
    out->customer_is_text = rcx_cursor_u8(in) != 0;
    out->field_mask = rcx_cursor_u8(in);
    out->date_order = (enum rcx_date_order)rcx_cursor_u8(in);
    out->decimal_mark = (char)rcx_cursor_u8(in);
    out->utc_offset_seconds = (int32_t)rcx_cursor_u32(in);
}

/* The middle of the manifest. With `named` false, what the content digest covers: not under which
 * names (ids) the files lie. */
static void put_content(struct rcx_buf *out, const struct rcx_manifest *m, bool named)
{
    put_decisions(out, &m->decisions);
    rcx_buf_append_varint(out, m->rows);
    rcx_buf_append_varint(out, m->guest_rows);
    rcx_buf_append_varint(out, m->customers);
    rcx_buf_append_u64(out, (uint64_t)m->first_time);
    rcx_buf_append_u64(out, (uint64_t)m->last_time);
    rcx_buf_append_varint(out, m->segment_count);
    for (size_t i = 0; i < m->segment_count; i++) {
        rcx_buf_append_varint(out, named ? m->segments[i].id : 0);
        rcx_buf_append_varint(out, m->segments[i].rows);
        rcx_buf_append_varint(out, m->segments[i].bytes);
        put_digest(out, m->segments[i].digest);
    }
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        rcx_buf_append_varint(out, m->dictionaries[f].count);
        for (size_t i = 0; i < m->dictionaries[f].count; i++) {
            const struct rcx_manifest_dictionary *file = &m->dictionaries[f].files[i];

            rcx_buf_append_varint(out, named ? file->id : 0);
            rcx_buf_append_varint(out, file->count);
            rcx_buf_append_varint(out, file->bytes);
            put_digest(out, file->digest);
        }
    }
}

static bool get_segments(struct rcx_cursor *in, struct rcx_manifest *out)
{
    uint64_t count = rcx_cursor_varint(in);

    if (in->failed || count > rcx_cursor_left(in) ||
        !rcx_array_reserve(&out->segments, &out->segment_capacity, (size_t)count,
                           sizeof *out->segments))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct rcx_manifest_segment *segment = &out->segments[out->segment_count++];

        segment->id = rcx_cursor_varint(in);
        segment->rows = rcx_cursor_varint(in);
        segment->bytes = rcx_cursor_varint(in);
        segment->digest = get_digest(in);
    }
    return true;
}

static bool get_dictionaries(struct rcx_cursor *in, struct rcx_manifest *out)
{
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        uint64_t count = rcx_cursor_varint(in);

        if (in->failed || count > rcx_cursor_left(in) ||
            !rcx_array_reserve(&out->dictionaries[f].files, &out->dictionaries[f].capacity,
                               (size_t)count, sizeof *out->dictionaries[f].files))
            return false;
        for (size_t i = 0; i < count; i++) {
            struct rcx_manifest_dictionary *file =
                &out->dictionaries[f].files[out->dictionaries[f].count++];

            file->id = rcx_cursor_varint(in);
            file->count = (uint32_t)rcx_cursor_varint(in);
            file->bytes = rcx_cursor_varint(in);
            file->digest = get_digest(in);
        }
    }
    return true;
}

static bool get_inputs(struct rcx_cursor *in, struct rcx_manifest *out)
{
    uint64_t count = rcx_cursor_varint(in);

    if (in->failed || count > rcx_cursor_left(in) ||
        !rcx_array_reserve(&out->inputs, &out->input_capacity, (size_t)count, sizeof *out->inputs))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct rcx_manifest_input *input = &out->inputs[out->input_count++];

        input->path = get_text(in);
        input->digest = get_digest(in);
        input->version = rcx_cursor_varint(in);
        input->rows_accepted = rcx_cursor_varint(in);
        input->rows_rejected = rcx_cursor_varint(in);
        for (unsigned k = 0; k < RCX_REJECT_KINDS; k++)
            input->rejects[k] = rcx_cursor_varint(in);
        if (!input->path)
            return false;
    }
    return true;
}

enum rcx_status rcx_manifest_content_digest(const struct rcx_manifest *manifest,
                                            struct rcx_digest *out, struct rcx_error *err)
{
    struct rcx_buf content = {0};
    enum rcx_status status = RCX_OK;

    put_content(&content, manifest, false);
    if (content.failed)
        status = rcx_fail_nomem(err, "digest of a manifest", content.length);
    else
        *out = rcx_hash128(content.data, content.length);
    rcx_buf_release(&content);
    return status;
}

static void serialise(const struct rcx_manifest *m, struct rcx_buf *out)
{
    rcx_buf_append(out, MANIFEST_MAGIC, 8);
    rcx_buf_append_u32(out, RCX_MANIFEST_FORMAT);
    rcx_buf_append_u64(out, m->version);
    rcx_buf_append_u64(out, (uint64_t)m->created);
    put_text(out, m->program);
    put_content(out, m, true);
    rcx_buf_append_varint(out, m->input_count);
    for (size_t i = 0; i < m->input_count; i++) {
        put_text(out, m->inputs[i].path);
        put_digest(out, m->inputs[i].digest);
        rcx_buf_append_varint(out, m->inputs[i].version);
        rcx_buf_append_varint(out, m->inputs[i].rows_accepted);
        rcx_buf_append_varint(out, m->inputs[i].rows_rejected);
        for (unsigned k = 0; k < RCX_REJECT_KINDS; k++)
            rcx_buf_append_varint(out, m->inputs[i].rejects[k]);
    }
    put_digest(out, rcx_hash128(out->data, out->length));
}

enum rcx_status rcx_manifest_write(const struct rcx_manifest *manifest, const char *directory,
                                   bool no_sync, struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = no_sync};
    char name[RCX_STORE_NAME_BYTES];
    struct rcx_buf bytes = {0};
    enum rcx_status status;

    rcx_manifest_name(manifest->version, name);
    char *path = rcx_path_join(directory, name);
    serialise(manifest, &bytes);
    if (!path || bytes.failed)
        status = rcx_fail_nomem(err, "manifest", bytes.length);
    else
        status = rcx_file_replace(path, bytes.data, bytes.length, &options, err);
    rcx_buf_release(&bytes);
    rcx_free(path);
    return status;
}

static enum rcx_status parse(const char *path, const struct rcx_buf *bytes,
                             struct rcx_manifest *out, struct rcx_error *err)
{
    enum { DIGEST_BYTES = 16, HEAD_BYTES = 12 };

    if (bytes->length < HEAD_BYTES + DIGEST_BYTES || memcmp(bytes->data, MANIFEST_MAGIC, 8) != 0)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: not a manifest (%zu bytes)", path, bytes->length);
    size_t body = bytes->length - DIGEST_BYTES;
    struct rcx_cursor tail = rcx_cursor_of(bytes->data + body, DIGEST_BYTES);
    struct rcx_cursor in = rcx_cursor_of(bytes->data, body);
    rcx_cursor_seek(&in, 8);
    uint32_t format = rcx_cursor_u32(&in);
    bool intact = rcx_digest_compare(get_digest(&tail), rcx_hash128(bytes->data, body)) == 0;
    if (intact && format > RCX_MANIFEST_FORMAT)
        return rcx_fail(err, RCX_E_VERSION,
                        "%s: store format %u, this program reads up to %d: use a newer rcx", path,
                        format, RCX_MANIFEST_FORMAT);
    if (!intact)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: checksum does not match", path);
    out->version = rcx_cursor_u64(&in);
    out->created = (int64_t)rcx_cursor_u64(&in);
    out->program = get_text(&in);
    get_decisions(&in, &out->decisions);
    out->rows = rcx_cursor_varint(&in);
    out->guest_rows = rcx_cursor_varint(&in);
    out->customers = rcx_cursor_varint(&in);
    out->first_time = (int64_t)rcx_cursor_u64(&in);
    out->last_time = (int64_t)rcx_cursor_u64(&in);
    bool complete = out->program && get_segments(&in, out) && get_dictionaries(&in, out) &&
                    get_inputs(&in, out);
    if (!complete && !in.failed && rcx_cursor_left(&in) > 0)
        return rcx_fail_nomem(err, path, bytes->length);
    if (!complete || in.failed || rcx_cursor_left(&in) != 0 || out->decisions.price_decimals > 9 ||
        out->decisions.quantity_decimals > 9)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: entries do not fill the file", path);
    return RCX_OK;
}

enum rcx_status rcx_manifest_read(const char *path, struct rcx_manifest *out, struct rcx_error *err)
{
    struct rcx_manifest manifest = {0};
    struct rcx_buf bytes = {0};
    enum rcx_status status = rcx_file_read(path, &bytes, err);

    if (status == RCX_OK)
        status = parse(path, &bytes, &manifest, err);
    rcx_buf_release(&bytes);
    if (status == RCX_OK)
        *out = manifest;
    else
        rcx_manifest_release(&manifest);
    return status;
}

enum rcx_status rcx_manifest_copy(const struct rcx_manifest *from, struct rcx_manifest *out,
                                  struct rcx_error *err)
{
    struct rcx_manifest manifest = {0};
    struct rcx_buf bytes = {0};

    serialise(from, &bytes);
    enum rcx_status status = bytes.failed ? rcx_fail_nomem(err, "manifest", bytes.length)
                                          : parse("manifest", &bytes, &manifest, err);
    rcx_buf_release(&bytes);
    if (status == RCX_OK)
        *out = manifest;
    else
        rcx_manifest_release(&manifest);
    return status;
}

static int compare_versions(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

enum rcx_status rcx_manifest_versions(const char *directory, uint64_t **out, size_t *out_count,
                                      struct rcx_error *err)
{
    const size_t prefix = strlen(MANIFEST_PREFIX);
    struct rcx_names names = {0};
    enum rcx_status status = rcx_directory_list(directory, &names, err);
    size_t count = 0;

    if (status != RCX_OK)
        return status;
    uint64_t *versions = rcx_malloc_array(names.count + 1, sizeof *versions);
    for (size_t i = 0; versions && i < names.count; i++) {
        struct rcx_text digits = rcx_text_of(names.names[i]);

        if (digits.length <= prefix || strncmp(digits.data, MANIFEST_PREFIX, prefix) != 0)
            continue;
        digits.data += prefix;
        digits.length -= prefix;
        if (rcx_parse_u64(digits, &versions[count]))
            count++;
    }
    rcx_names_release(&names);
    if (!versions)
        return rcx_fail_nomem(err, directory, 0);
    qsort(versions, count, sizeof *versions, compare_versions);
    *out = versions;
    *out_count = count;
    return RCX_OK;
}
