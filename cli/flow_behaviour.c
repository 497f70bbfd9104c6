#include "cli/flow_behaviour.h"

#include <pthread.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/sink_options.h"
#include "ml/btyd/btyd_json.h"

struct rcx_flow_behaviour {
    struct rcx_flow_behaviour_options options;
    struct rcx_behaviour_plan plan;
    struct rcx_sink *sink;          /* or NULL */
    struct rcx_behaviour_fit *fits; /* of the snapshots */
    size_t count, capacity;
    pthread_mutex_t lock; /* guards `fits` while snapshots are fitted */
    size_t rows;
};

struct rcx_behaviour_plan rcx_behaviour_plan_of(const struct rcx_config *config,
                                                struct rcx_parallel parallel)
{
    return (struct rcx_behaviour_plan){
        .model = (enum rcx_btyd_model)config->btyd.model,
        .intervals = config->btyd.intervals,
        .churn_gap_days = config->churn.gap_days,
        .churn_days = config->churn.horizon_days,
        .value_days = config->clv.horizon_days,
        .blind_days = config->btyd.blind_days,
        .annual_discount_rate = config->clv.annual_discount_rate,
        .parallel = parallel,
    };
}

enum rcx_status rcx_flow_behaviour_open(const struct rcx_flow_behaviour_options *options,
                                        struct rcx_flow_behaviour **out, struct rcx_error *err)
{
    static const char *const sorted_by[] = {"snapshot_date", "customer_id"};
    struct rcx_flow_behaviour *behaviour = rcx_calloc(1, sizeof *behaviour);
    enum rcx_status status = RCX_OK;
    if (!behaviour)
        return rcx_fail_nomem(err, "behaviour", sizeof *behaviour);
    pthread_mutex_init(&behaviour->lock, NULL);
    behaviour->options = *options;
    behaviour->plan = rcx_behaviour_plan_of(options->config, options->parallel);
    if (options->output) {
        struct rcx_sink_options sink = rcx_flow_run_sink_options(&options->config->export,
                                                                 options->parallel);
        sink.sorted_by = sorted_by;
        sink.sorted_by_count = sizeof sorted_by / sizeof sorted_by[0];
        sink.groups_by_table = 1;
        sink.no_sync = options->no_sync;
        status = rcx_sink_open(options->output, &sink, &behaviour->sink, err);
    }
    if (status == RCX_OK)
        *out = behaviour;
    else
        rcx_flow_behaviour_close(behaviour);
    return status;
}

void rcx_flow_behaviour_close(struct rcx_flow_behaviour *behaviour)
{
    if (!behaviour)
        return;
    rcx_sink_abort(behaviour->sink);
    pthread_mutex_destroy(&behaviour->lock);
    rcx_free(behaviour->fits);
    rcx_free(behaviour);
}

/* false: out of memory */
static bool keep_fit(struct rcx_flow_behaviour *behaviour, size_t snapshot,
                     const struct rcx_behaviour_fit *fit)
{
    pthread_mutex_lock(&behaviour->lock);
    bool ok = rcx_array_reserve(&behaviour->fits, &behaviour->capacity, snapshot + 1,
                                sizeof *behaviour->fits);
    if (ok) {
        behaviour->fits[snapshot] = *fit;
        behaviour->count = behaviour->count > snapshot ? behaviour->count : snapshot + 1;
    }
    pthread_mutex_unlock(&behaviour->lock);
    return ok;
}

enum rcx_status rcx_flow_behaviour_fit(void *context, size_t snapshot, struct rcx_table *table,
                                       struct rcx_error *err)
{
    struct rcx_flow_behaviour *behaviour = context;
    struct rcx_behaviour_fit fit;
    enum rcx_status status = rcx_behaviour_add(&behaviour->plan, table, &fit, err);
    if (status != RCX_OK)
        return status;
    return keep_fit(behaviour, snapshot, &fit) ? RCX_OK
                                               : rcx_fail_nomem(err, "behaviour", sizeof fit);
}

