#pragma once
/* How many segments: k-means for every k of a range, judged by all measures.
 *
 * Chosen is the smallest k from k_least on whose silhouette is within silhouette_slack of the best of
 * all and whose smallest cluster holds min_share. When there is none, the same with the best of those
 * from k_least on with min_share; and when there is none of those either, the k from k_least on whose
 * smallest cluster is largest. `reason` says which it was.
 *
 * With fewer different customers than k_min there are as many clusters as those.
 *
 * Stability of a k: the mean adjusted Rand index, over bootstraps resamples, between the clusters of
 * all customers and those that k-means on the resample (as many customers as there are, at most
 * sample_rows, drawn with replacement) gives to all customers. */
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "ml/kmeans/kmeans.h"

struct rcx_segment_trial {
    size_t k;
    bool chosen;
    bool elbow; /* furthest below the straight line from the first to the last inertia */
    double silhouette, simplified_silhouette; /* NaN: a single cluster */
    size_t silhouette_rows;                   /* looked at; all customers: exact */
    double davies_bouldin, calinski_harabasz;
    double inertia, smallest_share;
    double stability, stability_least; /* NaN: no resamples */
    size_t iterations, restart;        /* of the start that won */
    bool converged;
    struct rcx_kmeans fit;
};

enum { RCX_SEGMENT_TRIALS_MOST = 9 };
struct rcx_segment_choice {
    size_t count, chosen; /* index */
    const char *reason;   /* static */
    struct rcx_segment_trial trials[RCX_SEGMENT_TRIALS_MOST];
};

void rcx_segment_choice_release(struct rcx_segment_choice *choice);
/* `matrix` is scaled. Errors: RCX_E_INPUT (no rows; fewer different rows than segments.k), others of
 * k-means. The caller releases *out. */
enum rcx_status rcx_segment_choose(const struct rcx_matrix *matrix,
                                   const struct rcx_cfg_segments *cfg, uint64_t seed,
                                   const struct rcx_parallel *parallel,
                                   struct rcx_segment_choice *out, struct rcx_error *err);
