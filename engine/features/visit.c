#include "engine/features/visit.h"

#include "base/memory.h"

static void release_rows(struct rcx_visit *visit)
{
    rcx_free(visit->invoices);
    rcx_free(visit->running);
    rcx_free(visit->purchases);
    rcx_free(visit->codes);
    rcx_free(visit->items);
    rcx_free(visit->spare);
    rcx_free(visit->groups);
    rcx_free(visit->gaps);
    visit->invoices = NULL;
    visit->running = NULL;
    visit->purchases = NULL;
    visit->codes = NULL;
    visit->items = NULL;
    visit->spare = NULL;
    visit->groups = NULL;
    visit->gaps = NULL;
    visit->receipt_capacity = 0;
    visit->row_capacity = 0;
}

void rcx_visit_release(struct rcx_visit *visit)
{
    release_rows(visit);
    rcx_free(visit->at);
    rcx_free(visit->gap_counts);
    rcx_free(visit->code_counts.count);
    rcx_free(visit->counts);
    *visit = (struct rcx_visit){0};
}

static bool reserve_rows(struct rcx_visit *visit, size_t receipts, size_t rows)
{
    release_rows(visit);
    visit->invoices = rcx_malloc_array(receipts, sizeof *visit->invoices);
    visit->running = rcx_malloc_array(receipts + 1, sizeof *visit->running);
    visit->purchases = rcx_malloc_array(receipts + 1, sizeof *visit->purchases);
    visit->codes = rcx_malloc_array(rows, sizeof *visit->codes);
    visit->items = rcx_malloc_array(receipts, sizeof *visit->items);
    visit->spare = rcx_malloc_array(receipts, sizeof *visit->spare);
    visit->groups = rcx_malloc_array(receipts, sizeof *visit->groups);
    visit->gaps = rcx_malloc_array(receipts, sizeof *visit->gaps);
    if (!visit->invoices || !visit->running || !visit->purchases || !visit->codes ||
        !visit->items || !visit->spare || !visit->groups || !visit->gaps)
        return false;
    visit->receipt_capacity = receipts;
    visit->row_capacity = rows;
    return true;
}

enum rcx_status rcx_visit_reserve(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                                  const struct rcx_batch *batch, struct rcx_error *err)
{
    if (!visit->at) {
        size_t codes = (size_t)plan->clean->stock_count + 1;
        visit->at = rcx_calloc(plan->boundary_count + RCX_LABEL_BOUNDARIES, sizeof *visit->at);
        visit->gap_counts = rcx_calloc((size_t)plan->observation_days + 1,
                                       sizeof *visit->gap_counts);
        visit->code_counts.count = rcx_calloc(codes, sizeof *visit->code_counts.count);
        visit->counts = rcx_calloc(plan->snapshot_count, sizeof *visit->counts);
        if (!visit->at || !visit->gap_counts || !visit->code_counts.count || !visit->counts) {
            rcx_visit_release(visit);
            return rcx_fail_nomem(err, "feature scratch", codes * sizeof(uint32_t));
        }
    }
    if (batch->receipts <= visit->receipt_capacity && batch->rows <= visit->row_capacity)
        return RCX_OK;
    if (!reserve_rows(visit, batch->receipts + batch->receipts / 4 + 1,
                      batch->rows + batch->rows / 4 + 1)) {
        rcx_visit_release(visit);
        return rcx_fail_nomem(err, "feature scratch", batch->rows * sizeof(uint32_t));
    }
    return RCX_OK;
}

size_t rcx_visit_customer(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                          const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                          size_t end, struct rcx_feature_row *out)
{
    visit->grouped = plan->definitions == RCX_DEFINITIONS_STANDARD &&
                     rcx_group_invoices(visit, plan, batch, rule, first, end);
    if (visit->grouped)
        return rcx_slide_customer(visit, plan, batch->customer[first], out);
    visit->rescanned_customers++;
    return rcx_rescan_customer(visit, plan, batch, rule, first, end, out);
}
