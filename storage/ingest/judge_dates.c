#include "storage/ingest/judge_dates.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/radix.h"

void rcx_evidence_date_fits(const struct rcx_evidence *evidence, uint64_t out_fits[RCX_READINGS],
                            uint64_t *out_rows)
{
    *out_rows = 0;
    memset(out_fits, 0, RCX_READINGS * sizeof *out_fits);
    for (unsigned set = 1; set < 1u << RCX_READINGS; set++) {
        if (evidence->dates[set] == 0)
            continue;
        *out_rows += evidence->dates[set];
        for (unsigned reading = 0; reading < RCX_READINGS; reading++)
            if (set >> reading & 1)
                out_fits[reading] += evidence->dates[set];
    }
}

/* Invoices that lie before the latest one of lower number. */
struct backward {
    uint64_t invoices, count;
};

static struct backward count_backward(const struct rcx_invoice_times *times,
                                      const struct rcx_radix_item *items, size_t count,
                                      unsigned order)
{
    struct backward backward = {0, 0};
    rcx_time latest = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        rcx_time time = times->first[items[i].payload][order];
        if (time == INT64_MAX)
            continue;
        backward.invoices++;
        if (time < latest)
            backward.count++;
        else
            latest = time;
    }
    return backward;
}

/* The invoices whose number is one, in its order. */
static bool numeric_invoices(const struct rcx_invoice_times *times,
                             const struct rcx_dictionary *invoices, struct rcx_radix_item **out,
                             size_t *out_count)
{
    size_t count = 0;
    struct rcx_radix_item *items = rcx_malloc_array(times->count + 1, sizeof *items);
    struct rcx_radix_item *scratch = rcx_malloc_array(times->count + 1, sizeof *items);
    if (!items || !scratch) {
        rcx_free(items);
        rcx_free(scratch);
        return false;
    }
    for (uint32_t code = 1; code < times->count && code < invoices->count; code++) {
        struct rcx_text text = rcx_dictionary_get(invoices, code);
        uint64_t number = 0;
        bool digits = text.length > 0 && text.data[0] >= '0' && text.data[0] <= '9';
        if (digits && rcx_parse_u64(text, &number))
            items[count++] = (struct rcx_radix_item){number, code, 0};
    }
    rcx_radix_sort(items, scratch, count);
    rcx_free(scratch);
    *out = items;
    *out_count = count;
    return true;
}

struct tie {
    unsigned readings[RCX_READINGS];
    unsigned count;
    struct backward backward[RCX_READINGS];
};

/* Returns the index in the tie that the invoice numbers single out, or -1. */
static int decide_by_invoices(const struct rcx_cfg_ingest *config, struct tie *tie,
                              const struct rcx_invoice_times *times,
                              const struct rcx_dictionary *invoices, bool *out_no_memory)
{
    struct rcx_radix_item *items = NULL;
    size_t count = 0;
    *out_no_memory = !numeric_invoices(times, invoices, &items, &count);
    if (*out_no_memory)
        return -1;
    int chosen = -1;
    bool clear = count >= 2;
    for (unsigned i = 0; i < tie->count; i++) {
        unsigned order = (unsigned)rcx_reading_order(tie->readings[i]) - RCX_DATE_DMY;
        tie->backward[i] = count_backward(times, items, count, order);
        const struct backward *b = &tie->backward[i];
        if (b->count == 0) {
            clear &= chosen < 0;
            chosen = (int)i;
        } else if ((double)b->count < config->date_evidence * (double)b->invoices) {
            clear = false;
        }
    }
    rcx_free(items);
    return clear ? chosen : -1;
}

static void append_times(struct rcx_buf *text, const struct tie *tie, rcx_raw_date raw)
{
    for (unsigned i = 0; i < tie->count; i++) {
        char time[RCX_TIME_TEXT_BYTES];
        enum rcx_date_order order = rcx_reading_order(tie->readings[i]);
        rcx_buf_printf(text, "%s%s (read as %s)", i == 0 ? "" : " or ",
                       rcx_format_time(rcx_raw_date_time(raw, order), time),
                       rcx_reading_name(tie->readings[i]));
    }
}

static enum rcx_status refuse_tie(const struct rcx_judge_names *names, const struct tie *tie,
                                  const struct rcx_evidence *evidence, uint64_t rows,
                                  bool invoices_asked, struct rcx_error *err)
{
    struct rcx_buf text = {0};
    rcx_buf_printf(&text,
                   "%s: the dates in '%s' can be read in %u ways, and a guess could move "
                   "them: all %" PRIu64 " rows fit ",
                   names->input, names->invoice_date, tie->count, rows);
    for (unsigned i = 0; i < tie->count; i++)
        rcx_buf_printf(&text, "%s%s", i == 0 ? "" : (i + 1 == tie->count ? " and " : ", "),
                       rcx_reading_name(tie->readings[i]));
    if (evidence->ambiguous_date.position != 0) {
        rcx_buf_printf(&text, "; '%s' is ", evidence->ambiguous_date.text);
        append_times(&text, tie, evidence->ambiguous_raw);
    } else {
        rcx_buf_append_text(&text, "; these rows have the same dates either way, later ones "
                                   "would not");
    }
    for (unsigned i = 0; invoices_asked && i < tie->count; i++)
        rcx_buf_printf(&text, "%s%" PRIu64 " of %" PRIu64 " invoices go back in time as %s",
                       i == 0 ? "; by invoice number " : ", ", tie->backward[i].count,
                       tie->backward[i].invoices, rcx_reading_name(tie->readings[i]));
    rcx_buf_append_text(&text, "; say which it is: ");
    for (unsigned i = 0; i < tie->count; i++)
        rcx_buf_printf(&text, "%s--date-format %s", i == 0 ? "" : " or ",
                       rcx_date_order_name(rcx_reading_order(tie->readings[i])));
    enum rcx_status status = rcx_fail(err, RCX_E_INPUT, "%s", rcx_buf_text(&text));
    rcx_buf_release(&text);
    return status;
}

