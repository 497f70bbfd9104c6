/* A model file of any bytes: refused, or a model that can be written, read again to the same text, and
 * walked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest.h"
#include "ml/gbdt/model_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void format(const struct rcx_gbdt_model *model, struct rcx_buf *out)
{
    if (rcx_gbdt_model_format(model, out, NULL) != RCX_OK)
        abort();
}

static void predict(const struct rcx_gbdt_model *model)
{
    enum { ROWS = 3 };
    static const double values[ROWS] = {0.5, -3, 7};
    double scores[ROWS];
    const double **columns = rcx_calloc(model->feature_count + 1, sizeof *columns);
    if (!columns)
        return;
    for (size_t f = 0; f < model->feature_count; f++)
        columns[f] = values;
    const struct rcx_matrix matrix = {ROWS, model->feature_count, columns, NULL};
    const struct rcx_gbdt_predict_options options = {.transform = true};
    (void)rcx_gbdt_predict(model, &matrix, &options, NULL, scores, NULL);
    rcx_free(columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rcx_gbdt_model model, again;
    struct rcx_buf text = {0}, other = {0};
    if (rcx_gbdt_model_parse("fuzz", data, size, &model, NULL) != RCX_OK)
        return 0;
    predict(&model);
    format(&model, &text);
    if (rcx_gbdt_model_parse("again", text.data, text.length, &again, NULL) != RCX_OK)
        abort();
    format(&again, &other);
    if (other.length != text.length || memcmp(other.data, text.data, text.length) != 0)
        abort();
    rcx_gbdt_model_release(&again);
    rcx_buf_release(&text);
    rcx_buf_release(&other);
    rcx_gbdt_model_release(&model);
    return 0;
}
