#pragma once
/* What an open store consists of; private to storage/store. */
#include "storage/store/dictionary_file.h"
#include "storage/store/manifest.h"
#include "storage/store/segment.h"
#include "storage/store/store.h"

struct rcx_view;

struct rcx_store {
    char *directory;
    struct rcx_manifest manifest;
    struct rcx_store_summary summary;
    struct rcx_segment *segments;
    size_t segment_count;
    struct rcx_strings *strings[RCX_TEXT_FIELD_COUNT];
    uint32_t *ranks[RCX_TEXT_FIELD_COUNT];
    struct rcx_code_limits limits;
    struct rcx_view *view; /* of a view (view.h), whose segments are its base's; else NULL */
};

/* Where a customer stands in the store's order: the id, or the rank of a text id; guests last. */
static inline int64_t rcx_store_customer_order(const struct rcx_store *store, int64_t customer)
{
    if (!store->limits.customer || customer == RCX_GUEST)
        return customer;
    return store->ranks[RCX_TEXT_CUSTOMER][customer];
}

/* Builds a store from a manifest (ownership moves in, also on failure). */
enum rcx_status rcx_store_open_manifest(const char *directory, struct rcx_manifest *manifest,
                                        struct rcx_store **out, struct rcx_error *err);

/* Distinct customers over all segments. */
enum rcx_status rcx_store_count_customers(const struct rcx_store *store, uint64_t *out,
                                          struct rcx_error *err);
