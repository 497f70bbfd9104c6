#pragma once
/* Rows that could not be read: why, counted, and written to a file as they are met.
 *
 * To add a reason: 1. its row below; 2. use it; 3. a case in tests/cli/test_ingest.py. */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/text.h"
#include "storage/format/source.h"

/*       name            text in rejects.csv */
#define RCX_REJECT_REASONS(X)                                                                      \
    X(TOO_FEW_FIELDS, "too few fields")                                                            \
    X(TOO_MANY_FIELDS, "too many fields")                                                          \
    X(NUL_BYTE, "NUL byte")                                                                        \
    X(TOO_LONG, "longer than ingest.max_line_bytes")                                               \
    X(EMPTY, "empty")                                                                              \
    X(NOT_A_NUMBER, "not a number")                                                                \
    X(TOO_LARGE, "number too large")                                                               \
    X(TOO_MANY_PLACES, "more decimal places than ingest.quantity_decimals")                        \
    X(DECIMAL_MARK, "another decimal mark than the rest of the column")                            \
    X(NOT_A_DATE, "not a date")                                                                    \
    X(NO_SUCH_DAY, "no such day")                                                                  \
    X(YEAR, "year out of range")                                                                   \
    X(DATE_FORMAT, "another date format than the rest of the column")                              \
    X(TEXT_CUSTOMER, "customer id is text, the store has numbers")

enum rcx_reject_reason {
#define X(name, text) RCX_REJECT_##name,
    RCX_REJECT_REASONS(X)
#undef X
        RCX_REJECT_REASON_COUNT
};
const char *rcx_reject_reason_text(enum rcx_reject_reason reason);

enum { RCX_REJECT_TEXT_BYTES = 1024 }; /* of the raw record; longer ones are cut */

/* The rejects of one chunk, in order. Zero is a valid empty list. */
struct rcx_reject {
    uint64_t line;
    enum rcx_reject_reason reason;
    int column; /* of the file, from 0; -1: the whole record */
    size_t text_begin, text_length;
};
struct rcx_reject_list {
    size_t count, capacity;
    struct rcx_reject *items;
    struct rcx_buf text;
};
bool rcx_reject_list_add(struct rcx_reject_list *list, uint64_t line, enum rcx_reject_reason reason,
                         int column, struct rcx_text raw); /* false: out of memory */
void rcx_reject_list_clear(struct rcx_reject_list *list);
void rcx_reject_list_release(struct rcx_reject_list *list);

/* Counts by reason, with the first example of each. */
struct rcx_reject_counts {
    uint64_t total;
    uint64_t by_reason[RCX_REJECT_REASON_COUNT];
    struct {
        uint64_t line; /* 0: none */
        char file[128];
        char column[48]; /* empty: the row as a whole */
        char text[96];
    } example[RCX_REJECT_REASON_COUNT];
};
/* Adds those of a list; `columns` are the names of the input's columns. */
void rcx_reject_counts_add(struct rcx_reject_counts *counts, const char *input,
                           const struct rcx_source_column *columns,
                           const struct rcx_reject_list *list);
/* "1,204 x not a number in 'Quantity' (shop.csv:17: a,b,...); 3 x ...": the most frequent first. */
void rcx_reject_counts_describe(const struct rcx_reject_counts *counts, struct rcx_buf *out);

/* rejects.csv: file, line, column, reason, raw text. The file is created at the first reject. A file
 * of that name which is no list of rejects is somebody's data: RCX_E_IO, and it stays. */
struct rcx_reject_file;
enum rcx_status rcx_reject_file_open(const char *path, struct rcx_reject_file **out,
                                     struct rcx_error *err);
/* Appends and counts; `columns` are the names of the input's columns. */
enum rcx_status rcx_reject_file_write(struct rcx_reject_file *file, const char *input,
                                      const struct rcx_source_column *columns,
                                      const struct rcx_reject_list *list,
                                      struct rcx_reject_counts *counts, struct rcx_error *err);
/* Forgets what was written. */
void rcx_reject_file_restart(struct rcx_reject_file *file);
/* Both release; commit makes the file appear (when there were rejects); abort accepts NULL. */
enum rcx_status rcx_reject_file_commit(struct rcx_reject_file *file, struct rcx_error *err);
void rcx_reject_file_abort(struct rcx_reject_file *file);
