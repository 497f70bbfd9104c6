#include "cli/flow_prove.h"

#include "base/file.h"

enum rcx_status rcx_flow_prove_config_digest(const struct rcx_settings *settings,
                                             struct rcx_digest *out, struct rcx_error *err)
{
    static const char *const sections[] = {"ingest", "cleaning", "snapshots", "features",
                                           "churn",  "clv",      "prove",     "runtime.seed"};
    return rcx_settings_digest(settings, sections, sizeof sections / sizeof sections[0], out, err);
}

struct rcx_prove rcx_flow_prove_request(const struct rcx_flow_prove *flow)
{
    const struct rcx_config *config = flow->config;
    return (struct rcx_prove){
        .store = flow->store,
        .config = {&config->cleaning, &config->snapshots, &config->features, &config->churn,
                   &config->clv},
        .prove = &config->prove,
        .seed = (uint64_t)config->runtime.seed,
        .parallel = flow->parallel,
        .table_bytes = flow->table_bytes,
    };
}

static enum rcx_status write_report(const struct rcx_flow_prove *flow,
                                    const struct rcx_prove *prove, const struct rcx_proof *proof,
                                    struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = flow->no_sync};
    struct rcx_buf json = {0};
    enum rcx_status status;
    if (rcx_proof_json(prove, proof, flow->config_digest, &json))
        status = rcx_file_replace(flow->output, json.data, json.length, &options, err);
    else
        status = rcx_fail_nomem(err, "proof", json.length);
    rcx_buf_release(&json);
    return status;
}

enum rcx_status rcx_flow_prove(const struct rcx_flow_prove *flow, struct rcx_proof *out,
                               struct rcx_error *err)
{
    const struct rcx_prove prove = rcx_flow_prove_request(flow);
    struct rcx_proof proof = {0};
    if (rcx_store_summary(flow->store)->rows == 0)
        return rcx_fail(err, RCX_E_INPUT, "the store has no rows");
    enum rcx_status status = rcx_prove(&prove, &proof, err);
    if (status == RCX_OK && flow->output)
        status = write_report(flow, &prove, &proof, err);
    if (status != RCX_OK) {
        rcx_proof_release(&proof);
        return status;
    }
    *out = proof;
    return RCX_OK;
}

enum rcx_status rcx_proof_status(const struct rcx_proof *proof, struct rcx_error *err)
{
    for (size_t i = 0; i < RCX_PROOF_CHECK_COUNT; i++) {
        if (!proof->checks[i].ok)
            return rcx_fail(err, RCX_E_CHECK,
                            "the proof of point-in-time correctness failed: %s: %s",
                            proof->checks[i].name, proof->checks[i].detail);
    }
    return RCX_OK;
}
