/* models/clv.json of any bytes, beside trees' files without trees: refused, or a model that is written
 * again to the same document. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "ml/tasks/clv/clv_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUTS = RCX_CHURN_BEHAVIOUR_INPUTS + 2 };

/* The texts of a model that has learned nothing; documents of the corpus name their digests. */
static void make_texts(struct rcx_buf out[RCX_CLV_TEXTS])
{
    static const char *const names[INPUTS] = {
        "rfm_recency_days", "rfm_monetary_total", "btyd_frequency",          "btyd_recency",
        "btyd_age",         "btyd_p_no_purchase", "btyd_expected_purchases",
    };
    struct rcx_clv_model model = {.chosen = RCX_CLV_LAST_FACTOR,
                                  .trees = RCX_CLV_TWEEDIE_OFFSET,
                                  .fit = {.factor = .5, .floor = 1, .most_log_ratio = 2},
                                  .horizon_days = 180,
                                  .total_ratio = NAN,
                                  .inputs = {.count = INPUTS, .without_behaviour = 2}};
    model.inputs.names = rcx_calloc(INPUTS, sizeof(char *));
    model.inputs.columns = rcx_calloc(INPUTS, sizeof(char *));
    for (size_t i = 0; i < INPUTS; i++) {
        model.inputs.names[i] = rcx_strdup(names[i]);
        model.inputs.columns[i] = rcx_strdup(names[i]);
    }
    if (rcx_clv_model_format(&model, out, NULL) != RCX_OK)
        abort();
    rcx_clv_model_release(&model);
}

static void release_texts(struct rcx_buf texts[RCX_CLV_TEXTS])
{
    for (int t = 0; t < RCX_CLV_TEXTS; t++)
        rcx_buf_release(&texts[t]);
}

static enum rcx_status parse(const void *data, size_t size,
                             const struct rcx_buf texts[RCX_CLV_TEXTS], struct rcx_clv_model *out)
{
    struct rcx_json_document *document = NULL;
    enum rcx_status status = rcx_json_parse("fuzz", data, size, &document, NULL);
    if (status == RCX_OK)
        status = rcx_clv_model_parse("fuzz", rcx_json_root(document), texts, out, NULL);
    rcx_json_close(document);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rcx_buf texts[RCX_CLV_TEXTS] = {{0}}, again[RCX_CLV_TEXTS] = {{0}};
    struct rcx_buf third[RCX_CLV_TEXTS] = {{0}};
    struct rcx_clv_model model = {0}, other = {0};
    make_texts(texts);
    if (parse(data, size, texts, &model) == RCX_OK) {
        const struct rcx_buf *document = &again[RCX_CLV_TEXT_DOCUMENT];
        if (rcx_clv_model_format(&model, again, NULL) != RCX_OK ||
            parse(document->data, document->length, again, &other) != RCX_OK ||
            rcx_clv_model_format(&other, third, NULL) != RCX_OK ||
            third[RCX_CLV_TEXT_DOCUMENT].length != document->length ||
            memcmp(third[RCX_CLV_TEXT_DOCUMENT].data, document->data, document->length) != 0)
            abort();
        rcx_clv_model_release(&model);
        rcx_clv_model_release(&other);
    }
    release_texts(texts);
    release_texts(again);
    release_texts(third);
    return 0;
}
