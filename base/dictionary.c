#include "base/dictionary.h"

#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/radix.h"

enum { FIRST_SLOTS = 64, FIRST_CODES = 64 };

/* Slots are chosen by the low bits of the hash, tags are its high half, so that a tag still tells
 * texts of one slot apart. */
static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

bool rcx_dictionary_init(struct rcx_dictionary *dictionary)
{
    *dictionary = (struct rcx_dictionary){0};
    dictionary->slots = rcx_calloc(FIRST_SLOTS, sizeof *dictionary->slots);
    dictionary->tags = rcx_calloc(FIRST_SLOTS, sizeof *dictionary->tags);
    dictionary->slot_count = FIRST_SLOTS;
    bool ok = dictionary->slots && dictionary->tags &&
              rcx_array_reserve(&dictionary->offsets, &dictionary->offset_capacity, FIRST_CODES,
                                sizeof *dictionary->offsets) &&
              rcx_array_reserve(&dictionary->bytes, &dictionary->byte_capacity, FIRST_CODES, 1);
    if (ok) {
        dictionary->offsets[0] = 0;
        ok = rcx_dictionary_intern(dictionary, (struct rcx_text){"", 0}) == 0;
    }
    if (!ok)
        rcx_dictionary_release(dictionary);
    return ok;
}

void rcx_dictionary_release(struct rcx_dictionary *dictionary)
{
    if (!dictionary)
        return;
    rcx_free(dictionary->offsets);
    rcx_free(dictionary->bytes);
    rcx_free(dictionary->slots);
    rcx_free(dictionary->tags);
    *dictionary = (struct rcx_dictionary){0};
}

