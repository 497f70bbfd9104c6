#include "ml/split/split.h"

#include <inttypes.h>

static int64_t window_days(const struct rcx_split_rule *rule)
{
    return (int64_t)rule->gap_days + rule->horizon_days;
}

bool rcx_split_may_train(const struct rcx_split_rule *rule, rcx_day train, rcx_day evaluation)
{
    return train + window_days(rule) <= evaluation;
}

size_t rcx_split_prefix(const struct rcx_split_rule *rule, const struct rcx_split_snapshot *list,
                        size_t count, size_t evaluation)
{
    size_t prefix = 0;
    while (prefix < count && rcx_split_may_train(rule, list[prefix].day, list[evaluation].day))
        prefix++;
    return prefix;
}

size_t rcx_split_rows(const struct rcx_split_snapshot *list, size_t prefix)
{
    size_t rows = 0;
    for (size_t s = 0; s < prefix; s++)
        rows += list[s].rows;
    return rows;
}

size_t rcx_split_rarer(const struct rcx_split_snapshot *list, size_t prefix)
{
    size_t rows = rcx_split_rows(list, prefix), positives = 0;
    for (size_t s = 0; s < prefix; s++)
        positives += list[s].positives;
    return positives < rows - positives ? positives : rows - positives;
}

static bool enough(const struct rcx_split_snapshot *list, size_t count, size_t rows)
{
    return rcx_split_rows(list, count) >= rows && rcx_split_rarer(list, count) > 0;
}

bool rcx_split_is_origin(const struct rcx_split_rule *rule, const struct rcx_split_snapshot *list,
                         size_t count, const struct rcx_split_limits *limits, size_t evaluation)
{
    size_t prefix = rcx_split_prefix(rule, list, count, evaluation);
    return prefix > 0 && enough(list, prefix, limits->origin_rows) &&
           rcx_split_rarer(&list[evaluation], 1) > 0;
}

enum rcx_status rcx_split_plan(const struct rcx_split_rule *rule,
                               const struct rcx_split_snapshot *list, size_t count,
                               const struct rcx_split_limits *limits, struct rcx_split *out,
                               struct rcx_error *err)
{
    char first[RCX_DATE_TEXT_BYTES], last[RCX_DATE_TEXT_BYTES], needed[RCX_DATE_TEXT_BYTES];
    if (count == 0)
        return rcx_fail(
            err, RCX_E_INPUT,
            "no snapshot has labels: a window of %" PRId64
            " days after the snapshot must lie within the data; earlier snapshots, more "
            "data or a shorter horizon would help",
            window_days(rule));
    struct rcx_split split = {.test = count - 1};
    split.train = rcx_split_prefix(rule, list, count, split.test);
    if (split.train == 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "no snapshot may train for the test at %s: its labels must be complete by "
                        "then, so it must be of %s or earlier, and the first one is of %s; earlier "
                        "snapshots, more data or a shorter horizon (%" PRId64
                        " days with its gap) would help",
                        rcx_format_day(list[split.test].day, last),
                        rcx_format_day(list[split.test].day - (rcx_day)window_days(rule), needed),
                        rcx_format_day(list[0].day, first), window_days(rule));
    split.validation = split.train - 1;
    split.choice_train = rcx_split_prefix(rule, list, count, split.validation);
    split.has_choice = split.choice_train > 0 &&
                       enough(list, split.choice_train, limits->choice_rows) &&
                       enough(&list[split.validation], 1, limits->choice_rows);
    *out = split;
    return RCX_OK;
}

enum rcx_status rcx_split_guard(const struct rcx_split_rule *rule, const int64_t *customer,
                                const rcx_day *day, size_t rows, rcx_day evaluation,
                                struct rcx_error *err)
{
    char train[RCX_DATE_TEXT_BYTES], at[RCX_DATE_TEXT_BYTES];
    for (size_t i = 0; i < rows; i++) {
        if (!rcx_split_may_train(rule, day[i], evaluation))
            return rcx_fail(
                err, RCX_E_INTERNAL,
                "training row %zu of %s has a label that reaches past the evaluation at "
                "%s",
                i, rcx_format_day(day[i], train), rcx_format_day(evaluation, at));
        if (i > 0 &&
            (day[i] < day[i - 1] || (day[i] == day[i - 1] && customer[i] <= customer[i - 1])))
            return rcx_fail(err, RCX_E_INTERNAL,
                            "training row %zu: customer %" PRId64
                            " of %s is there twice or out of order",
                            i, customer[i], rcx_format_day(day[i], train));
    }
    return RCX_OK;
}

int32_t rcx_split_covered_days(rcx_day first_data_day, rcx_day snapshot, int32_t observation_days)
{
    int64_t days = (int64_t)snapshot + 1 - first_data_day;
    if (days < 0)
        days = 0;
    return days < observation_days ? (int32_t)days : observation_days;
}
