/* Benchmarks of base/: hashing, sorting and interning, on one thread. */
#include <stdio.h>
#include <string.h>

#include "base/dictionary.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/radix.h"
#include "base/random.h"
#include "bench/benchmark.h"

enum {
    PIECE = 65536,        /* rows of a chunk, and of a morsel: what is sorted at a time */
    MOST_ITEMS = 1 << 22, /* more would only measure the memory of the machine */
    HASHED = 256,         /* KiB: a chunk of a column */
    TEXTS = 4096,         /* distinct texts: stock codes of a large shop */
    TEXT_BYTES = 12
};

static uint64_t items_of(const struct rcx_bench_data *data)
{
    uint64_t rows = rcx_bench_options(data)->rows;
    return rows < MOST_ITEMS ? rows : MOST_ITEMS;
}

/* ---- hash ---- */

struct hash_state {
    uint8_t *bytes;
    size_t length;
    uint64_t sum; /* so that the work cannot be left out */
};

enum rcx_status rcx_bench_hash_setup(struct rcx_bench_data *data, void **out_state,
                                     struct rcx_error *err)
{
    struct hash_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->length = (size_t)items_of(data) * 16;
    state->bytes = rcx_malloc(state->length);
    if (!state->bytes)
        return rcx_fail_nomem(err, "benchmark", state->length);
    for (size_t i = 0; i < state->length; i++)
        state->bytes[i] = (uint8_t)(i * 131 >> 3);
    return RCX_OK;
}

enum rcx_status rcx_bench_hash_run(void *context, struct rcx_bench_work *out, struct rcx_error *err)
{
    struct hash_state *state = context;
    size_t piece = HASHED * (size_t)1024;
    (void)err;
    for (size_t at = 0; at < state->length; at += piece) {
        size_t length = state->length - at < piece ? state->length - at : piece;
        state->sum += rcx_hash64(state->bytes + at, length);
    }
    *out = (struct rcx_bench_work){.items = state->length, .bytes = state->length};
    return RCX_OK;
}

void rcx_bench_hash_teardown(void *context)
{
    struct hash_state *state = context;
    if (state)
        rcx_free(state->bytes);
    rcx_free(state);
}

/* ---- radix sort ---- */

struct radix_state {
    struct rcx_radix_item *given, *items, *scratch;
    size_t count;
};

enum rcx_status rcx_bench_radix_setup(struct rcx_bench_data *data, void **out_state,
                                      struct rcx_error *err)
{
    struct radix_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->count = (size_t)items_of(data);
    state->given = rcx_malloc_array(state->count, sizeof *state->given);
    state->items = rcx_malloc_array(PIECE, sizeof *state->items);
    state->scratch = rcx_malloc_array(PIECE, sizeof *state->scratch);
    if (!state->given || !state->items || !state->scratch)
        return rcx_fail_nomem(err, "benchmark", state->count * sizeof *state->given);
    struct rcx_random random = rcx_random_of(rcx_bench_options(data)->seed, 1, 0);
    for (size_t i = 0; i < state->count; i++) /* keys of five bytes: a code and a quantity */
        state->given[i] = (struct rcx_radix_item){rcx_random_u64(&random) >> 24, (uint32_t)i, 0};
    return RCX_OK;
}

enum rcx_status rcx_bench_radix_run(void *context, struct rcx_bench_work *out,
                                    struct rcx_error *err)
{
    struct radix_state *state = context;
    (void)err;
    for (size_t at = 0; at < state->count; at += PIECE) {
        size_t count = state->count - at < PIECE ? state->count - at : PIECE;
        memcpy(state->items, state->given + at, count * sizeof *state->items);
        rcx_radix_sort(state->items, state->scratch, count);
    }
    *out = (struct rcx_bench_work){.items = state->count};
    return RCX_OK;
}

void rcx_bench_radix_teardown(void *context)
{
    struct radix_state *state = context;
    if (state) {
        rcx_free(state->given);
        rcx_free(state->items);
        rcx_free(state->scratch);
    }
    rcx_free(state);
}

/* ---- dictionary ---- */

struct intern_state {
    uint16_t *order; /* [count] which text comes */
    size_t count;
    char texts[TEXTS][TEXT_BYTES];
};

enum rcx_status rcx_bench_intern_setup(struct rcx_bench_data *data, void **out_state,
                                       struct rcx_error *err)
{
    struct intern_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->count = (size_t)items_of(data);
    state->order = rcx_malloc_array(state->count, sizeof *state->order);
    if (!state->order)
        return rcx_fail_nomem(err, "benchmark", state->count * sizeof *state->order);
    for (unsigned i = 0; i < TEXTS; i++)
        snprintf(state->texts[i], TEXT_BYTES, "%u%c", 20000 + 7 * i, 'A' + (char)(i % 26));
    struct rcx_random random = rcx_random_of(rcx_bench_options(data)->seed, 2, 0);
    for (size_t i = 0; i < state->count; i++) /* few of them often, as products sell */
        state->order[i] = (uint16_t)(rcx_random_below(&random, TEXTS) *
                                     rcx_random_below(&random, TEXTS) / TEXTS);
    return RCX_OK;
}

enum rcx_status rcx_bench_intern_run(void *context, struct rcx_bench_work *out,
                                     struct rcx_error *err)
{
    const struct intern_state *state = context;
    struct rcx_dictionary dictionary;
    bool ok = rcx_dictionary_init(&dictionary);
    for (size_t i = 0; i < state->count && ok; i++) {
        const char *text = state->texts[state->order[i]];
        ok = rcx_dictionary_intern(&dictionary, rcx_text_of(text)) != RCX_NO_CODE;
    }
    rcx_dictionary_release(&dictionary);
    *out = (struct rcx_bench_work){.items = state->count};
    return ok ? RCX_OK : rcx_fail_nomem(err, "dictionary", 0);
}

void rcx_bench_intern_teardown(void *context)
{
    struct intern_state *state = context;
    if (state)
        rcx_free(state->order);
    rcx_free(state);
}
