#include "ml/tasks/model_reading.h"

#include <math.h>

#include "base/memory.h"

void rcx_reading_wrong(struct rcx_model_reading *reading, const char *key)
{
    if (reading->status == RCX_OK)
        reading->status = rcx_fail(
            reading->err, RCX_E_CORRUPT,
            "%s: '%s' is missing, or not what a %s model has there; train it again with %s",
            reading->name, key, reading->kind, reading->command);
}

double rcx_reading_real(struct rcx_model_reading *reading, const struct rcx_json_value *from,
                        const char *key, double least, double most)
{
    double value = least;
    if (!rcx_json_as_real(rcx_json_member(from, key), &value) ||
        !(value >= least && value <= most)) {
        rcx_reading_wrong(reading, key);
        return least;
    }
    return value;
}

int64_t rcx_reading_whole(struct rcx_model_reading *reading, const struct rcx_json_value *from,
                          const char *key, int64_t most)
{
    int64_t value = 0;
    if (!rcx_json_as_i64(rcx_json_member(from, key), &value) || value < 0 || value > most) {
        rcx_reading_wrong(reading, key);
        return 0;
    }
    return value;
}

void rcx_reading_reals(struct rcx_model_reading *reading, const struct rcx_json_value *from,
                       const char *key, double *out, size_t count)
{
    const struct rcx_json_value *array = rcx_json_member(from, key);
    if (rcx_json_count(array) != count)
        rcx_reading_wrong(reading, key);
    for (size_t i = 0; i < count; i++) {
        if (!rcx_json_as_real(rcx_json_item(array, i), &out[i]) || !isfinite(out[i]))
            rcx_reading_wrong(reading, key);
    }
}

void rcx_reading_inputs(struct rcx_model_reading *reading, struct rcx_churn_inputs *inputs)
{
    const struct rcx_json_value *array = rcx_json_member(reading->root, "inputs");
    size_t count = rcx_json_count(array);
    inputs->names = rcx_calloc(count + 1, sizeof *inputs->names);
    inputs->columns = rcx_calloc(count + 1, sizeof *inputs->columns);
    if (!inputs->names || !inputs->columns) {
        reading->status = rcx_fail_nomem(reading->err, "inputs", count * sizeof(char *));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct rcx_json_value *item = rcx_json_item(array, i);
        const char *name = rcx_json_as_text(rcx_json_member(item, "name"));
        const char *column = rcx_json_as_text(rcx_json_member(item, "column"));
        inputs->count = i + 1;
        inputs->names[i] = name ? rcx_strdup(name) : NULL;
        inputs->columns[i] = column ? rcx_strdup(column) : NULL;
        if (!name)
            rcx_reading_wrong(reading, "inputs");
    }
    inputs->without_behaviour = (size_t)rcx_reading_whole(
        reading, reading->root, "inputs_without_behaviour", (int64_t)count);
    if (count < RCX_CHURN_BEHAVIOUR_INPUTS + 2 ||
        inputs->without_behaviour + RCX_CHURN_BEHAVIOUR_INPUTS != count)
        rcx_reading_wrong(reading, "inputs");
}
