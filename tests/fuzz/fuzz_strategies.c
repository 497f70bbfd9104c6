/* A strategies file of any bytes: refused, or every segment has all members. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/strategies.h"
#include "ml/tasks/segment_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rcx_strategies *strategies = NULL;
    struct rcx_segment_model model;
    if (rcx_strategies_parse("fuzz", data, size, &strategies, NULL) == RCX_OK) {
        for (int s = 0; s < RCX_SEGMENT_COUNT; s++) {
            const struct rcx_strategy *strategy = rcx_strategies_get(strategies,
                                                                     (enum rcx_segment_id)s);
            if (strategy->priority < 1 || strategy->action_count < 1 ||
                strlen(strategy->goal) == 0 || !strategy->budget_level ||
                !(strategy->prototype[0] >= 0 && strategy->prototype[0] <= 1))
                abort();
        }
    }
    rcx_strategies_release(strategies);
    /* the other file that the segments read; models/segments.json */
    if (rcx_segment_model_parse("fuzz", data, size, &model, NULL) == RCX_OK &&
        (model.k < 1 || model.k > RCX_SEGMENT_COUNT || model.input_count < 1))
        abort();
    return 0;
}
