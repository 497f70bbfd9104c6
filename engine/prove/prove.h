#pragma once
/* The point-in-time proof as a stage (features.md section 7): from a store to what was compared and
 * whether all of it agrees.
 *
 * For some of the planned snapshots the features are computed again, from rows in which the future
 * is missing and from rows in which it is another one (future.h), each time from the beginning and
 * with another number of threads; the tables must have the same digest as the ordinary one. Random
 * customers are computed a third time by plain code (plain.h), labels included, and compared value
 * by value. Dates, windows and the split of the rows are checked besides.
 *
 * Cost: for each snapshot two passes of learning and two of features over a view; memory is that of
 * one ordinary run. */
#include "base/json.h"
#include "engine/prove/agreement.h"
#include "engine/prove/recompute.h"

enum rcx_proof_way { RCX_PROOF_ORDINARY, RCX_PROOF_HIDDEN, RCX_PROOF_POISONED, RCX_PROOF_WAYS };
const char *rcx_proof_way_name(enum rcx_proof_way way); /* "hidden" */

/* What one computation of a snapshot gave. To prove another table of a snapshot, such as the inputs
 * of behaviour models: 1. its digest here; 2. where it is computed (keep_digest in prove.c, for all
 * ways at once); 3. in rcx_proof_same; 4. in proof_report.c. */
struct rcx_proof_digests {
    struct rcx_digest features;
    struct rcx_digest summary; /* the input of behaviour models */
};
bool rcx_proof_same(const struct rcx_proof_digests *a, const struct rcx_proof_digests *b);

struct rcx_proof_run {
    unsigned threads;
    struct rcx_proof_digests digests;
    uint64_t customers; /* rows of the table */
    uint64_t rows;      /* of the store or view, guests included */
    rcx_time last_time; /* of these */
    struct rcx_outlier_fit fit;
};

struct rcx_proof_snapshot {
    rcx_day day;
    uint64_t rows_before, rows_after;  /* the cutoff, in the store */
    rcx_time last_before, first_after; /* the rows around it; 0 when there is none */
    struct rcx_proof_run runs[RCX_PROOF_WAYS];
    bool ok; /* all digests are those of the ordinary run */
};

/*       id           name */
#define RCX_PROOF_CHECKS(X)                                                                        \
    X(DIGESTS, "digests")                                                                          \
    X(RECOMPUTATION, "recomputation")                                                              \
    X(DATES, "snapshot_dates")                                                                     \
    X(WINDOWS, "observation_windows")                                                              \
    X(ROWS, "feature_and_label_rows")

enum rcx_proof_check_id {
#define X(id, name) RCX_PROOF_CHECK_##id,
    RCX_PROOF_CHECKS(X)
#undef X
        RCX_PROOF_CHECK_COUNT
};

struct rcx_proof_check {
    const char *name;
    bool ok;
    char detail[640]; /* what was looked at, or the first thing that is wrong */
};

struct rcx_proof {
    bool ok;
    bool looks_ahead; /* features.definitions: original */
    size_t planned;   /* snapshots of the list */
    size_t snapshot_count;
    struct rcx_proof_snapshot *snapshots;
    size_t sampled; /* customers computed plainly; 0: none */
    struct rcx_agreement agreement;
    struct rcx_proof_check checks[RCX_PROOF_CHECK_COUNT];
};
void rcx_proof_release(struct rcx_proof *proof);

struct rcx_prove {
    const struct rcx_store *store; /* that has rows */
    struct rcx_recompute_config config;
    const struct rcx_cfg_prove *prove;
    uint64_t seed;
    struct rcx_parallel parallel; /* of the ordinary run; the others take one and two more */
    uint64_t table_bytes;
};

/* Disagreement is a result, no error: see out->ok.
 * Errors: those of a feature run. The caller releases *out. */
enum rcx_status rcx_prove(const struct rcx_prove *prove, struct rcx_proof *out,
                          struct rcx_error *err);

/* Computes one snapshot from the rows before `cutoff` and no or made-up rows after it. The cutoff is
 * that of the snapshot, unless a test wants to see a leak.
 *  way  RCX_PROOF_HIDDEN or RCX_PROOF_POISONED */
enum rcx_status rcx_prove_again(const struct rcx_prove *prove, enum rcx_proof_way way, rcx_day day,
                                rcx_time cutoff, struct rcx_proof_run *out, struct rcx_error *err);

/* The members of the report, into an open object. Nothing in it depends on the machine, the number of
 * threads, or how the store came to hold its rows.
 *  config_digest  or NULL */
void rcx_proof_put(struct rcx_json *json, const struct rcx_prove *prove,
                   const struct rcx_proof *proof, const char *config_digest);
/* The same as a file, leakage_proof.json; false: out of memory. */
bool rcx_proof_json(const struct rcx_prove *prove, const struct rcx_proof *proof,
                    const char *config_digest, struct rcx_buf *out);
