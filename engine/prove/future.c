#include "engine/prove/future.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"

enum { NEW_TEXTS = 64, TEXT_BYTES = 96, STREAM_TEXTS = 0x7e87 };

enum rcx_status rcx_future_hide(const struct rcx_store *store, rcx_time cutoff,
                                const struct rcx_parallel *parallel, struct rcx_store **out,
                                struct rcx_error *err)
{
    const struct rcx_store_view_options options = {.from = cutoff, .parallel = *parallel};
    return rcx_store_view_open(store, &options, out, err);
}

/* A known text and a number, cut short where it is long. */
static void derive(const struct rcx_strings *known, struct rcx_random *random, char out[TEXT_BYTES])
{
    struct rcx_text text = rcx_strings_get(known, (uint32_t)rcx_random_below(random, known->count));
    size_t length = text.length < TEXT_BYTES / 2 ? text.length : 0;
    if (length)
        memcpy(out, text.data, length);
    snprintf(out + length, TEXT_BYTES - length, "~%u", (unsigned)rcx_random_below(random, 10000));
}

static void make_text(const struct rcx_strings *known, enum rcx_text_field field, uint32_t i,
                      struct rcx_random *random, char out[TEXT_BYTES])
{
    static const char *const services[] = {"post", "Dot", "m", "bank charges", "CRUK"};
    unsigned number = (unsigned)rcx_random_below(random, 1000000);
    if (field == RCX_TEXT_INVOICE && i % 2)
        snprintf(out, TEXT_BYTES, "%s%u", i % 4 == 1 ? "C" : "c", number);
    else if (field == RCX_TEXT_INVOICE)
        snprintf(out, TEXT_BYTES, "%u", number);
    else if (field == RCX_TEXT_STOCK && i < sizeof services / sizeof services[0])
        snprintf(out, TEXT_BYTES, "%s", services[i]);
    else
        derive(known, random, out);
}

/* New texts of a field; those that happen to be known are no harm. */
static bool make_texts(const struct rcx_strings *known, enum rcx_text_field field, uint64_t seed,
                       struct rcx_dictionary *out)
{
    struct rcx_random random = rcx_random_of(seed, STREAM_TEXTS, field);
    char text[TEXT_BYTES];
    if (!rcx_dictionary_init(out))
        return false;
    for (uint32_t i = 0; i < NEW_TEXTS; i++) {
        make_text(known, field, i, &random, text);
        if (rcx_dictionary_intern(out, rcx_text_of(text)) == RCX_NO_CODE)
            return false;
    }
    return true;
}

enum rcx_status rcx_future_poison(const struct rcx_store *store, rcx_time cutoff, uint64_t seed,
                                  const struct rcx_parallel *parallel, struct rcx_poison *poison,
                                  struct rcx_store **out, struct rcx_error *err)
{
    struct rcx_store_view_options options = {
        .from = cutoff, .add = rcx_poison_rows, .add_context = poison, .parallel = *parallel};
    struct rcx_dictionary texts[RCX_TEXT_FIELD_COUNT] = {0};
    bool ok = true;
    *poison = (struct rcx_poison){store, seed, cutoff};
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT && ok; f++) {
        enum rcx_text_field field = (enum rcx_text_field)f;
        if (field == RCX_TEXT_CUSTOMER && !rcx_store_summary(store)->decisions.customer_is_text)
            continue;
        ok = make_texts(rcx_store_strings(store, field), field, seed, &texts[f]);
        options.texts[f] = &texts[f];
    }
    enum rcx_status status = ok ? rcx_store_view_open(store, &options, out, err)
                                : rcx_fail_nomem(err, "made-up texts", 0);
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        rcx_dictionary_release(&texts[f]);
    return status;
}
