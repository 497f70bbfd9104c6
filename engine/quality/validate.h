#pragma once
/* Validation: what is wrong with the data, said before anything is removed.
 *
 * Facts are counted in one parallel pass over the raw rows of the store, guests included
 * (engine/exec/validate_run.h); the checks judge facts against the keys of validation.* and say each
 * in one sentence. Facts are integers, so no result depends on how the work was cut.
 *
 * To add a check: 1. its numbers in struct rcx_validation_facts and validate_batch.c; 2. its function
 * in the list of validate_checks.c; 3. its reference in tests/engine/test_validate_run.c. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/table.h"
#include "config/config.h"
#include "storage/store/scan.h"

struct rcx_validation_facts {
    uint64_t rows;
    uint64_t missing[RCX_FIELD_COUNT]; /* empty fields; rows without customer */
    uint64_t rejected[RCX_REJECT_KINDS];
    uint8_t field_mask; /* columns that the input had */
    bool customer_is_text;
    uint64_t price_negative, price_zero, price_valid;
    uint64_t quantity_zero, quantity_outside;
    uint64_t cancellation_rows;            /* of invoices whose number looks like a cancellation */
    uint64_t cancellation_positive;        /* of those, with a quantity > 0 */
    uint64_t return_rows, returns_outside; /* quantity < 0; of those, not in a cancellation */
    uint64_t revenue_positive, revenue_negative, revenue_zero; /* rows */
    uint64_t exact_duplicates; /* rows equal to another, without the first of each */
    uint64_t key_duplicates;   /* rows that share invoice, stock code and customer, all of them */
    uint64_t customers, customers_few_rows;
    rcx_day first_day, last_day;
    uint64_t days_with_rows;
    uint64_t longest_gap_days; /* calendar days without a row */
    rcx_day gap_first_day;     /* the first of them; the earliest gap of that length */
};

enum rcx_severity { RCX_SEVERITY_INFO, RCX_SEVERITY_WARNING, RCX_SEVERITY_ERROR };

struct rcx_validation_check {
    char check[48];
    bool pass;
    enum rcx_severity severity;
    char message[320];
};

/* `struct rcx_validation v = {0}` is a valid empty one. */
struct rcx_validation {
    struct rcx_validation_facts facts;
    struct rcx_validation_check *checks; /* owned */
    size_t count, capacity;
    bool has_errors; /* some check failed with severity ERROR */
};
void rcx_validation_release(struct rcx_validation *validation);
const char *rcx_severity_name(enum rcx_severity severity); /* "ERROR" */

/* Judges the facts; fills checks in the documented order. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_validation_judge(const struct rcx_cfg_validation *cfg,
                                     const struct rcx_validation_facts *facts,
                                     struct rcx_validation *out, struct rcx_error *err);

/* The table of outputs/validation_report.csv: Check, Status, Severity, Message. The caller releases
 * *out. */
enum rcx_status rcx_validation_table(const struct rcx_validation *validation, struct rcx_table *out,
                                     struct rcx_error *err);
