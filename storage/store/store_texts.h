#pragma once
/* Merging the texts of an ingest into a field's dictionary: known texts keep their codes, new ones
 * get the next codes in byte order, so the result depends on the set of texts alone. */
#include "base/dictionary.h"
#include "base/status.h"
#include "base/table.h"

struct rcx_store_texts {
    struct rcx_text *new_texts; /* [new_count] in byte order; bytes borrowed from the dictionary */
    uint32_t new_count;
    uint32_t total_count; /* codes of the store afterwards, "" included */
};
void rcx_store_texts_release(struct rcx_store_texts *texts);

/* `known`, `known_rank`: the field as it is, NULL when the store is new. See
 * rcx_store_writer_add_texts for the outputs. */
enum rcx_status rcx_store_texts_merge(const struct rcx_strings *known, const uint32_t *known_rank,
                                      const struct rcx_dictionary *texts, uint32_t *out_codes,
                                      uint32_t *out_ranks, struct rcx_store_texts *out,
                                      struct rcx_error *err);

/* `known` with the new ones of `texts` after it, and the ranks of all; both are the caller's. */
enum rcx_status rcx_store_texts_extend(const struct rcx_strings *known, const uint32_t *known_rank,
                                       const struct rcx_dictionary *texts,
                                       struct rcx_strings **out_strings, uint32_t **out_rank,
                                       struct rcx_error *err);
