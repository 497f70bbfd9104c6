#pragma once
/* The proof between a store and leakage_proof.json. Prints nothing. */
#include "config/settings.h"
#include "engine/prove/prove.h"

struct rcx_flow_prove {
    const struct rcx_store *store;
    const struct rcx_config *config; /* cleaning, snapshots, features, churn, clv, prove, runtime */
    struct rcx_parallel parallel;
    uint64_t table_bytes;      /* most bytes of tables in memory at a time; 0: no limit */
    const char *output;        /* leakage_proof.json; NULL: none */
    const char *config_digest; /* goes into it; or NULL */
    bool no_sync;
};

/* Of all keys that the proof depends on, the seed included. */
enum rcx_status rcx_flow_prove_config_digest(const struct rcx_settings *settings,
                                             struct rcx_digest *out, struct rcx_error *err);

/* How the engine is asked; borrows from the flow. */
struct rcx_prove rcx_flow_prove_request(const struct rcx_flow_prove *flow);

/* The report is written whether the proof succeeds or not: see out->ok.
 * Errors: RCX_E_INPUT when the store has no rows or no snapshot; RCX_E_USAGE of the dates; of the
 * scan and the file. The caller releases *out. */
enum rcx_status rcx_flow_prove(const struct rcx_flow_prove *flow, struct rcx_proof *out,
                               struct rcx_error *err);

/* RCX_E_CHECK with what is wrong when the proof failed. */
enum rcx_status rcx_proof_status(const struct rcx_proof *proof, struct rcx_error *err);
