#include "cli/ingest_maps.h"

#include "base/memory.h"

enum rcx_status rcx_cli_ingest_maps(const struct rcx_texts *texts, struct rcx_ingest_map **out,
                                    struct rcx_error *err)
{
    *out = rcx_calloc(texts->count + 1, sizeof **out);
    if (!*out)
        return rcx_fail_nomem(err, "--map", texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        enum rcx_status status = rcx_ingest_map_parse(texts->items[i], &(*out)[i], err);
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}
