/* What the facts of validation mean: one function per group, in the order of the report. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/quality/validate.h"

/* Names of the columns in the report, as in the UCI file. */
static const char *const column_names[RCX_FIELD_COUNT] = {
    [RCX_FIELD_INVOICE_NO] = "InvoiceNo",     [RCX_FIELD_STOCK_CODE] = "StockCode",
    [RCX_FIELD_DESCRIPTION] = "Description",  [RCX_FIELD_QUANTITY] = "Quantity",
    [RCX_FIELD_INVOICE_DATE] = "InvoiceDate", [RCX_FIELD_UNIT_PRICE] = "UnitPrice",
    [RCX_FIELD_CUSTOMER_ID] = "CustomerID",   [RCX_FIELD_COUNTRY] = "Country",
};

struct judge {
    const struct rcx_cfg_validation *cfg;
    const struct rcx_validation_facts *facts;
    struct rcx_validation *out;
    bool out_of_memory;
};

void rcx_validation_release(struct rcx_validation *validation)
{
    rcx_free(validation->checks);
    *validation = (struct rcx_validation){0};
}

const char *rcx_severity_name(enum rcx_severity severity)
{
    static const char *const names[] = {"INFO", "WARNING", "ERROR"};

    return names[severity];
}

/* Adds a check. What passes is INFO; what fails has the severity given. */
__attribute__((format(printf, 5, 6))) static void add(struct judge *j, bool pass,
                                                      enum rcx_severity severity, const char *check,
                                                      const char *format, ...)
{
    struct rcx_validation *v = j->out;
    va_list arguments;

    if (!rcx_array_reserve(&v->checks, &v->capacity, v->count + 1, sizeof *v->checks)) {
        j->out_of_memory = true;
        return;
    }
    struct rcx_validation_check *row = &v->checks[v->count++];
    snprintf(row->check, sizeof row->check, "%s", check);
    va_start(arguments, format);
    vsnprintf(row->message, sizeof row->message, format, arguments);
    va_end(arguments);
    row->pass = pass;
    row->severity = pass ? RCX_SEVERITY_INFO : severity;
    v->has_errors |= row->severity == RCX_SEVERITY_ERROR;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static bool has_column(const struct judge *j, unsigned field)
{
    return j->facts->field_mask >> field & 1;
}

static void judge_schema(struct judge *j)
{
    char absent[160] = "";
    unsigned present = 0;

    for (unsigned f = 0; f < RCX_FIELD_COUNT; f++) {
        present += has_column(j, f);
        if (!has_column(j, f))
            snprintf(absent + strlen(absent), sizeof absent - strlen(absent), "%s%s",
                     absent[0] ? ", " : "", column_names[f]);
    }
    if (present == RCX_FIELD_COUNT)
        add(j, true, RCX_SEVERITY_INFO, "Schema Validation", "All %u columns are present", present);
    else
        add(j, false, RCX_SEVERITY_WARNING, "Schema Validation",
            "%u of %u columns are present; missing: %s", present, RCX_FIELD_COUNT, absent);
}

static void judge_completeness(struct judge *j)
{
    const struct rcx_validation_facts *f = j->facts;
    uint64_t missing = 0, cells = 0;
    char check[48], a[32];

    for (unsigned c = 0; c < RCX_FIELD_COUNT; c++) {
        if (!has_column(j, c))
            continue;
        missing += f->missing[c];
        cells += f->rows;
        if (percent(f->missing[c], f->rows) <= 100.0 * j->cfg->max_missing_share)
            continue;
        snprintf(check, sizeof check, "Completeness - %s", column_names[c]);
        add(j, false, RCX_SEVERITY_WARNING, check, "%s rows without %s (%.2f%%)",
            rcx_format_count(f->missing[c], a), column_names[c], percent(f->missing[c], f->rows));
    }
    double share = percent(missing, cells);
    add(j, share <= 100.0 * j->cfg->max_missing_share, RCX_SEVERITY_WARNING, "Overall Completeness",
        "%.2f%% of all cells are filled", 100.0 - share);
}

static void judge_types(struct judge *j)
{
    static const enum rcx_field fields[] = {RCX_FIELD_QUANTITY, RCX_FIELD_UNIT_PRICE,
                                            RCX_FIELD_INVOICE_DATE};
    const struct rcx_validation_facts *f = j->facts;
    char check[48], a[32];

    for (unsigned i = 0; i < 3; i++) {
        const char *name = column_names[fields[i]];
        uint64_t rejected = f->rejected[fields[i]];

        snprintf(check, sizeof check, "Data Type - %s", name);
        if (rejected == 0)
            add(j, true, RCX_SEVERITY_ERROR, check, "Every value of %s could be read", name);
        else
            add(j, false, RCX_SEVERITY_ERROR, check,
                "%s rows were rejected because %s could not be read; see rejects.csv",
                rcx_format_count(rejected, a), name);
    }
}

static void judge_ranges(struct judge *j)
{
    const struct rcx_validation_facts *f = j->facts;
    char a[32], b[32], c[32];

    add(j, f->price_negative == 0 && f->price_zero == 0, RCX_SEVERITY_WARNING,
        "Value Range - UnitPrice", "%s negative, %s zero, %s valid (%g or more)",
        rcx_format_count(f->price_negative, a), rcx_format_count(f->price_zero, b),
        rcx_format_count(f->price_valid, c), j->cfg->min_unit_price);
    add(j, f->quantity_outside == 0 && f->quantity_zero == 0, RCX_SEVERITY_WARNING,
        "Value Range - Quantity", "%s outside +-%s, %s zero",
        rcx_format_count(f->quantity_outside, a),
        rcx_format_count((uint64_t)j->cfg->max_abs_quantity, b),
        rcx_format_count(f->quantity_zero, c));
}

static void judge_business_rules(struct judge *j)
{
    const struct rcx_validation_facts *f = j->facts;
    double share = percent(f->cancellation_rows, f->rows);
    bool plausible = share <= 100.0 * j->cfg->max_cancellation_share;
    char a[32], b[32], c[32];

    add(j, plausible, RCX_SEVERITY_ERROR, "Business Rule - Cancellations",
        "%s rows of cancellations (%.2f%%)%s", rcx_format_count(f->cancellation_rows, a), share,
        plausible ? "" : "; that many are implausible: is cleaning.cancellation_prefix right?");
    add(j, true, RCX_SEVERITY_INFO, "Business Rule - Returns",
        "%s rows of negative quantity (%.2f%%)", rcx_format_count(f->return_rows, a),
        percent(f->return_rows, f->rows));
    add(j, true, RCX_SEVERITY_INFO, "Business Rule - Revenue Distribution",
        "%s positive, %s negative, %s zero", rcx_format_count(f->revenue_positive, a),
        rcx_format_count(f->revenue_negative, b), rcx_format_count(f->revenue_zero, c));
    add(j, f->cancellation_positive == 0 && f->returns_outside == 0, RCX_SEVERITY_WARNING,
        "Business Rule - Cancellation Sign",
        "%s rows of cancellations with a positive quantity, %s rows of negative quantity outside "
        "cancellations",
        rcx_format_count(f->cancellation_positive, a), rcx_format_count(f->returns_outside, b));
}

static void judge_duplicates(struct judge *j)
{
    const struct rcx_validation_facts *f = j->facts;
    char a[32], b[32];

    add(j, f->exact_duplicates == 0, RCX_SEVERITY_WARNING, "Duplicate Records",
        "%s exact duplicates (the first of each not counted); %s rows share InvoiceNo, StockCode "
        "and "
        "CustomerID (%.2f%%)",
        rcx_format_count(f->exact_duplicates, a), rcx_format_count(f->key_duplicates, b),
        percent(f->key_duplicates, f->rows));
}

static void judge_dates(struct judge *j)
{
    const struct rcx_validation_facts *f = j->facts;
    char first[RCX_DATE_TEXT_BYTES], last[RCX_DATE_TEXT_BYTES], a[32], b[32], c[32];
    uint64_t days = (uint64_t)(f->last_day - f->first_day) + 1;

    add(j, f->rows > 0, RCX_SEVERITY_ERROR, "Date Range Validation", "%s to %s, %s days",
        rcx_format_day(f->first_day, first), rcx_format_day(f->last_day, last),
        rcx_format_count(days, a));
    add(j, f->rejected[RCX_FIELD_INVOICE_DATE] == 0, RCX_SEVERITY_WARNING, "Date Completeness",
        "%s rows without a date that could be read; %s of %s days have rows",
        rcx_format_count(f->rejected[RCX_FIELD_INVOICE_DATE], a),
        rcx_format_count(f->days_with_rows, b), rcx_format_count(days, c));
    if (f->longest_gap_days == 0)
        add(j, true, RCX_SEVERITY_WARNING, "Date Gaps", "No day without a row");
    else
        add(j, f->longest_gap_days <= (uint64_t)j->cfg->max_gap_days, RCX_SEVERITY_WARNING,
            "Date Gaps", "The longest run of days without a row is %" PRIu64 ", from %s",
            f->longest_gap_days, rcx_format_day(f->gap_first_day, first));
}

static void judge_customers(struct judge *j)
{
    const struct rcx_validation_facts *f = j->facts;
    uint64_t missing = f->missing[RCX_FIELD_CUSTOMER_ID];
    char a[32], b[32], c[32];

    add(j, f->customers > 0, RCX_SEVERITY_ERROR, "Customer Data",
        "%s customers; %s rows without one (%.2f%%)", rcx_format_count(f->customers, a),
        rcx_format_count(missing, b), percent(missing, f->rows));
    add(j, true, RCX_SEVERITY_INFO, "Customer Transaction Count",
        "%s customers with fewer than %s rows, out of %s",
        rcx_format_count(f->customers_few_rows, a),
        rcx_format_count((uint64_t)j->cfg->min_customer_rows, b),
        rcx_format_count(f->customers, c));
}

enum rcx_status rcx_validation_judge(const struct rcx_cfg_validation *cfg,
                                     const struct rcx_validation_facts *facts,
                                     struct rcx_validation *out, struct rcx_error *err)
{
    static void (*const groups[])(struct judge *) = {
        judge_schema,         judge_completeness, judge_types, judge_ranges,
        judge_business_rules, judge_duplicates,   judge_dates, judge_customers,
    };
    struct rcx_validation validation = {.facts = *facts};
    struct judge judge = {.cfg = cfg, .facts = facts, .out = &validation};

    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        groups[g](&judge);
    if (judge.out_of_memory) {
        rcx_validation_release(&validation);
        return rcx_fail_nomem(err, "validation report", 0);
    }
    *out = validation;
    return RCX_OK;
}

/* A text column of one text per row. */
static bool fill_column(struct rcx_column *column, const struct rcx_validation *v,
                        const char *(*text)(const struct rcx_validation_check *))
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < v->count; i++)
        bytes += strlen(text(&v->checks[i]));
    column->dictionary = rcx_strings_new((uint32_t)v->count, bytes);
    if (!column->dictionary)
        return false;
    bytes = 0;
    for (size_t i = 0; i < v->count; i++) {
        const char *value = text(&v->checks[i]);
        size_t length = strlen(value);

        column->dictionary->offsets[i] = bytes;
        memcpy(column->dictionary->bytes + bytes, value, length);
        bytes += length;
        column->codes[i] = (uint32_t)i;
    }
    column->dictionary->offsets[v->count] = bytes;
    return true;
}

static const char *text_of_check(const struct rcx_validation_check *row)
{
    return row->check;
}

static const char *text_of_status(const struct rcx_validation_check *row)
{
    return row->pass ? "PASS" : "FAIL";
}

static const char *text_of_severity(const struct rcx_validation_check *row)
{
    return rcx_severity_name(row->severity);
}

static const char *text_of_message(const struct rcx_validation_check *row)
{
    return row->message;
}

enum rcx_status rcx_validation_table(const struct rcx_validation *validation, struct rcx_table *out,
                                     struct rcx_error *err)
{
    static const struct {
        const char *name;
        const char *(*text)(const struct rcx_validation_check *);
    } columns[] = {
        {"Check", text_of_check},
        {"Status", text_of_status},
        {"Severity", text_of_severity},
        {"Message", text_of_message},
    };
    struct rcx_table table = {.rows = validation->count};

    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        struct rcx_column *column = rcx_table_add(&table, columns[c].name, RCX_TYPE_TEXT);

        if (!column || !fill_column(column, validation, columns[c].text)) {
            rcx_table_release(&table);
            return rcx_fail_nomem(err, "validation report", 0);
        }
    }
    *out = table;
    return RCX_OK;
}
