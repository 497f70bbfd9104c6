#include "storage/store/store_texts.h"

#include "base/memory.h"

void rcx_store_texts_release(struct rcx_store_texts *texts)
{
    rcx_free(texts->new_texts);
    *texts = (struct rcx_store_texts){0};
}

/* by_rank[rank] = code, the inverse of a rank table. */
static uint32_t *invert(const uint32_t *rank, uint32_t count)
{
    uint32_t *by_rank = rcx_malloc_array((size_t)count + 1, sizeof *by_rank);

    for (uint32_t code = 0; by_rank && code < count; code++)
        by_rank[rank[code]] = code;
    return by_rank;
}

enum rcx_status rcx_store_texts_merge(const struct rcx_strings *known, const uint32_t *known_rank,
                                      const struct rcx_dictionary *texts, uint32_t *out_codes,
                                      uint32_t *out_ranks, struct rcx_store_texts *out,
                                      struct rcx_error *err)
{
    static const uint32_t only_empty[1] = {0};
    uint32_t known_count = known ? known->count : 1, known_at = 0, next_code = known_count,
             rank = 0;
    struct rcx_store_texts result = {0};
    uint32_t *text_rank = rcx_malloc_array((size_t)texts->count + 1, sizeof *text_rank);
    uint32_t *sorted = NULL;
    uint32_t *known_sorted = invert(known ? known_rank : only_empty, known_count);

    result.new_texts = rcx_malloc_array((size_t)texts->count + 1, sizeof *result.new_texts);
    if (text_rank && rcx_dictionary_rank(texts, text_rank))
        sorted = invert(text_rank, texts->count);
    rcx_free(text_rank);
    if (!known_sorted || !sorted || !result.new_texts) {
        rcx_free(known_sorted);
        rcx_free(sorted);
        rcx_store_texts_release(&result);
        return rcx_fail_nomem(err, "dictionary", texts->count);
    }
    /* Both lists in byte order, each with "" first: one merge gives codes and common ranks. */
    for (uint32_t i = 0; i < texts->count; i++) {
        struct rcx_text text = rcx_dictionary_get(texts, sorted[i]);
        int order = 1;

        while (known_at < known_count) {
            struct rcx_text other = known ? rcx_strings_get(known, known_sorted[known_at])
                                          : (struct rcx_text){"", 0};

            order = rcx_text_compare(other, text);
            if (order >= 0)
                break;
            known_at++;
            rank++;
        }
        if (known_at < known_count && order == 0) {
            out_codes[sorted[i]] = known_sorted[known_at++];
        } else {
            out_codes[sorted[i]] = next_code++;
            result.new_texts[result.new_count++] = text;
        }
        out_ranks[sorted[i]] = rank++;
    }
    result.total_count = next_code;
    rcx_free(known_sorted);
    rcx_free(sorted);
    *out = result;
    return RCX_OK;
}
