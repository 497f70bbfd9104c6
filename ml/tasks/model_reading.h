#pragma once
/* Reading the document of a saved model: no byte is trusted, and the first thing that is wrong is kept, so
 * that a reader takes one value after the other and looks at the status where a wrong one would harm.
 *
 * A value that is missing or out of its range is RCX_E_CORRUPT, "<name>: '<key>' is missing, or not what a
 * <kind> model has there; train it again with <command>"; what is returned for it is within the range. */
#include <stddef.h>
#include <stdint.h>

#include "base/json_read.h"
#include "ml/tasks/churn/churn_data.h"

struct rcx_model_reading {
    const char *name;                  /* of the file, for messages */
    const char *kind, *command;        /* "churn", "rcx churn" */
    const struct rcx_json_value *root; /* borrowed */
    struct rcx_error *err;
    enum rcx_status status; /* RCX_OK as long as nothing was wrong */
};

void rcx_reading_wrong(struct rcx_model_reading *reading, const char *key);

/* Members of `from`: a number of least..most, a whole one of 0..most, exactly `count` finite numbers. */
double rcx_reading_real(struct rcx_model_reading *reading, const struct rcx_json_value *from,
                        const char *key, double least, double most);
int64_t rcx_reading_whole(struct rcx_model_reading *reading, const struct rcx_json_value *from,
                          const char *key, int64_t most);
void rcx_reading_reals(struct rcx_model_reading *reading, const struct rcx_json_value *from,
                       const char *key, double *out, size_t count);

/* What rcx_churn_inputs_json has written; the caller releases them, whatever became of it. */
void rcx_reading_inputs(struct rcx_model_reading *reading, struct rcx_churn_inputs *inputs);