/* The slot that holds the text, or the free slot where it belongs. */
static size_t probe(const struct rcx_dictionary *dictionary, struct rcx_text text, uint64_t hash)
{
    size_t mask = dictionary->slot_count - 1;
    size_t slot = (size_t)hash & mask;
    uint32_t tag = tag_of(hash);
    while (dictionary->slots[slot] != 0) {
        if (dictionary->tags[slot] == tag) {
            struct rcx_text held = rcx_dictionary_get(dictionary, dictionary->slots[slot] - 1);
            if (held.length == text.length &&
                (text.length == 0 || memcmp(held.data, text.data, text.length) == 0))
                return slot;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

/* Doubles the slots. The low half of a hash is not kept, so texts are hashed again; they lie one
 * after the other in memory, which makes that a sequential pass. */
static bool grow_slots(struct rcx_dictionary *dictionary)
{
    size_t slot_count = dictionary->slot_count * 2;
    uint32_t *slots = rcx_calloc(slot_count, sizeof *slots);
    uint32_t *tags = rcx_malloc_array(slot_count, sizeof *tags);
    if (!slots || !tags) {
        rcx_free(slots);
        rcx_free(tags);
        return false;
    }
    for (uint32_t code = 0; code < dictionary->count; code++) {
        struct rcx_text text = rcx_dictionary_get(dictionary, code);
        uint64_t hash = rcx_hash64(text.data, text.length);
        size_t slot = (size_t)hash & (slot_count - 1);
        while (slots[slot] != 0)
            slot = (slot + 1) & (slot_count - 1);
        slots[slot] = code + 1;
        tags[slot] = tag_of(hash);
    }
    rcx_free(dictionary->slots);
    rcx_free(dictionary->tags);
    dictionary->slots = slots;
    dictionary->tags = tags;
    dictionary->slot_count = slot_count;
    return true;
}

static bool append_text(struct rcx_dictionary *dictionary, struct rcx_text text)
{
    uint64_t end = dictionary->offsets[dictionary->count];
    size_t need = (size_t)end + text.length;
    if (need < text.length)
        return false;
    if (!rcx_array_reserve(&dictionary->offsets, &dictionary->offset_capacity,
                           (size_t)dictionary->count + 2, sizeof *dictionary->offsets) ||
        !rcx_array_reserve(&dictionary->bytes, &dictionary->byte_capacity, need, 1))
        return false;
    if (text.length > 0)
        memcpy(dictionary->bytes + end, text.data, text.length);
    dictionary->count++;
    dictionary->offsets[dictionary->count] = need;
    return true;
}

static uint32_t intern_hashed(struct rcx_dictionary *dictionary, struct rcx_text text,
                              uint64_t hash)
{
    size_t slot = probe(dictionary, text, hash);
    if (dictionary->slots[slot] != 0)
        return dictionary->slots[slot] - 1;
    if (dictionary->count >= RCX_NO_CODE - 1)
        return RCX_NO_CODE;
    /* At most 5/8 full: linear probing stays short. */
    if (dictionary->count >= dictionary->slot_count / 8 * 5) {
        if (!grow_slots(dictionary))
            return RCX_NO_CODE;
        slot = probe(dictionary, text, hash);
    }
    uint32_t code = dictionary->count;
    if (!append_text(dictionary, text))
        return RCX_NO_CODE;
    dictionary->slots[slot] = code + 1;
    dictionary->tags[slot] = tag_of(hash);
    return code;
}

uint32_t rcx_dictionary_intern(struct rcx_dictionary *dictionary, struct rcx_text text)
{
    return intern_hashed(dictionary, text, rcx_hash64(text.data, text.length));
}

bool rcx_dictionary_intern_all(struct rcx_dictionary *dictionary, const struct rcx_text *texts,
                               size_t count, uint32_t *out_codes)
{
    enum { UNDER_WAY = 16 };
    uint64_t hashes[UNDER_WAY];
    for (size_t begin = 0; begin < count; begin += UNDER_WAY) {
        size_t some = count - begin < UNDER_WAY ? count - begin : UNDER_WAY;
        for (size_t i = 0; i < some; i++) {
            hashes[i] = rcx_hash64(texts[begin + i].data, texts[begin + i].length);
            size_t slot = (size_t)hashes[i] & (dictionary->slot_count - 1);
            __builtin_prefetch(&dictionary->slots[slot]);
            __builtin_prefetch(&dictionary->tags[slot]);
        }
        for (size_t i = 0; i < some; i++) {
            out_codes[begin + i] = intern_hashed(dictionary, texts[begin + i], hashes[i]);
            if (out_codes[begin + i] == RCX_NO_CODE)
                return false;
        }
    }
    return true;
}

uint32_t rcx_dictionary_find(const struct rcx_dictionary *dictionary, struct rcx_text text)
{
    if (dictionary->slot_count == 0)
        return RCX_NO_CODE;
    size_t slot = probe(dictionary, text, rcx_hash64(text.data, text.length));
    return dictionary->slots[slot] == 0 ? RCX_NO_CODE : dictionary->slots[slot] - 1;
}

/* --- order ------------------------------------------------------------------------------------- */

enum {
    FEW_TEXTS = 16
}; /* up to here texts are compared, beyond sorted by their next eight bytes */

/* Bytes [from, from + 8) of a text as a big-endian number, zeros behind its end. */
static uint64_t word_of(struct rcx_text text, size_t from)
{
    uint64_t word = 0;
    for (size_t i = from; i < from + 8; i++)
        word = word << 8 | (i < text.length ? (uint8_t)text.data[i] : 0);
    return word;
}

static void insert_texts(const struct rcx_dictionary *dictionary, struct rcx_radix_item *items,
                         size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct rcx_radix_item item = items[i];
        struct rcx_text text = rcx_dictionary_get(dictionary, item.payload);
        size_t k = i;
        for (; k > 0 &&
               rcx_text_compare(rcx_dictionary_get(dictionary, items[k - 1].payload), text) > 0;
             k--)
            items[k] = items[k - 1];
        items[k] = item;
    }
}

static bool all_ended(const struct rcx_dictionary *dictionary, const struct rcx_radix_item *items,
                      size_t count, size_t from)
{
    for (size_t i = 0; i < count; i++)
        if (rcx_dictionary_get(dictionary, items[i].payload).length > from)
            return false;
    return true;
}

/* Sorts texts that agree in their first `from` bytes, zeros behind their ends (so those that have
 * all ended differ in the number of NULs at the end, and are few). */
static void sort_texts(const struct rcx_dictionary *dictionary, struct rcx_radix_item *items,
                       struct rcx_radix_item *scratch, size_t count, size_t from)
{
    if (count <= FEW_TEXTS || all_ended(dictionary, items, count, from)) {
        insert_texts(dictionary, items, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        items[i].key = word_of(rcx_dictionary_get(dictionary, items[i].payload), from);
    rcx_radix_sort(items, scratch, count);
    for (size_t begin = 0; begin < count;) {
        size_t end = begin + 1;
        while (end < count && items[end].key == items[begin].key)
            end++;
        sort_texts(dictionary, items + begin, scratch, end - begin, from + 8);
        begin = end;
    }
}

bool rcx_dictionary_rank(const struct rcx_dictionary *dictionary, uint32_t *out_rank)
{
    size_t count = dictionary->count;
    struct rcx_radix_item *items = rcx_malloc_array(count + 1, sizeof *items);
    struct rcx_radix_item *scratch = rcx_malloc_array(count + 1, sizeof *scratch);
    bool ok = items && scratch;
    if (ok) {
        for (uint32_t code = 0; code < count; code++)
            items[code].payload = code;
        sort_texts(dictionary, items, scratch, count, 0);
        for (uint32_t position = 0; position < count; position++)
            out_rank[items[position].payload] = position;
    }
    rcx_free(items);
    rcx_free(scratch);
    return ok;
}

struct rcx_strings *rcx_dictionary_strings(const struct rcx_dictionary *dictionary)
{
    uint64_t bytes = dictionary->offsets[dictionary->count];
    struct rcx_strings *strings = rcx_strings_new(dictionary->count, bytes);
    if (!strings)
        return NULL;
    memcpy(strings->offsets, dictionary->offsets,
           ((size_t)dictionary->count + 1) * sizeof *strings->offsets);
    if (bytes > 0)
        memcpy(strings->bytes, dictionary->bytes, (size_t)bytes);
    return strings;
}
