/* rcx prove: that no feature saw the future */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_prove.h"
#include "cli/flow_store.h"

struct prove_options {
    const char *store, *output;
    uint64_t version;
};

static void print_snapshots(struct rcx_cli *cli, const struct rcx_proof *proof)
{
    char date[RCX_DATE_TEXT_BYTES];
    char digest[RCX_DIGEST_TEXT_BYTES];
    for (size_t i = 0; i < proof->snapshot_count; i++) {
        const struct rcx_proof_snapshot *snapshot = &proof->snapshots[i];
        const struct rcx_proof_run *ordinary = &snapshot->runs[RCX_PROOF_ORDINARY];
        for (enum rcx_proof_way way = 0; way < RCX_PROOF_WAYS; way++) {
            const struct rcx_proof_run *run = &snapshot->runs[way];
            bool same = rcx_proof_same(&run->digests, &ordinary->digests);
            rcx_cli_print(cli, "%-10s  %-8s  %s  %u thread%s%s\n",
                          way == RCX_PROOF_ORDINARY ? rcx_format_day(snapshot->day, date) : "",
                          rcx_proof_way_name(way), rcx_digest_format(run->digests.features, digest),
                          run->threads, run->threads == 1 ? "" : "s",
                          way == RCX_PROOF_ORDINARY ? ""
                          : same                    ? ", same"
                                                    : ", DIFFERENT");
        }
    }
}

static void print_proof(struct rcx_cli *cli, const struct rcx_proof *proof)
{
    print_snapshots(cli, proof);
    for (size_t i = 0; i < RCX_PROOF_CHECK_COUNT; i++) {
        const struct rcx_proof_check *check = &proof->checks[i];
        rcx_cli_print(cli, "%-4s  %s: %s\n", check->ok ? "ok" : "FAIL", check->name, check->detail);
    }
}

static void print_json(struct rcx_cli *cli, const struct rcx_flow_prove *flow,
                       const struct rcx_proof *proof)
{
    const struct rcx_prove prove = rcx_flow_prove_request(flow);
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.prove/1");
    rcx_json_put_text(&json, "output", flow->output);
    rcx_proof_put(&json, &prove, proof, flow->config_digest);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status prove(struct rcx_cli *cli, const struct rcx_store *store,
                             const struct prove_options *given, struct rcx_error *err)
{
    char digest_text[RCX_DIGEST_TEXT_BYTES];
    struct rcx_digest digest;
    enum rcx_status status = rcx_flow_prove_config_digest(cli->settings, &digest, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_flow_prove flow = {
        .store = store,
        .config = cli->config,
        .parallel = cli->parallel,
        .table_bytes = cli->memory_bytes / 2,
        .output = given->output,
        .config_digest = rcx_digest_format(digest, digest_text),
    };
    struct rcx_proof proof;
    if (rcx_flow_looks_ahead(cli->config))
        rcx_log_write(cli->log, RCX_LOG_WARNING, "prove", "%s; the proof is expected to fail",
                      rcx_flow_looks_ahead(cli->config));
    status = rcx_flow_prove(&flow, &proof, err);
    if (status != RCX_OK)
        return status;
    if (cli->json)
        print_json(cli, &flow, &proof);
    else
        print_proof(cli, &proof);
    status = rcx_proof_status(&proof, err);
    rcx_proof_release(&proof);
    return status;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct prove_options *given = values;
    const struct rcx_store_open_options options = {.version = given->version};
    struct rcx_store *store = NULL;
    enum rcx_status status = rcx_store_open(given->store, &options, &store, err);
    if (status == RCX_OK)
        status = prove(cli, store, given, err);
    rcx_store_close(store);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct prove_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION(TEXT, struct prove_options, output, "output", 'o', "FILE",
               "where the report goes, such as leakage_proof.json"),
    RCX_OPTION_KEY("snapshots", 0, "DATES", "snapshots.dates",
                   "choose from these dates instead of the series of snapshots.every"),
    RCX_OPTION_KEY("as-of", 0, "DATE", "snapshots.dates", "one date"),
    RCX_OPTION(U64, struct prove_options, version, "version", 0, "N",
               "an older version of the store"),
};

const struct rcx_command rcx_cmd_prove = {
    .name = "prove",
    .summary = "prove that no feature saw the future",
    .details =
        "For some snapshots (prove.snapshots) the features are computed again, once with the rows\n"
        "at or after the cutoff hidden and once with random rows in their place, in memory and "
        "with\n"
        "other numbers of threads; the digests of their bytes must agree. Random customers\n"
        "(prove.customers) are computed a third time by plain code and compared value by value.\n"
        "Exit code 5 when anything differs.\n"
        "\n"
        "    rcx prove --store shop\n"
        "    rcx prove --store shop --as-of 2011-11-30 -o leakage_proof.json",
    RCX_OPTIONS(options, struct prove_options),
    .run = run,
};
