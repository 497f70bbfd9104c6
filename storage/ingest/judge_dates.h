#pragma once
/* The part of the judge (judge.h) that decides on dates.
 *
 * A reading is plausible when at most ingest.max_reject_share of the rows contradict it. One that
 * alone fits every row is taken, and one that alone is plausible. When several fit every row, the
 * invoice numbers decide: in the order of their numbers, invoices never go back in time under the
 * right reading; under a wrong one many lie before the latest one so far (with days up to 12,
 * D/M read as M/D makes each month jump through the whole year). */
#include "storage/ingest/judge.h"

enum rcx_status rcx_judge_dates(const struct rcx_cfg_ingest *config, enum rcx_date_order given,
                                const struct rcx_evidence *evidence,
                                const struct rcx_invoice_times *times,
                                const struct rcx_dictionary *invoices,
                                const struct rcx_judge_names *names, struct rcx_verdict *out,
                                struct rcx_error *err);
