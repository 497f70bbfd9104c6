/* A churn model of any bytes, the document and behind a zero byte its trees: refused, or written again
 * as what it was read from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/churn/churn_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum rcx_status parse(const void *document, size_t length, const void *trees, size_t bytes,
                             struct rcx_churn_model *out)
{
    struct rcx_json_document *json = NULL;
    enum rcx_status status = rcx_json_parse("document", document, length, &json, NULL);
    if (status == RCX_OK)
        status = rcx_churn_model_parse("document", rcx_json_root(json), trees, bytes, out, NULL);
    rcx_json_close(json);
    return status;
}

/* What was read can be written, and read and written again without a difference. */
static void check(const struct rcx_churn_model *model)
{
    struct rcx_buf trees[2] = {{0}}, document[2] = {{0}};
    struct rcx_churn_model again = {0};
    if (rcx_churn_model_format(model, &trees[0], &document[0], NULL) != RCX_OK ||
        parse(document[0].data, document[0].length, trees[0].data, trees[0].length, &again) !=
            RCX_OK ||
        rcx_churn_model_format(&again, &trees[1], &document[1], NULL) != RCX_OK)
        abort();
    if (document[0].length != document[1].length ||
        memcmp(document[0].data, document[1].data, document[0].length) != 0)
        abort();
    for (int k = 0; k < 2; k++) {
        rcx_buf_release(&trees[k]);
        rcx_buf_release(&document[k]);
    }
    rcx_churn_model_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    size_t bytes = end ? size - length - 1 : 0;
    struct rcx_churn_model model = {0};
    if (parse(data, length, end ? end + 1 : data + size, bytes, &model) == RCX_OK) {
        check(&model);
        rcx_churn_model_release(&model);
    }
    return 0;
}
