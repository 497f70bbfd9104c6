#include "storage/ingest/text_set.h"

#include <string.h>

#include "base/memory.h"

bool rcx_text_set_init(struct rcx_text_set *set)
{
    *set = (struct rcx_text_set){0};
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        if (!rcx_dictionary_init(&set->fields[f])) {
            rcx_text_set_release(set);
            return false;
        }
    }
    return true;
}

void rcx_text_set_release(struct rcx_text_set *set)
{
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        rcx_dictionary_release(&set->fields[f]);
}

size_t rcx_text_set_bytes(const struct rcx_text_set *set)
{
    size_t bytes = 0;
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        const struct rcx_dictionary *d = &set->fields[f];
        bytes += d->byte_capacity + d->offset_capacity * sizeof *d->offsets +
                 d->slot_count * (sizeof *d->slots + sizeof *d->tags);
    }
    return bytes;
}

size_t rcx_text_set_count(const struct rcx_text_set *set)
{
    size_t count = 0;
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        count += set->fields[f].count;
    return count;
}

bool rcx_text_is_ascii(struct rcx_text text)
{
    uint8_t all = 0;
    for (size_t i = 0; i < text.length; i++)
        all |= (uint8_t)text.data[i];
    return all < 128;
}

static struct rcx_text all_texts(const struct rcx_dictionary *dictionary)
{
    return (struct rcx_text){dictionary->bytes, (size_t)dictionary->offsets[dictionary->count]};
}

bool rcx_text_set_is_utf8(const struct rcx_text_set *set)
{
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        const struct rcx_dictionary *dictionary = &set->fields[f];
        if (rcx_text_is_ascii(all_texts(dictionary)))
            continue;
        for (uint32_t code = 0; code < dictionary->count; code++) {
            struct rcx_text text = rcx_dictionary_get(dictionary, code);
            if (rcx_utf8_check(text.data, text.length) != text.length)
                return false;
        }
    }
    return true;
}

void rcx_text_map_release(struct rcx_text_map *map)
{
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        rcx_free(map->codes[f]);
        rcx_free(map->decoded[f]);
    }
    *map = (struct rcx_text_map){0};
}

struct merge {
    struct rcx_text_set *sum;
    struct rcx_text_set *const *parts;
    size_t part_count;
    bool cp1252;
    struct rcx_text_map *maps;
};

static uint32_t intern_decoded(struct rcx_dictionary *sum, struct rcx_text text)
{
    char small[256];
    char *utf8 = text.length * 3 <= sizeof small ? small : rcx_malloc(text.length * 3);
    if (!utf8)
        return RCX_NO_CODE;
    size_t length = rcx_cp1252_to_utf8(text.data, text.length, utf8);
    uint32_t code = rcx_dictionary_intern(sum, (struct rcx_text){utf8, length});
    if (utf8 != small)
        rcx_free(utf8);
    return code;
}

/* The texts of `part` become those of `sum`, which has none. */
static void take_part(struct rcx_dictionary *sum, struct rcx_dictionary *part, uint32_t *out_codes)
{
    struct rcx_dictionary empty = *sum;
    for (uint32_t code = 0; code < part->count; code++)
        out_codes[code] = code;
    *sum = *part;
    *part = empty;
}

static bool merge_same(struct rcx_dictionary *sum, const struct rcx_dictionary *part,
                       uint32_t *out_codes)
{
    enum { SOME = 256 };
    struct rcx_text texts[SOME];
    for (uint32_t begin = 0; begin < part->count; begin += SOME) {
        uint32_t some = part->count - begin < SOME ? part->count - begin : SOME;
        for (uint32_t i = 0; i < some; i++)
            texts[i] = rcx_dictionary_get(part, begin + i);
        if (!rcx_dictionary_intern_all(sum, texts, some, out_codes + begin))
            return false;
    }
    return true;
}

static bool merge_decoded(struct rcx_dictionary *sum, const struct rcx_dictionary *part,
                          uint32_t *out_codes, uint8_t *out_decoded)
{
    for (uint32_t code = 0; code < part->count; code++) {
        struct rcx_text text = rcx_dictionary_get(part, code);
        out_decoded[code] = !rcx_text_is_ascii(text);
        out_codes[code] = out_decoded[code] ? intern_decoded(sum, text)
                                            : rcx_dictionary_intern(sum, text);
        if (out_codes[code] == RCX_NO_CODE)
            return false;
    }
    return true;
}

static bool merge_part(struct rcx_dictionary *sum, struct rcx_dictionary *part, bool cp1252,
                       uint32_t **out_codes, uint8_t **out_decoded)
{
    *out_codes = rcx_malloc_array(part->count, sizeof **out_codes);
    if (!*out_codes)
        return false;
    if (cp1252 && !rcx_text_is_ascii(all_texts(part))) {
        *out_decoded = rcx_calloc(part->count, 1);
        return *out_decoded && merge_decoded(sum, part, *out_codes, *out_decoded);
    }
    if (sum->count > 1)
        return merge_same(sum, part, *out_codes);
    take_part(sum, part, *out_codes);
    return true;
}

static enum rcx_status merge_field(void *context, size_t field, unsigned worker,
                                   struct rcx_error *err)
{
    (void)worker;
    struct merge *merge = context;
    for (size_t p = 0; p < merge->part_count; p++) {
        if (!merge_part(&merge->sum->fields[field], &merge->parts[p]->fields[field], merge->cp1252,
                        &merge->maps[p].codes[field], &merge->maps[p].decoded[field]))
            return rcx_fail_nomem(err, "texts", merge->sum->fields[field].count);
    }
    return RCX_OK;
}

enum rcx_status rcx_text_set_merge(struct rcx_text_set *sum, struct rcx_text_set *const *parts,
                                   size_t part_count, bool cp1252,
                                   const struct rcx_parallel *parallel,
                                   struct rcx_text_map *out_maps, struct rcx_error *err)
{
    struct merge merge = {sum, parts, part_count, cp1252, out_maps};
    memset(out_maps, 0, part_count * sizeof *out_maps);
    enum rcx_status status = rcx_parallel_for(parallel, RCX_TEXT_FIELD_COUNT, merge_field, &merge,
                                              err);
    for (size_t p = 0; status != RCX_OK && p < part_count; p++)
        rcx_text_map_release(&out_maps[p]);
    return status;
}
