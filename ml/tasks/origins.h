#pragma once
/* The origins at which models on customers are judged: the part of an evaluation that is the same for
 * churn and value.
 *
 * A calendar lists the snapshots whose labels are known, in the order of dates; rows of the data are in
 * the same order, so that training rows are the first ones. An origin is a listed snapshot at which
 * models are judged that were trained on what may train for it (ml/split); the last one is the test. */
#include "base/parallel.h"
#include "ml/split/split.h"

struct rcx_calendar {
    struct rcx_split_rule rule;
    struct rcx_split_limits limits;
    size_t count, capacity;
    struct rcx_split_snapshot *list;
    struct rcx_calendar_place {
        size_t snapshot; /* index in the data */
        size_t first;    /* its first row in the data */
    } * place;
};
void rcx_calendar_release(struct rcx_calendar *calendar); /* zero is fine */
/* Appends the next snapshot. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_calendar_add(struct rcx_calendar *calendar, struct rcx_calendar_place place,
                                 const struct rcx_split_snapshot *snapshot, struct rcx_error *err);
/* The split of all of it, or of what ends with snapshot `last` of the list. Errors: rcx_split_plan. */
enum rcx_status rcx_calendar_split(const struct rcx_calendar *calendar, size_t last,
                                   struct rcx_split *out, struct rcx_error *err);

struct rcx_origin {
    size_t listed;   /* index in the calendar */
    size_t snapshot; /* and in the data */
    rcx_day day;
    bool counts; /* enough training rows: part of the means */
    size_t train_snapshots, train_rows;
    size_t first, rows; /* evaluation rows in the data */
};
/* All origins of the split, by date, each after the guard against leaks.
 *  customer, day  [rows] of the data
 * Errors: RCX_E_INTERNAL (a leak), RCX_E_NOMEM. The caller frees *out. */
enum rcx_status rcx_calendar_origins(const struct rcx_calendar *calendar,
                                     const struct rcx_split *split, const int64_t *customer,
                                     const rcx_day *day, struct rcx_origin **out, size_t *out_count,
                                     struct rcx_error *err);
/* Whether the labels of an origin that counts are complete at `day`. */
bool rcx_origin_known_at(const struct rcx_calendar *calendar, const struct rcx_origin *origin,
                         rcx_day day);

/* One column of reals per model, out[0] owning the block. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_origin_columns(size_t rows, size_t models, double **out, struct rcx_error *err);

/* Training jobs: with few rows one core takes one job at a time, with many all cores share each.
 *  inner  threads of one job: written before the first begins */
enum rcx_status rcx_train_jobs(const struct rcx_parallel *all, bool apart, size_t jobs,
                               rcx_chunk_function *run, void *context, struct rcx_parallel *inner,
                               struct rcx_error *err);
