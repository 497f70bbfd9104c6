#pragma once
/* The only allocator. One place to count, to inject failures in tests, and to map large blocks.
 * All functions return NULL on failure and never abort; sizes that overflow are failures.
 * Threads: all functions are thread-safe. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *rcx_malloc(size_t bytes);
void *rcx_calloc(size_t count, size_t size);
void *rcx_malloc_array(size_t count, size_t size); /* uninitialised, overflow-checked */
void *rcx_realloc_array(void *block, size_t count, size_t size);
void rcx_free(void *block); /* NULL is fine */
char *rcx_strdup(const char *text);
char *rcx_strndup(const char *text, size_t length);

/* Makes room for `need` elements in a growable array (doubling). On failure returns false and the
 * array is unchanged. *array may be NULL with *capacity 0. */
bool rcx_array_reserve(void *array_pointer, size_t *capacity, size_t need, size_t element_bytes);

/* Zeroed anonymous pages for large blocks; untouched pages cost no memory, and
 * rcx_pages_free returns them to the system at once. `bytes` must be the same in both calls. */
void *rcx_pages_alloc(size_t bytes);
void rcx_pages_free(void *pages, size_t bytes);

/* Tests: the k-th allocation from now on (1 = the next) fails, and every one after it;
 * 0 turns injection off. Returns how many allocations happened since the last call. */
uint64_t rcx_memory_fail_at(uint64_t k);

/* VmHWM and VmRSS of this process in bytes; 0 when the system does not tell. */
uint64_t rcx_memory_peak(void);
uint64_t rcx_memory_resident(void);
/* Lets VmHWM begin again at what is resident now; false when the system does not. */
bool rcx_memory_peak_reset(void);
/* Physical memory of the machine in bytes (respecting a cgroup limit when there is one). */
uint64_t rcx_memory_physical(void);
/* The lowest memory limit (cgroup v1 or v2, parents included) of the groups listed in the file
 * `membership` (/proc/self/cgroup), below `mount` (/sys/fs/cgroup); UINT64_MAX when there is none. */
uint64_t rcx_memory_cgroup_limit(const char *membership, const char *mount);
