#pragma once
/* The five dictionaries that an ingest fills: each worker its own while parsing, then one for all.
 * Worker dictionaries hold the bytes of the file; merging decodes them to UTF-8. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dictionary.h"
#include "base/parallel.h"
#include "storage/store/schema.h"

struct rcx_text_set {
    struct rcx_dictionary fields[RCX_TEXT_FIELD_COUNT];
};
bool rcx_text_set_init(struct rcx_text_set *set);
void rcx_text_set_release(struct rcx_text_set *set);
size_t rcx_text_set_bytes(const struct rcx_text_set *set); /* memory held */
size_t rcx_text_set_count(const struct rcx_text_set *set); /* texts of all fields */

/* Whether all texts are valid UTF-8. */
bool rcx_text_set_is_utf8(const struct rcx_text_set *set);

/* Translation of one worker's codes. NULL members: codes need none. */
struct rcx_text_map {
    uint32_t *codes[RCX_TEXT_FIELD_COUNT];
    uint8_t *decoded[RCX_TEXT_FIELD_COUNT]; /* 1: converted from Windows-1252; NULL: none was */
};
void rcx_text_map_release(struct rcx_text_map *map);

/* Interns the texts of `parts` into `sum` and makes the translations. Where `sum` has none yet, those
 * of the first part are taken away from it, which saves looking them up. `cp1252`: texts that are not
 * ASCII are Windows-1252. Fields are merged in parallel. Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. */
enum rcx_status rcx_text_set_merge(struct rcx_text_set *sum, struct rcx_text_set *const *parts,
                                   size_t part_count, bool cp1252,
                                   const struct rcx_parallel *parallel,
                                   struct rcx_text_map *out_maps, struct rcx_error *err);

bool rcx_text_is_ascii(struct rcx_text text);