static enum rcx_status refuse_misfit(const struct rcx_judge_names *names,
                                     const uint64_t fits[RCX_READINGS], uint64_t rows,
                                     const char *what, const struct tie *tie, struct rcx_error *err)
{
    struct rcx_buf text = {0};
    rcx_buf_printf(&text, "%s: %s the dates in '%s'; of %" PRIu64 " rows", names->input, what,
                   names->invoice_date, rows);
    const char *comma = " ";
    for (unsigned reading = 0; reading < RCX_READINGS; reading++) {
        if (fits[reading] == 0)
            continue;
        rcx_buf_printf(&text, "%s%" PRIu64 " fit %s", comma, fits[reading],
                       rcx_reading_name(reading));
        comma = ", ";
    }
    if (tie) {
        rcx_buf_append_text(&text, "; say which it is: ");
        for (unsigned i = 0; i < tie->count; i++)
            rcx_buf_printf(&text, "%s--date-format %s", i == 0 ? "" : " or ",
                           rcx_date_order_name(rcx_reading_order(tie->readings[i])));
    }
    enum rcx_status status = rcx_fail(err, RCX_E_INPUT, "%s", rcx_buf_text(&text));
    rcx_buf_release(&text);
    return status;
}

static struct tie readings_with_at_least(const uint64_t fits[RCX_READINGS], double least)
{
    struct tie tie = {0};
    for (unsigned reading = 0; reading < RCX_READINGS; reading++)
        if (fits[reading] > 0 && (double)fits[reading] >= least)
            tie.readings[tie.count++] = reading;
    return tie;
}

static void accept(struct rcx_verdict *out, unsigned reading)
{
    out->readings = (rcx_reading_set)(1u << reading);
    out->date_order = rcx_reading_order(reading);
}

/* The order is known; the separator that most rows have is taken. */
static enum rcx_status judge_given(enum rcx_date_order given, const uint64_t fits[RCX_READINGS],
                                   uint64_t rows, const struct rcx_judge_names *names,
                                   struct rcx_verdict *out, struct rcx_error *err)
{
    int best = -1;
    for (unsigned reading = 0; reading < RCX_READINGS; reading++)
        if (rcx_reading_order(reading) == given && fits[reading] > 0 &&
            (best < 0 || fits[reading] > fits[best]))
            best = (int)reading;
    if (best < 0) {
        char what[96];
        snprintf(what, sizeof what, "the date format '%s' (of the store, or as told) fits none of",
                 rcx_date_order_name(given));
        struct tie others = readings_with_at_least(fits, (double)rows);
        return refuse_misfit(names, fits, rows, what, others.count > 0 ? &others : NULL, err);
    }
    accept(out, (unsigned)best);
    return RCX_OK;
}

enum rcx_status rcx_judge_dates(const struct rcx_cfg_ingest *config, enum rcx_date_order given,
                                const struct rcx_evidence *evidence,
                                const struct rcx_invoice_times *times,
                                const struct rcx_dictionary *invoices,
                                const struct rcx_judge_names *names, struct rcx_verdict *out,
                                struct rcx_error *err)
{
    uint64_t fits[RCX_READINGS], rows = 0;
    rcx_evidence_date_fits(evidence, fits, &rows);
    if (rows == 0 && evidence->known_dates > 0) {
        enum rcx_date_order order = given != RCX_DATE_UNDECIDED ? given : RCX_DATE_YMD;
        enum { HYPHEN = 1 };
        accept(out, rcx_reading(order, order == RCX_DATE_YMD ? HYPHEN : 0));
        return RCX_OK;
    }
    if (rows == 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: no row has a date that can be read in '%s'",
                        names->input, names->invoice_date);
    if (given != RCX_DATE_UNDECIDED)
        return judge_given(given, fits, rows, names, out, err);

    struct tie perfect = readings_with_at_least(fits, (double)rows);
    if (perfect.count == 1) {
        accept(out, perfect.readings[0]);
        return RCX_OK;
    }
    if (perfect.count > 1) {
        bool no_memory = false, asked = !times->dropped;
        int chosen = asked ? decide_by_invoices(config, &perfect, times, invoices, &no_memory) : -1;
        if (no_memory)
            return rcx_fail_nomem(err, "judging the dates", times->count);
        if (chosen < 0)
            return refuse_tie(names, &perfect, evidence, rows, asked, err);
        accept(out, perfect.readings[chosen]);
        return RCX_OK;
    }
    struct tie plausible = readings_with_at_least(fits,
                                                  (1 - config->max_reject_share) * (double)rows);
    if (plausible.count == 1) {
        accept(out, plausible.readings[0]);
        return RCX_OK;
    }
    return plausible.count == 0 ? refuse_misfit(names, fits, rows, "no date format fits", NULL, err)
                                : refuse_misfit(names, fits, rows,
                                                "several date formats nearly fit", &plausible, err);
}
