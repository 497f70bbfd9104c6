/* rcx kmeans: k-means on any table */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_kmeans.h"

static void print_report(struct rcx_cli *cli, const struct rcx_flow_kmeans_result *result)
{
    const struct rcx_kmeans *fit = &result->fit;
    char rows[32], size[32];
    rcx_cli_print(cli, "%s rows, %zu columns, k %zu: inertia %.10g after %zu iteration%s%s\n",
                  rcx_format_count(fit->rows, rows), fit->dimensions, fit->k, fit->inertia,
                  fit->iterations, fit->iterations == 1 ? "" : "s",
                  fit->converged ? "" : " (not converged)");
    if (result->with_quality) {
        rcx_cli_print(cli, "silhouette %.6f (%s), simplified %.6f\n", result->silhouette.mean,
                      result->silhouette.rows == fit->rows ? "exact" : "sample",
                      result->simplified_silhouette);
        rcx_cli_print(cli, "Davies-Bouldin %.6f, Calinski-Harabasz %.6g\n",
                      result->separation.davies_bouldin, result->separation.calinski_harabasz);
    }
    for (size_t c = 0; c < fit->k; c++)
        rcx_cli_print(cli, "cluster %zu: %s\n", c,
                      rcx_format_count((uint64_t)result->rows[c], size));
}

static void print_json(struct rcx_cli *cli, const struct rcx_flow_kmeans_result *result)
{
    const struct rcx_kmeans *fit = &result->fit;
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.kmeans/1");
    rcx_json_put_u64(&json, "rows", fit->rows);
    rcx_json_put_u64(&json, "columns", fit->dimensions);
    rcx_json_put_u64(&json, "k", fit->k);
    rcx_json_put_real(&json, "inertia", fit->inertia);
    rcx_json_put_u64(&json, "iterations", fit->iterations);
    rcx_json_put_bool(&json, "converged", fit->converged);
    rcx_json_put_u64(&json, "restart", fit->restart);
    rcx_json_put_u64(&json, "reseeded", fit->reseeded);
    rcx_json_put_real(&json, "fit_seconds", result->fit_seconds);
    if (result->with_quality) {
        rcx_json_put_real(&json, "silhouette", result->silhouette.mean);
        rcx_json_put_u64(&json, "silhouette_rows", result->silhouette.rows);
        rcx_json_put_real(&json, "simplified_silhouette", result->simplified_silhouette);
        rcx_json_put_real(&json, "davies_bouldin", result->separation.davies_bouldin);
        rcx_json_put_real(&json, "calinski_harabasz", result->separation.calinski_harabasz);
    }
    rcx_json_key(&json, "sizes");
    rcx_json_array(&json);
    for (size_t c = 0; c < fit->k; c++)
        rcx_json_i64(&json, result->rows[c]);
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

/* The choice of one name of a list; the first when none is given. */
static enum rcx_status choose(const char *option, const char *given, const char *const *names,
                              size_t count, int *out, struct rcx_error *err)
{
    *out = 0;
    for (size_t i = 0; given && i < count; i++) {
        if (strcmp(names[i], given) == 0) {
            *out = (int)i;
            return RCX_OK;
        }
    }
    return given ? rcx_cli_fail_unknown(err, RCX_E_USAGE, option, given,
                                        rcx_suggest(given, names, count),
                                        "'rcx help kmeans' shows what there is")
                 : RCX_OK;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    static const char *const starts[] = {"auto", "k-means++", "k-means||"};
    static const char *const algorithms[] = {"auto", "lloyd", "bounds", "screened", "mini-batch"};
    struct rcx_flow_kmeans flow = *(const struct rcx_flow_kmeans *)values;
    struct rcx_flow_kmeans_result result;
    int start, algorithm;
    if (!(flow.tolerance >= 0) || isinf(flow.tolerance))
        return rcx_fail(err, RCX_E_USAGE, "--tolerance is %g, expected a number from 0 on",
                        flow.tolerance);
    enum rcx_status status = choose("start", flow.start_name, starts, 3, &start, err);
    if (status == RCX_OK)
        status = choose("algorithm", flow.algorithm_name, algorithms, 5, &algorithm, err);
    if (status != RCX_OK)
        return status;
    flow.start = (enum rcx_kmeans_start)start;
    flow.algorithm = (enum rcx_kmeans_algorithm)algorithm;
    flow.seed = (uint64_t)cli->config->runtime.seed;
    flow.export = &cli->config->export;
    flow.parallel = cli->parallel;
    status = rcx_flow_kmeans(&flow, &result, err);
    if (status != RCX_OK)
        return status;
    bool to_stdout = flow.output && strcmp(flow.output, "-") == 0;
    if (cli->json && !to_stdout)
        print_json(cli, &result);
    else if (!to_stdout)
        print_report(cli, &result);
    rcx_flow_kmeans_result_release(&result);
    return RCX_OK;
}

#define OPTION(kind, member, name, letter, argument, help)                                         \
    RCX_OPTION(kind, struct rcx_flow_kmeans, member, name, letter, argument, help)

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct rcx_flow_kmeans, data, "data", 'd', "FILE",
                        "the table: CSV, Parquet or XLSX"),
    RCX_OPTION_REQUIRED(U64, struct rcx_flow_kmeans, k, "k", 'k', "N", "number of clusters"),
    OPTION(TEXT, output, "output", 'o', "FILE",
           "the table with columns cluster and distance added, as .parquet or .csv"),
    OPTION(TEXT, columns, "columns", 0, "A,B,...",
           "cluster by these; default: all columns of numbers"),
    OPTION(TEXT, weights, "weights", 0, "COLUMN", "how much each row counts"),
    OPTION(FLAG, standardize, "standardize", 0, NULL, "scale each column to mean 0, deviation 1"),
    OPTION(U64, restarts, "restarts", 0, "N", "starts, of which the best counts (default 10)"),
    OPTION(FLAG, swap, "swap", 0, NULL,
           "then try to end lower by moving centres elsewhere; 2 to 4 times the work"),
    OPTION(U64, max_iterations, "max-iterations", 0, "N",
           "most iterations of a start (default 300)"),
    OPTION(REAL, tolerance, "tolerance", 0, "X",
           "stop when centres move less, relative to the variance (default 0: until none moves)"),
    OPTION(TEXT, start_name, "start", 0, "NAME", "auto, k-means++ or k-means||"),
    OPTION(TEXT, start_file, "start-file", 0, "FILE", "table of the k centres to start from"),
    OPTION(TEXT, algorithm_name, "algorithm", 0, "NAME",
           "auto, lloyd, bounds, screened or mini-batch"),
    OPTION(U64, batch_rows, "batch-rows", 0, "N", "rows of a mini-batch (default 1024)"),
    OPTION(TEXT, centres, "centres", 0, "FILE", "write the centres, as .parquet or .csv"),
    OPTION(FLAG, quality, "quality", 0, NULL, "silhouette, Davies-Bouldin, Calinski-Harabasz"),
};

const struct rcx_command rcx_cmd_kmeans = {
    .name = "kmeans",
    .summary = "cluster the rows of any table of numbers",
    .details =
        "Rows without a value in one of the columns are refused. Results are the same for any\n"
        "number of threads; --seed gives other starts.\n"
        "\n"
        "    rcx kmeans --data iris.csv --k 3 -o clustered.csv --quality\n"
        "    rcx kmeans --data big.parquet --k 16 --columns x,y,z --standardize "
        "--centres c.csv",
    RCX_OPTIONS(options, struct rcx_flow_kmeans),
    .run = run,
};
