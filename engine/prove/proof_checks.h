#pragma once
/* The checks of a proof (prove.h): each ends as one line of the report. Private to engine/prove. */
#include "engine/prove/prove.h"
#include "engine/prove/row_split.h"

/* All checks pass until something is found. */
void rcx_proof_checks_init(struct rcx_proof *proof);

/* Looks at every row of a finished table: dates and window lengths are those of the definitions,
 * first and last purchase lie in the window, labels come last. */
void rcx_proof_check_windows(struct rcx_proof *proof, const struct rcx_cfg_features *features,
                             rcx_day day, const struct rcx_table *table);

/* Makes the other checks from what was computed, and proof->ok from all of them. */
void rcx_proof_conclude(struct rcx_proof *proof, const struct rcx_prove *prove,
                        const struct rcx_snapshots *planned, const struct rcx_outlier_fit *fit,
                        const struct rcx_plain_limits *plain);
