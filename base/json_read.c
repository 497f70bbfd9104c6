#include "base/json_read.h"

#include <jansson.h>

#include "base/file.h"
#include "base/memory.h"

struct rcx_json_document {
    json_t *root;
};

/* The opaque value is Jansson's. */
static const json_t *inner(const struct rcx_json_value *value)
{
    return (const json_t *)(const void *)value;
}

static const struct rcx_json_value *outer(const json_t *value)
{
    return (const struct rcx_json_value *)(const void *)value;
}

enum rcx_status rcx_json_parse(const char *name, const void *data, size_t length,
                               struct rcx_json_document **out, struct rcx_error *err)
{
    struct rcx_json_document *document = rcx_calloc(1, sizeof *document);
    json_error_t problem;

    if (!document)
        return rcx_fail_nomem(err, name, sizeof *document);
    document->root = json_loadb(data, length, JSON_REJECT_DUPLICATES, &problem);
    if (!document->root) {
        rcx_free(document);
        return rcx_fail(err, RCX_E_CORRUPT, "%s:%d:%d: not JSON: %s", name, problem.line,
                        problem.column, problem.text);
    }
    *out = document;
    return RCX_OK;
}

enum rcx_status rcx_json_read_file(const char *path, struct rcx_json_document **out,
                                   struct rcx_error *err)
{
    struct rcx_buf bytes = {0};
    enum rcx_status status = rcx_file_read(path, &bytes, err);

    if (status == RCX_OK)
        status = rcx_json_parse(path, bytes.data ? (const char *)bytes.data : "", bytes.length, out,
                                err);
    rcx_buf_release(&bytes);
    return status;
}

static int append(const char *text, size_t length, void *out)
{
    return rcx_buf_append(out, text, length) ? 0 : -1;
}

bool rcx_json_dump(struct rcx_json_document *document, const char *omit, struct rcx_buf *out)
{
    if (omit)
        (void)json_object_del(document->root, omit); /* no such member: nothing to omit */
    return json_dump_callback(document->root, append, out, JSON_COMPACT) == 0;
}

void rcx_json_close(struct rcx_json_document *document)
{
    if (!document)
        return;
    json_decref(document->root);
    rcx_free(document);
}

const struct rcx_json_value *rcx_json_root(const struct rcx_json_document *document)
{
    return document ? outer(document->root) : NULL;
}

const struct rcx_json_value *rcx_json_member(const struct rcx_json_value *value, const char *key)
{
    return json_is_object(inner(value)) ? outer(json_object_get(inner(value), key)) : NULL;
}

size_t rcx_json_count(const struct rcx_json_value *value)
{
    return json_is_array(inner(value)) ? json_array_size(inner(value)) : 0;
}

const struct rcx_json_value *rcx_json_item(const struct rcx_json_value *value, size_t index)
{
    return json_is_array(inner(value)) ? outer(json_array_get(inner(value), index)) : NULL;
}

const char *rcx_json_as_text(const struct rcx_json_value *value)
{
    return json_string_value(inner(value));
}

bool rcx_json_as_i64(const struct rcx_json_value *value, int64_t *out)
{
    if (!json_is_integer(inner(value)))
        return false;
    *out = json_integer_value(inner(value));
    return true;
}

bool rcx_json_as_real(const struct rcx_json_value *value, double *out)
{
    if (!json_is_number(inner(value)))
        return false;
    *out = json_number_value(inner(value));
    return true;
}

bool rcx_json_as_bool(const struct rcx_json_value *value, bool *out)
{
    if (!json_is_boolean(inner(value)))
        return false;
    *out = json_is_true(inner(value));
    return true;
}
