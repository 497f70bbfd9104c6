/* print_metrics < rows: every measure of the registry on rows of "label score weight" from standard
 * input, as "name parameter weighted value"; for tests/interop/test_metrics.py. */
#include <stdio.h>

#include "base/text.h"
#include "ml/metrics/metric.h"

enum { MOST = 100000 };

static double label[MOST], score[MOST], weight[MOST];

static size_t read_rows(void)
{
    char line[256], cell[3][80];
    size_t count = 0;
    while (count < MOST && fgets(line, sizeof line, stdin)) {
        double *into[] = {&label[count], &score[count], &weight[count]};
        if (sscanf(line, "%79s %79s %79s", cell[0], cell[1], cell[2]) != 3)
            return 0;
        for (int c = 0; c < 3; c++) {
            if (!rcx_parse_real(rcx_text_of(cell[c]), into[c]))
                return 0;
        }
        count++;
    }
    return count;
}

int main(void)
{
    static const double parameters[] = {.1, .5, .9, 1, 1.5, 1.9, 2};
    char text[RCX_REAL_TEXT_BYTES];
    size_t count = read_rows();
    for (size_t m = 0; count > 0 && rcx_metric_name_at(m); m++) {
        const struct rcx_metric *metric = rcx_metric_find(rcx_metric_name_at(m));
        size_t times = rcx_metric_wants_parameter(metric) ? 7 : 1;
        for (size_t p = 0; p < 2 * times; p++) {
            struct rcx_scored rows = {label, score, p % 2 ? weight : NULL, count};
            double value;
            if (rcx_metric_value(metric, &rows, parameters[p / 2], NULL, &value, NULL) != RCX_OK)
                return 1;
            size_t length = rcx_format_real(value, text);
            printf("%s %g %d %.*s\n", rcx_metric_name(metric), times > 1 ? parameters[p / 2] : 0,
                   (int)(p % 2), (int)length, text);
        }
    }
    return count == 0;
}
