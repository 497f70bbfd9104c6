#include "storage/ingest/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "storage/ingest/judge_dates.h"

void rcx_example_note(struct rcx_example *example, uint64_t position, struct rcx_text text)
{
    if (example->position != 0 && example->position <= position)
        return;
    size_t length = text.length < RCX_EXAMPLE_BYTES - 1 ? text.length : RCX_EXAMPLE_BYTES - 1;
    example->position = position;
    memcpy(example->text, text.data, length);
    example->text[length] = '\0';
}

static void add_example(struct rcx_example *sum, const struct rcx_example *part)
{
    if (part->position != 0 && (sum->position == 0 || part->position < sum->position))
        *sum = *part;
}

static void add_counts(uint64_t *sum, const uint64_t *part, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += part[i];
}

void rcx_evidence_add(struct rcx_evidence *sum, const struct rcx_evidence *part)
{
    sum->rows += part->rows;
    add_counts(sum->dates, part->dates, 1 << RCX_READINGS);
    sum->known_dates += part->known_dates;
    add_counts(sum->quantities, part->quantities, RCX_NUMBER_CLASSES);
    add_counts(sum->prices, part->prices, RCX_NUMBER_CLASSES);
    add_counts(sum->broken_quantities, part->broken_quantities, RCX_NUMBER_CLASSES);
    add_counts(sum->customers, part->customers, RCX_CUSTOMER_CLASSES);
    sum->mixed_customers += part->mixed_customers;
    if (part->ambiguous_date.position != 0 &&
        (sum->ambiguous_date.position == 0 ||
         part->ambiguous_date.position < sum->ambiguous_date.position))
        sum->ambiguous_raw = part->ambiguous_raw;
    add_example(&sum->ambiguous_date, &part->ambiguous_date);
    add_example(&sum->ambiguous_number, &part->ambiguous_number);
    add_example(&sum->text_customer, &part->text_customer);
}

static uint64_t count_of(const struct rcx_evidence *evidence, enum rcx_number_class class)
{
    return evidence->quantities[class] + evidence->prices[class];
}

static enum rcx_status judge_decimal_mark(const struct rcx_cfg_ingest *config,
                                          const struct rcx_evidence *evidence,
                                          const struct rcx_judge_names *names, char *out,
                                          struct rcx_error *err)
{
    uint64_t point = count_of(evidence, RCX_NUMBER_POINT);
    uint64_t comma = count_of(evidence, RCX_NUMBER_COMMA);
    uint64_t open = count_of(evidence, RCX_NUMBER_POINT_OR_GROUP) +
                    count_of(evidence, RCX_NUMBER_COMMA_OR_GROUP);
    char more = comma > point ? ',' : '.';
    uint64_t against = comma > point ? point : comma;
    if ((point > 0 || comma > 0) &&
        (double)against <= config->max_reject_share * (double)evidence->rows) {
        *out = more;
        return RCX_OK;
    }
    if (point > 0 || comma > 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: numbers of '%s' and '%s' are written both ways: %" PRIu64
                        " with a decimal point, %" PRIu64
                        " with a decimal comma; --set ingest.decimal_mark=point or comma decides "
                        "which of them are rejected",
                        names->input, names->quantity, names->unit_price, point, comma);
    if (open == 0) {
        *out = '.';
        return RCX_OK;
    }
    return rcx_fail(err, RCX_E_INPUT,
                    "%s: the decimal mark of '%s' and '%s' cannot be told: %" PRIu64
                    " numbers such as '%s' can be fractions or thousands, and no other number "
                    "decides; say --set ingest.decimal_mark=point or comma",
                    names->input, names->quantity, names->unit_price, open,
                    evidence->ambiguous_number.text);
}

static bool judge_customers(const struct rcx_evidence *evidence)
{
    return evidence->customers[RCX_CUSTOMER_TEXT] > 0 || evidence->mixed_customers > 0;
}

enum rcx_status
rcx_judge(const struct rcx_cfg_ingest *config, const struct rcx_verdict_given *given,
          const struct rcx_evidence *evidence, const struct rcx_invoice_times *times,
          const struct rcx_dictionary *invoices, const struct rcx_judge_names *names,
          struct rcx_verdict *out, struct rcx_error *err)
{
    struct rcx_verdict verdict = {0};
    enum rcx_status status = rcx_judge_dates(config, given->date_order, evidence, times, invoices,
                                             names, &verdict, err);
    if (status != RCX_OK)
        return status;
    verdict.decimal_mark = given->decimal_mark;
    if (!given->decimal_mark)
        status = judge_decimal_mark(config, evidence, names, &verdict.decimal_mark, err);
    if (status != RCX_OK)
        return status;
    verdict.customer_is_text = given->customer_type_known ? given->customer_is_text
                                                          : judge_customers(evidence);
    *out = verdict;
    return RCX_OK;
}

bool rcx_verdict_has_misfits(const struct rcx_verdict *verdict, const struct rcx_evidence *evidence)
{
    for (unsigned set = 0; set < 1u << RCX_READINGS; set++)
        if (evidence->dates[set] > 0 && !(set & verdict->readings))
            return true;
    bool point = verdict->decimal_mark == '.';
    if (count_of(evidence, point ? RCX_NUMBER_COMMA : RCX_NUMBER_POINT) > 0)
        return true;
    enum rcx_number_class decimal = point ? RCX_NUMBER_POINT_OR_GROUP : RCX_NUMBER_COMMA_OR_GROUP;
    if (evidence->broken_quantities[decimal] > 0)
        return true;
    if (verdict->customer_is_text)
        return evidence->customers[RCX_CUSTOMER_NUMBER] +
                   evidence->customers[RCX_CUSTOMER_POINT_ZERO] >
               0;
    return evidence->customers[RCX_CUSTOMER_TEXT] > 0;
}
