#include "base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Blocks from here on ask for huge pages: fewer faults, at most one huge page of waste. They begin
 * where a huge page does, else their ends could not be in one. */
#define HUGE_PAGE_BLOCK_BYTES ((size_t)8 << 20)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

/* The two words of failure injection: the only mutable state of the process that base keeps. */
static atomic_uint_fast64_t allocations;
static atomic_uint_fast64_t failing_from; /* 0: none fails */

/* No object may be larger (C wants differences of pointers to fit); allocators refuse or abort. */
#define MOST_BYTES ((size_t)PTRDIFF_MAX)

static bool injected_failure(void)
{
    uint64_t number = atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed) + 1;
    uint64_t from = atomic_load_explicit(&failing_from, memory_order_relaxed);
    return from != 0 && number >= from;
}

uint64_t rcx_memory_fail_at(uint64_t k)
{
    uint64_t happened = atomic_exchange(&allocations, 0);
    atomic_store(&failing_from, k);
    return happened;
}

void *rcx_malloc(size_t bytes)
{
    if (injected_failure() || bytes > MOST_BYTES)
        return NULL;
    return malloc(bytes > 0 ? bytes : 1);
}

void *rcx_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (injected_failure() || __builtin_mul_overflow(count, size, &bytes) || bytes > MOST_BYTES)
        return NULL;
    return calloc(bytes > 0 ? bytes : 1, 1);
}

void *rcx_malloc_array(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return rcx_malloc(bytes);
}

void *rcx_realloc_array(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (injected_failure() || __builtin_mul_overflow(count, size, &bytes) || bytes > MOST_BYTES)
        return NULL;
    return realloc(block, bytes > 0 ? bytes : 1);
}

void rcx_free(void *block)
{
    free(block);
}

char *rcx_strdup(const char *text)
{
    return rcx_strndup(text, strlen(text));
}

char *rcx_strndup(const char *text, size_t length)
{
    length = strnlen(text, length);
    char *copy = rcx_malloc(length + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

bool rcx_array_reserve(void *array_pointer, size_t *capacity, size_t need, size_t element_bytes)
{
    assert(element_bytes > 0);
    if (need <= *capacity)
        return true;
    size_t grown = *capacity < SIZE_MAX / 2 ? *capacity * 2 : SIZE_MAX;
    if (grown < 8)
        grown = 8;
    if (grown < need)
        grown = need;
    void *array;
    memcpy(&array, array_pointer, sizeof array);
    array = rcx_realloc_array(array, grown, element_bytes);
    if (array == NULL)
        return false;
    memcpy(array_pointer, &array, sizeof array);
    *capacity = grown;
    return true;
}

static void *map_pages(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* Maps more than is wanted and unmaps what lies before and behind the aligned part. */
static void *map_huge_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = bytes + HUGE_PAGE_BYTES;
    char *first = map_pages(mapped);
    if (first == NULL)
        return NULL;
    size_t before = -(uintptr_t)first % HUGE_PAGE_BYTES;
    char *pages = first + before;
    char *end = pages + (bytes + page - 1) / page * page;
    if (before > 0)
        (void)munmap(first, before);
    if (end < first + mapped)
        (void)munmap(end, (size_t)(first + mapped - end));
    (void)madvise(pages, bytes, MADV_HUGEPAGE); /* a wish; any answer is fine */
    return pages;
}

void *rcx_pages_alloc(size_t bytes)
{
    if (injected_failure() || bytes > MOST_BYTES)
        return NULL;
    return bytes >= HUGE_PAGE_BLOCK_BYTES ? map_huge_pages(bytes) : map_pages(bytes ? bytes : 1);
}

void rcx_pages_free(void *pages, size_t bytes)
{
    if (pages != NULL)
        (void)munmap(pages, bytes > 0 ? bytes : 1);
}
