#pragma once
/* Stores made of rows whose texts are numbers ("S17"), so that tests can state content without
 * dictionaries. Text number 0 is the empty text; numbers are not padded, so byte order differs from
 * numeric order. */
#include "tests/support/check.h"
#include "tests/support/temp_dir.h"

#include "storage/store/store_writer.h"

/* "" for 0, else a letter for the field and the number. Returns `out`. */
const char *rcx_test_text(enum rcx_text_field field, uint32_t number, char out[32]);

/* The store's order, computed from the texts. For qsort; `text_customers` as a global choice. */
extern bool rcx_test_text_customers;
int rcx_test_compare_rows(const void *a, const void *b);

/* A row of small random values; one in five is a guest. */
struct rcx_row rcx_test_random_row(struct check_random *random, uint64_t customers);

/* Sorts `rows` (in place, texts become codes) and commits them as one version; fails the test on
 * any error. */
void rcx_test_ingest(const char *directory, struct rcx_row *rows, size_t count, unsigned threads);
