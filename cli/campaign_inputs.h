#pragma once
/* What the campaign stage reads of a run directory: the customers with what is predicted of them, as
 * the one table that ml/tasks/campaign plans for, and who must not be contacted.
 *
 *     file                                     columns read
 *     outputs/churn_predictions.parquet        customer_id, churn_probability; may be there: risk_level,
 *                                              reason_1, reason_2, reason_3, snapshot_date
 *     outputs/clv_predictions.parquet          customer_id, value, value_if_active (v1),
 *                                              value_if_lapsed (v0), expected_order_value (a)
 *     outputs/segment_assignments.parquet      customer_id, segment; may be there: snapshot_date, of
 *                                              which the latest rows count
 *
 * The customers are those of the churn predictions, in their order. Ids are int64 or text, the same in
 * all files; numbers are any numeric type. A customer without value, or with null numbers, is listed
 * but not planned for; one without segment has none. The file of segments may be missing. */
#include "base/date.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/status.h"
#include "base/table.h"

struct rcx_campaign_inputs {
    struct rcx_table customers;            /* as ml/tasks/campaign/campaign.h wants it */
    uint8_t *suppressed;                   /* [customers]; NULL: no list */
    rcx_day day;                           /* of the predictions; INT32_MIN: not told */
    size_t without_value, without_segment; /* customers */
    size_t suppressed_count,
        suppressed_unknown; /* ids of the list that are and are not customers */
};
void rcx_campaign_inputs_release(struct rcx_campaign_inputs *inputs);

/* `suppression` is a list of ids (cli/suppression.h), "" or NULL: none.
 * Errors: RCX_E_IO (a missing file: which stage makes it), RCX_E_INPUT (a column, a customer that is
 * there twice), RCX_E_CORRUPT, RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_campaign_inputs_read(const char *directory, const char *suppression,
                                         const struct rcx_parallel *parallel,
                                         struct rcx_campaign_inputs *out, struct rcx_error *err);
