#pragma once
/* XXH3 (xxHash 0.8): 64 bits for chunks and tables, 128 for files and digests. Not cryptographic. */
#include <stddef.h>
#include <stdint.h>

struct rcx_digest {
    uint64_t low, high;
};

uint64_t rcx_hash64(const void *data, size_t length);
struct rcx_digest rcx_hash128(const void *data, size_t length);
int rcx_digest_compare(struct rcx_digest a, struct rcx_digest b);

/* The version of xxHash, "0.8.1". Static storage. */
const char *rcx_hash_version(void);

enum { RCX_DIGEST_TEXT_BYTES = 33 };
/* 32 lower-case hex digits, high half first, NUL-terminated; returns `out`. */
const char *rcx_digest_format(struct rcx_digest digest, char out[RCX_DIGEST_TEXT_BYTES]);

/* Streaming: same result as rcx_hash128 over the concatenation. Opaque; owns memory. */
struct rcx_hasher;
struct rcx_hasher *rcx_hasher_open(void); /* NULL when out of memory */
void rcx_hasher_update(struct rcx_hasher *hasher, const void *data, size_t length);
struct rcx_digest rcx_hasher_digest(const struct rcx_hasher *hasher);
void rcx_hasher_close(struct rcx_hasher *hasher);
