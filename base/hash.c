#include "base/hash.h"

/* Inlined: most hashed texts are short, where a call into the shared library costs more than the
 * hash. */
#define XXH_INLINE_ALL
#ifndef NDEBUG
#define XXH_NO_INLINE_HINTS 1 /* forced inlining does not compile with -Og */
#endif
#include <xxhash.h>

#include "base/memory.h"

struct rcx_hasher {
    XXH3_state_t *state;
};

#define TEXT_OF_(number) #number
#define TEXT_OF(number) TEXT_OF_(number)

const char *rcx_hash_version(void)
{
    return TEXT_OF(XXH_VERSION_MAJOR) "." TEXT_OF(XXH_VERSION_MINOR) "." TEXT_OF(
        XXH_VERSION_RELEASE);
}

uint64_t rcx_hash64(const void *data, size_t length)
{
    return XXH3_64bits(data, length);
}

struct rcx_digest rcx_hash128(const void *data, size_t length)
{
    XXH128_hash_t hash = XXH3_128bits(data, length);
    return (struct rcx_digest){.low = hash.low64, .high = hash.high64};
}

int rcx_digest_compare(struct rcx_digest a, struct rcx_digest b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    if (a.low != b.low)
        return a.low < b.low ? -1 : 1;
    return 0;
}

const char *rcx_digest_format(struct rcx_digest digest, char out[RCX_DIGEST_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++) {
        out[i] = digits[digest.high >> (60 - 4 * i) & 15];
        out[16 + i] = digits[digest.low >> (60 - 4 * i) & 15];
    }
    out[32] = '\0';
    return out;
}

/* The state wants 64-byte alignment, which the allocator does not promise, so it is placed at the
 * first such address of a larger block that also holds the handle. */
struct rcx_hasher *rcx_hasher_open(void)
{
    enum { ALIGNMENT = 64 };
    struct rcx_hasher *hasher = rcx_malloc(sizeof *hasher + ALIGNMENT + sizeof(XXH3_state_t));
    if (!hasher)
        return NULL;
    uintptr_t address = (uintptr_t)(hasher + 1);
    size_t skip = (ALIGNMENT - address % ALIGNMENT) % ALIGNMENT;
    hasher->state = (XXH3_state_t *)(void *)((char *)(hasher + 1) + skip);
    XXH3_INITSTATE(hasher->state);
    XXH3_128bits_reset(hasher->state);
    return hasher;
}

void rcx_hasher_update(struct rcx_hasher *hasher, const void *data, size_t length)
{
    if (length > 0)
        XXH3_128bits_update(hasher->state, data, length);
}

struct rcx_digest rcx_hasher_digest(const struct rcx_hasher *hasher)
{
    XXH128_hash_t hash = XXH3_128bits_digest(hasher->state);
    return (struct rcx_digest){.low = hash.low64, .high = hash.high64};
}

void rcx_hasher_close(struct rcx_hasher *hasher)
{
    rcx_free(hasher);
}
