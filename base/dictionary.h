#pragma once
/* An appendable dictionary: text -> code, code -> text. Code 0 is always the empty text, which is how
 * a missing field is represented. Open addressing on XXH3-64 with the hash kept beside the code.
 * Threads: one thread at a time may intern; any number may read while nobody interns. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "base/text.h"

struct rcx_dictionary {
    uint32_t count; /* codes 0..count-1 */
    size_t offset_capacity;
    uint64_t *offsets; /* count + 1 */
    char *bytes;
    size_t byte_capacity;
    uint32_t *slots;   /* code + 1; 0 = free */
    uint32_t *tags;    /* upper hash bits of each slot */
    size_t slot_count; /* power of two */
};

enum { RCX_NO_CODE = 0xFFFFFFFF };

bool rcx_dictionary_init(struct rcx_dictionary *dictionary); /* holds code 0 = "" */
void rcx_dictionary_release(struct rcx_dictionary *dictionary);
/* The code of `text`, added when new; RCX_NO_CODE when out of memory (or 2^32 - 2 codes). */
uint32_t rcx_dictionary_intern(struct rcx_dictionary *dictionary, struct rcx_text text);
/* The same for `count` texts, several lookups under way at once: out_codes[i] is that of texts[i].
 * false: out of memory (or too many codes) */
bool rcx_dictionary_intern_all(struct rcx_dictionary *dictionary, const struct rcx_text *texts,
                               size_t count, uint32_t *out_codes);
uint32_t rcx_dictionary_find(const struct rcx_dictionary *dictionary, struct rcx_text text);
static inline struct rcx_text rcx_dictionary_get(const struct rcx_dictionary *dictionary,
                                                 uint32_t code)
{
    return (struct rcx_text){dictionary->bytes + dictionary->offsets[code],
                             (size_t)(dictionary->offsets[code + 1] - dictionary->offsets[code])};
}
/* out_rank[code] = position of the text in byte order; out has `count` entries. */
bool rcx_dictionary_rank(const struct rcx_dictionary *dictionary, uint32_t *out_rank);
/* A copy as the immutable list that columns refer to: text i is that of code i. NULL: out of memory. */
struct rcx_strings *rcx_dictionary_strings(const struct rcx_dictionary *dictionary);
