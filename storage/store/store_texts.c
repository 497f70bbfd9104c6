#include "storage/store/store_texts.h"

#include <string.h>

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

static struct rcx_strings *join_strings(const struct rcx_strings *known,
                                        const struct rcx_store_texts *more)
{
    uint64_t at = known->offsets[known->count], bytes = at;

    for (uint32_t i = 0; i < more->new_count; i++)
        bytes += more->new_texts[i].length;
    struct rcx_strings *all = rcx_strings_new(more->total_count, bytes);
    if (!all)
        return NULL;
    memcpy(all->offsets, known->offsets, ((size_t)known->count + 1) * sizeof *known->offsets);
    if (at)
        memcpy(all->bytes, known->bytes, at);
    for (uint32_t i = 0; i < more->new_count; i++) {
        if (more->new_texts[i].length)
            memcpy(all->bytes + at, more->new_texts[i].data, more->new_texts[i].length);
        at += more->new_texts[i].length;
        all->offsets[known->count + i + 1] = at;
    }
    return all;
}

/* The new texts hold the ranks that the merge gave them; the known ones keep their order in what is
 * left. */
static uint32_t *join_ranks(const uint32_t *known_rank, uint32_t known_count,
                            const struct rcx_dictionary *texts, const uint32_t *codes,
                            const uint32_t *ranks, uint32_t total)
{
    uint32_t *rank = rcx_malloc_array((size_t)total + 1, sizeof *rank);
    uint8_t *taken = rcx_calloc((size_t)total + 1, 1);
    uint32_t *sorted = invert(known_rank, known_count);
    bool ok = rank && taken && sorted;

    for (uint32_t i = 0; ok && i < texts->count; i++)
        if (codes[i] >= known_count) {
            rank[codes[i]] = ranks[i];
            taken[ranks[i]] = 1;
        }
    for (uint32_t i = 0, next = 0; ok && i < known_count; i++, next++) {
        while (taken[next])
            next++;
        rank[sorted[i]] = next;
    }
    rcx_free(taken);
    rcx_free(sorted);
    if (ok)
        return rank;
    rcx_free(rank);
    return NULL;
}

enum rcx_status rcx_store_texts_extend(const struct rcx_strings *known, const uint32_t *known_rank,
                                       const struct rcx_dictionary *texts,
                                       struct rcx_strings **out_strings, uint32_t **out_rank,
                                       struct rcx_error *err)
{
    struct rcx_store_texts more = {0};
    struct rcx_strings *strings = NULL;
    uint32_t *rank = NULL;
    uint32_t *codes = rcx_malloc_array(texts->count, sizeof *codes);
    uint32_t *ranks = rcx_malloc_array(texts->count, sizeof *ranks);
    enum rcx_status status = codes && ranks ? RCX_OK
                                            : rcx_fail_nomem(err, "dictionary", texts->count);

    if (status == RCX_OK)
        status = rcx_store_texts_merge(known, known_rank, texts, codes, ranks, &more, err);
    if (status == RCX_OK) {
        strings = join_strings(known, &more);
        rank = join_ranks(known_rank, known->count, texts, codes, ranks, more.total_count);
        if (!strings || !rank)
            status = rcx_fail_nomem(err, "dictionary", more.total_count);
    }
    rcx_store_texts_release(&more);
    rcx_free(codes);
    rcx_free(ranks);
    if (status != RCX_OK) {
        rcx_strings_release(strings);
        rcx_free(rank);
        return status;
    }
    *out_strings = strings;
    *out_rank = rank;
    return RCX_OK;
}
