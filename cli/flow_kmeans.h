#pragma once
/* k-means on a table in a file. Prints nothing. */
#include "config/config.h"
#include "ml/kmeans/cluster_quality.h"
#include "ml/kmeans/kmeans.h"

/* All texts are borrowed; NULL: not given. */
struct rcx_flow_kmeans {
    const char *data, *output, *columns, *weights, *centres, *start_file;
    const char *start_name, *algorithm_name; /* of the command; the enums below count */
    uint64_t k, restarts, max_iterations, batch_rows;
    double tolerance;
    bool standardize, quality, swap;
    enum rcx_kmeans_start start;
    enum rcx_kmeans_algorithm algorithm;
    uint64_t seed;
    const struct rcx_cfg_export *export;
    struct rcx_parallel parallel;
};

struct rcx_flow_kmeans_result {
    struct rcx_kmeans fit; /* centres in the units of the table */
    int64_t *rows;         /* [k] rows of each cluster */
    double fit_seconds;
    bool with_quality; /* of what was clustered: after scaling */
    struct rcx_silhouette silhouette;
    double simplified_silhouette;
    struct rcx_separation separation;
};
void rcx_flow_kmeans_result_release(struct rcx_flow_kmeans_result *result);

/* Errors: RCX_E_USAGE (no column is left; a name that the output would have twice), those of
 * rcx_table_read, rcx_matrix_build, rcx_kmeans_fit and the sink. */
enum rcx_status rcx_flow_kmeans(const struct rcx_flow_kmeans *flow,
                                struct rcx_flow_kmeans_result *out, struct rcx_error *err);
