#include "cli/flow_store.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "engine/quality/outlier_cache.h"

enum rcx_status rcx_flow_store_attach(const char *directory, uint64_t version,
                                      const struct rcx_config *config, struct rcx_flow_store *out,
                                      struct rcx_error *err)
{
    const struct rcx_store_open_options options = {.version = version};
    struct rcx_flow_store flow = {0};
    enum rcx_status status = rcx_store_open(directory, &options, &flow.store, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_store_summary *summary = rcx_store_summary(flow.store);
    if (summary->rows == 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s: the store has no rows", directory);
    if (status == RCX_OK)
        status = rcx_clean_plan_init(
            &config->cleaning, config->features.definitions, &summary->decisions,
            rcx_store_strings(flow.store, RCX_TEXT_INVOICE),
            rcx_store_strings(flow.store, RCX_TEXT_STOCK), &flow.plan, err);
    if (status == RCX_OK) {
        flow.thresholds = rcx_outlier_cache_path(directory, summary->digest, &flow.plan);
        if (!flow.thresholds)
            status = rcx_fail_nomem(err, directory, 0);
    }
    if (status != RCX_OK) {
        rcx_flow_store_close(&flow);
        return status;
    }
    flow.range = rcx_store_range(flow.store);
    *out = flow;
    return RCX_OK;
}

enum rcx_status rcx_flow_store_learn(struct rcx_flow_store *flow,
                                     const struct rcx_parallel *parallel, struct rcx_error *err)
{
    if (flow->learned)
        return RCX_OK;
    struct rcx_digest store = rcx_store_summary(flow->store)->digest;
    if (!rcx_outlier_cache_load(flow->thresholds, store, &flow->plan, &flow->fit)) {
        enum rcx_status status = rcx_outliers_learn(&flow->plan, flow->store, parallel, flow->range,
                                                    &flow->fit, err);
        if (status != RCX_OK)
            return status;
        /* a store that may only be read is learned from every time */
        (void)rcx_outlier_cache_save(flow->thresholds, store, &flow->plan, &flow->fit, NULL);
    }
    rcx_clean_plan_set_outliers(&flow->plan, &flow->fit);
    flow->learned = true;
    return RCX_OK;
}

enum rcx_status rcx_flow_store_open(const char *directory, uint64_t version,
                                    const struct rcx_config *config,
                                    const struct rcx_parallel *parallel, struct rcx_flow_store *out,
                                    struct rcx_error *err)
{
    struct rcx_flow_store flow;
    enum rcx_status status = rcx_flow_store_attach(directory, version, config, &flow, err);
    if (status != RCX_OK)
        return status;
    status = rcx_flow_store_learn(&flow, parallel, err);
    if (status == RCX_OK)
        *out = flow;
    else
        rcx_flow_store_close(&flow);
    return status;
}

enum rcx_status rcx_flow_store_open_run(const char *directory, const struct rcx_config *config,
                                        const struct rcx_parallel *parallel,
                                        struct rcx_flow_store *out, struct rcx_error *err)
{
    char *path = rcx_path_join(directory, "store");
    enum rcx_status status;
    if (!path)
        status = rcx_fail_nomem(err, directory, 0);
    else if (!rcx_file_exists(path) && !rcx_directory_exists(path))
        status = rcx_fail(err, RCX_E_IO,
                          "%s: no store of a run here; 'rcx run DATA -o %s' makes one", path,
                          directory);
    else
        status = rcx_flow_store_open(path, 0, config, parallel, out, err);
    rcx_free(path);
    return status;
}

void rcx_flow_store_close(struct rcx_flow_store *flow)
{
    rcx_clean_plan_release(&flow->plan);
    rcx_store_close(flow->store);
    rcx_free(flow->thresholds);
    *flow = (struct rcx_flow_store){0};
}

const char *rcx_flow_looks_ahead(const struct rcx_config *config)
{
    if (config->features.definitions == RCX_DEFINITIONS_ORIGINAL)
        return "features.definitions 'original' looks ahead: outlier thresholds are learned from "
               "all "
               "rows, and customers are counted over all dates; use it to compare, not to predict";
    if (config->cleaning.outliers_fit == RCX_OUTLIERS_FIT_ALL)
        return "cleaning.outliers.fit 'all' looks ahead: the outlier thresholds of every snapshot "
               "are learned from later rows, too";
    return NULL;
}

char *rcx_flow_beside(const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');
    if (!slash)
        return rcx_strdup(name);
    char *directory = rcx_strndup(file, (size_t)(slash - file) + 1);
    if (!directory)
        return NULL;
    char *path = rcx_path_join(directory, name);
    rcx_free(directory);
    return path;
}