enum rcx_status rcx_flow_behaviour_add(void *context, size_t snapshot, struct rcx_table *table,
                                       struct rcx_error *err)
{
    struct rcx_flow_behaviour *behaviour = context;
    (void)snapshot;
    behaviour->rows += table->rows;
    return behaviour->sink ? rcx_sink_write(behaviour->sink, table, err) : RCX_OK;
}

static void put_snapshot(struct rcx_json *json, const struct rcx_behaviour_fit *fit)
{
    char date[RCX_DATE_TEXT_BYTES];
    rcx_json_object(json);
    rcx_json_put_text(json, "snapshot_date", rcx_format_day(fit->snapshot, date));
    rcx_json_put_text(json, "words", fit->words);
    rcx_json_key(json, "purchases");
    if (fit->fitted) {
        rcx_json_object(json);
        rcx_btyd_put_fit(json, &fit->purchases);
        rcx_json_object_end(json);
        rcx_json_key(json, "money");
        rcx_json_object(json);
        rcx_gamma_gamma_put_fit(json, &fit->money);
        rcx_json_object_end(json);
    } else {
        rcx_json_null(json);
        rcx_json_key(json, "money");
        rcx_json_null(json);
    }
    rcx_json_object_end(json);
}

static enum rcx_status write_parameters(const struct rcx_flow_behaviour *behaviour,
                                        struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = behaviour->options.no_sync};
    struct rcx_buf text = {0};
    struct rcx_json json = rcx_json_begin(&text, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.btyd_parameters/1");
    rcx_json_put_text(&json, "time_unit", "week");
    rcx_json_key(&json, "snapshots");
    rcx_json_array(&json);
    for (size_t i = 0; i < behaviour->count; i++)
        put_snapshot(&json, &behaviour->fits[i]);
    rcx_json_array_end(&json);
    rcx_json_object_end(&json);
    (void)rcx_buf_append_byte(&text, '\n');
    enum rcx_status status = text.failed ? rcx_fail_nomem(err, "parameters", text.length)
                                         : rcx_file_replace(behaviour->options.parameters,
                                                            text.data, text.length, &options, err);
    rcx_buf_release(&text);
    return status;
}

/* The model of the last snapshot that has one; without any, none is written. */
static enum rcx_status write_model(const struct rcx_flow_behaviour *behaviour,
                                   struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = behaviour->options.no_sync};
    size_t last = behaviour->count;
    while (last > 0 && !behaviour->fits[last - 1].fitted)
        last--;
    if (last == 0)
        return RCX_OK;
    struct rcx_btyd_file file = {.time_unit = "week",
                                 .purchases = behaviour->fits[last - 1].purchases,
                                 .has_money = true,
                                 .money = behaviour->fits[last - 1].money};
    struct rcx_buf text = {0};
    enum rcx_status status = rcx_btyd_file_json(&file, &text)
                                 ? rcx_file_replace(behaviour->options.model, text.data,
                                                    text.length, &options, err)
                                 : rcx_fail_nomem(err, "model", text.length);
    rcx_buf_release(&text);
    return status;
}

enum rcx_status rcx_flow_behaviour_commit(struct rcx_flow_behaviour *behaviour,
                                          struct rcx_flow_behaviour_result *out,
                                          struct rcx_error *err)
{
    const struct rcx_flow_behaviour_options *options = &behaviour->options;
    enum rcx_status status = RCX_OK;
    struct rcx_flow_behaviour_result result = {.snapshots = behaviour->count,
                                               .rows = behaviour->rows};
    for (size_t i = 0; i < behaviour->count; i++) {
        const struct rcx_behaviour_fit *fit = &behaviour->fits[i];
        result.not_fitted += !fit->fitted;
        result.replaced += fit->fitted && fit->purchases.replaced != RCX_BTYD_AUTO;
        result.not_converged += fit->fitted && !fit->purchases.converged;
    }
    if (behaviour->sink)
        status = rcx_sink_commit(behaviour->sink, err);
    behaviour->sink = NULL;
    if (status == RCX_OK && options->parameters)
        status = write_parameters(behaviour, err);
    if (status == RCX_OK && options->model)
        status = write_model(behaviour, err);
    if (status == RCX_OK)
        *out = result;
    return status;
}
