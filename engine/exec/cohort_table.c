/* Cohorts as a table, one row per cohort and age (cohort_run.h). */
#include "base/memory.h"
#include "engine/exec/cohort_run.h"

enum column {
    COHORT,
    AGE,
    MONTH,
    CUSTOMERS,
    ACTIVE,
    RETENTION,
    REVENUE,
    PER_CUSTOMER,
    CUMULATIVE,
    COMPLETE,
    COLUMNS
};

static bool add_columns(struct rcx_table *table)
{
    static const struct {
        const char *name;
        enum rcx_type type;
    } columns[COLUMNS] = {
        [COHORT] = {"cohort", RCX_TYPE_DATE},
        [AGE] = {"age_months", RCX_TYPE_INT32},
        [MONTH] = {"month", RCX_TYPE_DATE},
        [CUSTOMERS] = {"customers", RCX_TYPE_INT64},
        [ACTIVE] = {"active_customers", RCX_TYPE_INT64},
        [RETENTION] = {"retention", RCX_TYPE_REAL},
        [REVENUE] = {"revenue", RCX_TYPE_DECIMAL},
        [PER_CUSTOMER] = {"revenue_per_customer", RCX_TYPE_REAL},
        [CUMULATIVE] = {"cumulative_revenue_per_customer", RCX_TYPE_REAL},
        [COMPLETE] = {"complete", RCX_TYPE_BOOL},
    };
    for (size_t c = 0; c < COLUMNS; c++)
        if (!rcx_table_add(table, columns[c].name, columns[c].type))
            return false;
    return true;
}

static enum rcx_status put_cohort(const struct rcx_cohorts *cohorts, size_t cohort, size_t at,
                                  struct rcx_table *table, struct rcx_error *err)
{
    const struct rcx_cohort_cell *cells = &cohorts->cells[rcx_cohort_start(cohorts, cohort)];
    struct rcx_column *columns = table->columns;
    uint64_t customers = cohorts->customers[cohort];
    rcx_i128 unit = rcx_pow10(cohorts->places);
    rcx_i128 cumulative = 0;
    for (size_t age = 0; age + cohort < cohorts->months; age++, at++) {
        size_t month = cohort + age;
        cumulative += cells[age].revenue;
        if (cells[age].revenue > INT64_MAX || cells[age].revenue < INT64_MIN)
            return rcx_fail(err, RCX_E_INPUT, "cohorts: the revenue of a month leaves 64 bits");
        columns[COHORT].i32[at] = rcx_month_after(cohorts->first_month, cohort);
        columns[AGE].i32[at] = (int32_t)age;
        columns[MONTH].i32[at] = rcx_month_after(cohorts->first_month, month);
        columns[CUSTOMERS].i64[at] = (int64_t)customers;
        columns[ACTIVE].i64[at] = (int64_t)cells[age].active;
        columns[RETENTION].reals[at] = (double)cells[age].active / (double)customers;
        columns[REVENUE].i64[at] = (int64_t)cells[age].revenue;
        columns[PER_CUSTOMER].reals[at] = rcx_ratio(cells[age].revenue, unit * customers);
        columns[CUMULATIVE].reals[at] = rcx_ratio(cumulative, unit * customers);
        columns[COMPLETE].booleans[at] = (month > 0 || cohorts->first_complete) &&
                                         (month + 1 < cohorts->months || cohorts->last_complete);
    }
    return RCX_OK;
}

enum rcx_status rcx_cohort_table(const struct rcx_cohorts *cohorts, struct rcx_table *out,
                                 struct rcx_error *err)
{
    struct rcx_table table = {0};
    size_t rows = 0;
    for (size_t c = 0; c < cohorts->months; c++)
        rows += cohorts->customers[c] > 0 ? cohorts->months - c : 0;
    enum rcx_status status = add_columns(&table) && rcx_table_resize(&table, rows)
                                 ? RCX_OK
                                 : rcx_fail_nomem(err, "cohorts", rows * 64);
    if (status == RCX_OK)
        table.columns[REVENUE].scale = cohorts->places;
    for (size_t c = 0, at = 0; c < cohorts->months && status == RCX_OK; c++) {
        if (cohorts->customers[c] == 0)
            continue;
        status = put_cohort(cohorts, c, at, &table, err);
        at += cohorts->months - c;
    }
    if (status != RCX_OK) {
        rcx_table_release(&table);
        return status;
    }
    *out = table;
    return RCX_OK;
}
