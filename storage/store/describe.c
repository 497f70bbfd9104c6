#include "storage/store/describe.h"

#include <string.h>

#include "base/memory.h"
#include "storage/store/store_internal.h"

void rcx_store_description_release(struct rcx_store_description *description)
{
    rcx_free(description->inputs);
    rcx_free(description->versions);
    *description = (struct rcx_store_description){0};
}

static void add_segment(const struct rcx_segment *segment, struct rcx_store_description *out)
{
    out->chunks += segment->chunk_count;
    out->bytes += segment->map.length;
    for (size_t c = 0; c < segment->chunk_count; c++) {
        const struct rcx_chunk_info *chunk = &segment->chunks[c];

        out->receipts += chunk->receipts;
        for (unsigned k = 0; k < RCX_CHUNK_COLUMN_COUNT; k++) {
            struct rcx_store_column_size *column = &out->columns[k];

            column->encoding = rcx_encoding_name((enum rcx_encoding)chunk->columns[k].encoding);
            column->values += k >= RCX_CHUNK_STOCK ? chunk->rows : chunk->receipts;
            column->bytes += chunk->columns[k].bytes;
        }
    }
}

static enum rcx_status add_inputs(const struct rcx_store *store, struct rcx_store_description *out,
                                  struct rcx_error *err)
{
    const struct rcx_manifest *manifest = &store->manifest;

    out->inputs = rcx_calloc(manifest->input_count + 1, sizeof *out->inputs);
    if (!out->inputs)
        return rcx_fail_nomem(err, "store description", 0);
    for (size_t i = 0; i < manifest->input_count; i++) {
        const struct rcx_manifest_input *input = &manifest->inputs[i];

        out->inputs[out->input_count++] = (struct rcx_store_input_info){
            .path = input->path,
            .digest = input->digest,
            .version = input->version,
            .rows_accepted = input->rows_accepted,
            .rows_rejected = input->rows_rejected,
        };
        memcpy(out->inputs[i].rejects, input->rejects, sizeof input->rejects);
    }
    return RCX_OK;
}

enum rcx_status rcx_store_describe(const struct rcx_store *store, struct rcx_store_description *out,
                                   struct rcx_error *err)
{
    const struct rcx_manifest *manifest = &store->manifest;
    struct rcx_store_description d = {.created = manifest->created,
                                      .program = manifest->program,
                                      .column_count = RCX_CHUNK_COLUMN_COUNT};

    for (unsigned k = 0; k < RCX_CHUNK_COLUMN_COUNT; k++) {
        d.columns[k].name = rcx_chunk_column_name((enum rcx_chunk_column)k);
        d.columns[k].encoding = "";
    }
    for (size_t s = 0; s < store->segment_count; s++)
        add_segment(&store->segments[s], &d);
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        const struct rcx_strings *strings = store->strings[f];

        d.dictionaries[f].name = rcx_text_field_name((enum rcx_text_field)f);
        d.dictionaries[f].texts = strings->count - 1;
        d.dictionaries[f].text_bytes = strings->offsets[strings->count];
        for (size_t i = 0; i < manifest->dictionaries[f].count; i++)
            d.dictionaries[f].bytes += manifest->dictionaries[f].files[i].bytes;
        d.bytes += d.dictionaries[f].bytes;
    }
    enum rcx_status status = add_inputs(store, &d, err);
    if (status == RCX_OK)
        status = rcx_manifest_versions(store->directory, &d.versions, &d.version_count, err);
    if (status == RCX_OK)
        *out = d;
    else
        rcx_store_description_release(&d);
    return status;
}
