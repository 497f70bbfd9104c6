#pragma once
/* Judging whole columns: what the rows say about the order of day and month, the decimal mark and
 * the type of the customer id, and the verdict. Nothing is guessed from the first rows, and what
 * the whole column leaves open is refused, with the evidence.
 *
 * Evidence is counted per worker while parsing and added up; sums do not depend on who counted. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dictionary.h"
#include "base/status.h"
#include "config/config.h"
#include "storage/ingest/raw_date.h"
#include "storage/ingest/raw_number.h"

enum rcx_customer_class {
    RCX_CUSTOMER_NUMBER,     /* digits, no leading zero, at most 18 */
    RCX_CUSTOMER_POINT_ZERO, /* such a number followed by ".0" */
    RCX_CUSTOMER_TEXT,
    RCX_CUSTOMER_GUEST,
    RCX_CUSTOMER_CLASSES
};

enum { RCX_EXAMPLE_BYTES = 48, RCX_TIMED_ORDERS = 3 };

/* The first text, in the order of the input, that shows something. */
struct rcx_example {
    uint64_t position; /* order in the input; 0: none */
    char text[RCX_EXAMPLE_BYTES];
};

struct rcx_evidence {
    uint64_t rows;                     /* accepted so far */
    uint64_t dates[1 << RCX_READINGS]; /* rows by the set of readings their date allows */
    uint64_t known_dates;              /* rows whose date needs no reading */
    uint64_t quantities[RCX_NUMBER_CLASSES], prices[RCX_NUMBER_CLASSES];
    /* quantities of the two ambiguous classes with too many places when the mark is decimal */
    uint64_t broken_quantities[RCX_NUMBER_CLASSES];
    uint64_t customers[RCX_CUSTOMER_CLASSES];
    uint64_t mixed_customers; /* ".0" ids in inputs that also have plain ones */
    struct rcx_example ambiguous_date, ambiguous_number, text_customer;
    rcx_raw_date ambiguous_raw;
};

void rcx_example_note(struct rcx_example *example, uint64_t position, struct rcx_text text);
void rcx_evidence_add(struct rcx_evidence *sum, const struct rcx_evidence *part);
/* Rows that fit each reading, and all rows with a date. */
void rcx_evidence_date_fits(const struct rcx_evidence *evidence, uint64_t out_fits[RCX_READINGS],
                            uint64_t *out_rows);

/* The earliest time of each invoice under the three orders that can be mistaken for one another;
 * kept only as long as several of them fit every row. Indexed by invoice code. */
struct rcx_invoice_times {
    bool dropped;
    size_t count, capacity;
    rcx_time (*first)[RCX_TIMED_ORDERS]; /* INT64_MAX: not seen, or not under this order */
};
bool rcx_invoice_times_note(struct rcx_invoice_times *times, uint32_t invoice, rcx_raw_date raw,
                            rcx_reading_set set); /* false: out of memory */
/* Adds `part`, whose invoice i is invoice codes[i] of the sum. */
bool rcx_invoice_times_add(struct rcx_invoice_times *sum, const struct rcx_invoice_times *part,
                           const uint32_t *codes);
void rcx_invoice_times_release(struct rcx_invoice_times *times);

struct rcx_verdict {
    rcx_reading_set readings; /* dates of other readings are rejected */
    enum rcx_date_order date_order;
    char decimal_mark;
    bool customer_is_text;
};

/* What is settled beforehand: by options, or by the decisions of an earlier ingest. */
struct rcx_verdict_given {
    enum rcx_date_order date_order; /* RCX_DATE_UNDECIDED: judge */
    char decimal_mark;              /* 0: judge */
    bool customer_type_known, customer_is_text;
};

struct rcx_judge_names {
    const char *input;                                /* for messages: the file, or "3 files" */
    const char *invoice_date, *quantity, *unit_price; /* columns */
};

/* Errors: RCX_E_INPUT when the evidence does not settle a question; the text says what was found
 * and which option decides. `invoices` are the texts that the codes in `times` stand for. */
enum rcx_status
rcx_judge(const struct rcx_cfg_ingest *config, const struct rcx_verdict_given *given,
          const struct rcx_evidence *evidence, const struct rcx_invoice_times *times,
          const struct rcx_dictionary *invoices, const struct rcx_judge_names *names,
          struct rcx_verdict *out, struct rcx_error *err);

/* Whether rows counted in the evidence do not stand as they were parsed: they contradict the verdict
 * and have to be rejected, or their customer was kept as a number and has to be a text. */
bool rcx_verdict_has_misfits(const struct rcx_verdict *verdict,
                             const struct rcx_evidence *evidence);
