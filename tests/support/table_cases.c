#include "tests/support/table_cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

uint64_t table_random(uint64_t stream, uint64_t row)
{
    uint64_t z = (stream << 40) + row * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

enum { NULL_STREAM = 100, DISTINCT_TEXTS = 1000 };

/* --- every type ---------------------------------------------------------------------------- */

static const int64_t extremes[RCX_TYPE_COUNT][2] = {
    [RCX_TYPE_BOOL] = {0, 1},
    [RCX_TYPE_INT8] = {INT8_MIN, INT8_MAX},
    [RCX_TYPE_INT32] = {INT32_MIN, INT32_MAX},
    [RCX_TYPE_INT64] = {INT64_MIN, INT64_MAX},
    [RCX_TYPE_DECIMAL] = {-INT64_C(999999999999999999), INT64_C(999999999999999999)},
    [RCX_TYPE_DATE] = {-719162, 2932896},                             /* years 1 and 9999 */
    [RCX_TYPE_TIME] = {INT64_C(-62135596800), INT64_C(253402300799)}, /* the same */
};

static void set_integer(struct rcx_column *column, size_t row, int64_t value)
{
    switch (rcx_type_bytes(column->type)) {
    case 1:
        column->i8[row] = (int8_t)value;
        break;
    case 4:
        column->i32[row] = (int32_t)value;
        break;
    default:
        column->i64[row] = value;
        break;
    }
}

static int64_t random_integer(enum rcx_type type, uint64_t random)
{
    switch (type) {
    case RCX_TYPE_BOOL:
        return (int64_t)(random & 1);
    case RCX_TYPE_DECIMAL:
        return (int64_t)(random % UINT64_C(1999999999999999999)) - INT64_C(999999999999999999);
    case RCX_TYPE_DATE:
        return (int64_t)(random % 200000) - 100000;
    case RCX_TYPE_TIME:
        return (int64_t)(random % UINT64_C(20000000000)) - INT64_C(10000000000);
    case RCX_TYPE_TEXT:
        return (int64_t)(random % DISTINCT_TEXTS);
    case RCX_TYPE_INT8:
    case RCX_TYPE_INT32:
    case RCX_TYPE_INT64:
    case RCX_TYPE_REAL:
    case RCX_TYPE_COUNT:
        break;
    }
    return (int64_t)random;
}

static struct rcx_strings *numbered_texts(void)
{
    struct rcx_strings *strings = rcx_strings_new(DISTINCT_TEXTS, DISTINCT_TEXTS * 8);
    for (uint32_t i = 0; strings && i < DISTINCT_TEXTS; i++) {
        int length = snprintf(strings->bytes + strings->offsets[i], 8, "t%u", i);
        strings->offsets[i + 1] = strings->offsets[i] + (uint64_t)length;
    }
    return strings;
}

static bool fill_type(struct rcx_column *column, size_t rows)
{
    uint64_t stream = column->type;
    if (column->type == RCX_TYPE_TEXT && !(column->dictionary = numbered_texts()))
        return false;
    for (size_t row = 0; row < rows; row++) {
        uint64_t random = table_random(stream, row);
        if (column->type == RCX_TYPE_REAL)
            column->reals[row] = (double)((int64_t)random >> 11) / 1048576;
        else if (column->type == RCX_TYPE_TEXT || row >= 2)
            set_integer(column, row, random_integer(column->type, random));
        else
            set_integer(column, row, extremes[column->type][row]);
    }
    return true;
}

static bool add_all_types(struct rcx_table *table, size_t rows)
{
    for (unsigned type = 0; type < RCX_TYPE_COUNT; type++) {
        struct rcx_column *column = rcx_table_add(table, rcx_type_name((enum rcx_type)type),
                                                  (enum rcx_type)type);
        if (!column)
            return false;
        column->scale = type == RCX_TYPE_DECIMAL ? 4 : 0;
    }
    if (!rcx_table_resize(table, rows))
        return false;
    for (size_t c = 0; c < table->column_count; c++)
        if (!fill_type(&table->columns[c], rows))
            return false;
    return true;
}

/* Makes one row in `one_in` null, but not the two extremes. */
static bool add_nulls(struct rcx_table *table, uint64_t one_in, size_t from)
{
    for (size_t c = 0; c < table->column_count; c++)
        for (size_t row = from; row < table->rows; row++)
            if (table_random(NULL_STREAM + c, row) % one_in == 0 &&
                !rcx_column_set_null(&table->columns[c], row))
                return false;
    return true;
}

static bool fill_all_types(struct rcx_table *table, size_t rows)
{
    return add_all_types(table, rows);
}

static bool fill_with_nulls(struct rcx_table *table, size_t rows)
{
    return add_all_types(table, rows) && add_nulls(table, 5, 2);
}

static bool fill_all_null(struct rcx_table *table, size_t rows)
{
    return add_all_types(table, rows) && add_nulls(table, 1, 0);
}

/* --- distributions ------------------------------------------------------------------------- */

enum distribution { CONSTANT, FEW, MANY, DISTINCT, RUNS, SORTED, STRIPED, DISTRIBUTIONS };
static const char *const distribution_names[DISTRIBUTIONS] = {
    "constant", "few", "many", "distinct", "runs", "sorted", "striped"};

static int64_t distributed(enum distribution distribution, size_t row)
{
    uint64_t random = table_random(200 + distribution, row);
    switch (distribution) {
    case CONSTANT:
        return 42;
    case FEW:
        return (int64_t)(random % 13) * 1000003;
    case MANY:
        return (int64_t)(random % 60000) * 1000003;
    case DISTINCT:
        return (int64_t)(random >> 1);
    case RUNS: /* runs of 1 to about 100 */
        return (int64_t)(table_random(300, row / 50 + random % 97 / 90) % 500000);
    case SORTED:
        return (int64_t)row * 7;
    case STRIPED:
        return (int64_t)(row / 100000 % 2 ? random % 5 : random % 100000);
    case DISTRIBUTIONS:
        break;
    }
    return 0;
}

/* Each distribution as integer and as real; nulls in long stretches in every other column. */
static bool fill_distributions(struct rcx_table *table, size_t rows)
{
    char name[32];
    for (unsigned d = 0; d < DISTRIBUTIONS; d++) {
        snprintf(name, sizeof name, "%s_int", distribution_names[d]);
        if (!rcx_table_add(table, name, RCX_TYPE_INT64))
            return false;
        snprintf(name, sizeof name, "%s_real", distribution_names[d]);
        if (!rcx_table_add(table, name, RCX_TYPE_REAL))
            return false;
    }
    if (!rcx_table_resize(table, rows))
        return false;
    for (unsigned d = 0; d < DISTRIBUTIONS; d++) {
        for (size_t row = 0; row < rows; row++) {
            int64_t value = distributed((enum distribution)d, row);
            table->columns[2 * d].i64[row] = value;
            table->columns[2 * d + 1].reals[row] = (double)value / 8;
        }
    }
    for (size_t c = 0; c < table->column_count; c += 3)
        for (size_t row = 0; row < rows; row++)
            if (row / 1000 % 7 == c % 7 && !rcx_column_set_null(&table->columns[c], row))
                return false;
    return true;
}

/* --- reals and texts ----------------------------------------------------------------------- */

static bool fill_reals(struct rcx_table *table, size_t rows)
{
    static const double list[] = {0.0,
                                  -0.0,
                                  1.0,
                                  -1.0,
                                  0.1,
                                  1e300,
                                  -1e300,
                                  5e-324,
                                  1e16,
                                  1e15,
                                  123456.5,
                                  1e-5,
                                  (double)INFINITY,
                                  -(double)INFINITY,
                                  2.5e-7,
                                  1.0 / 3};
    enum { COUNT = sizeof list / sizeof list[0] };
    const char *const names[] = {"mixed", "zeros", "negative_zero", "infinite"};
    for (size_t c = 0; c < 4; c++)
        if (!rcx_table_add(table, names[c], RCX_TYPE_REAL))
            return false;
    if (!rcx_table_resize(table, rows))
        return false;
    for (size_t row = 0; row < rows; row++) {
        table->columns[0].reals[row] = row % 17 == 16 ? (double)NAN : list[row % 17];
        table->columns[1].reals[row] = 0.0;
        table->columns[2].reals[row] = -0.0;
        table->columns[3].reals[row] = row % 2 ? (double)INFINITY : -(double)INFINITY;
    }
    return true;
}

static const char *const odd_texts[] = {"",
                                        "plain",
                                        "with,comma",
                                        "with \"quotes\"",
                                        "two\nlines",
                                        "cr\rlf\r\n",
                                        "Stra\xc3\x9f"
                                        "e",
                                        "\xe6\x97\xa5\xe6\x9c\xac",
                                        "\xf0\x9f\x9b\x92 cart",
                                        " padded ",
                                        "'single'",
                                        "tab\tinside",
                                        "NULL",
                                        "nan",
                                        "1e5",
                                        "\xef\xbb\xbf"
                                        "bom",
                                        ";"};
enum { ODD_TEXTS = sizeof odd_texts / sizeof odd_texts[0] };

static bool fill_texts(struct rcx_table *table, size_t rows)
{
    struct rcx_column *column = rcx_table_add(table, "a,\"name\"", RCX_TYPE_TEXT);
    if (!column || !rcx_table_resize(table, rows) ||
        !rcx_table_add(table, "number", RCX_TYPE_INT32))
        return false;
    column = &table->columns[0];
    struct rcx_strings *strings = rcx_strings_new(ODD_TEXTS, 1024);
    if (!strings)
        return false;
    column->dictionary = strings;
    for (uint32_t i = 0; i < ODD_TEXTS; i++) {
        size_t length = strlen(odd_texts[i]);
        memcpy(strings->bytes + strings->offsets[i], odd_texts[i], length);
        strings->offsets[i + 1] = strings->offsets[i] + length;
    }
    for (size_t row = 0; row < rows; row++) {
        column->codes[row] = (uint32_t)(row % ODD_TEXTS);
        table->columns[1].i32[row] = (int32_t)row;
    }
    for (size_t row = 5; row < rows; row += 11)
        if (!rcx_column_set_null(column, row))
            return false;
    return true;
}

/* Texts of 0 to about 300,000 bytes and one of 3,000,000, one code per row. */
static size_t long_length(size_t row)
{
    return row == 7 ? 3000000 : (size_t)(table_random(400, row) % (row % 10 == 0 ? 300000 : 100));
}

static bool fill_long_texts(struct rcx_table *table, size_t rows)
{
    size_t bytes = 0;
    for (size_t row = 0; row < rows; row++)
        bytes += long_length(row);
    struct rcx_column *column = rcx_table_add(table, "text", RCX_TYPE_TEXT);
    if (!column || !rcx_table_resize(table, rows))
        return false;
    struct rcx_strings *strings = rcx_strings_new((uint32_t)rows, bytes);
    if (!strings)
        return false;
    column->dictionary = strings;
    for (size_t row = 0; row < rows; row++) {
        memset(strings->bytes + strings->offsets[row], 'a' + (int)(row % 26), long_length(row));
        strings->offsets[row + 1] = strings->offsets[row] + long_length(row);
        column->codes[row] = (uint32_t)row;
    }
    return true;
}

/* Equal texts under different codes: 200 distinct ones in a list as long as the table. */
static bool fill_repeated_texts(struct rcx_table *table, size_t rows)
{
    struct rcx_column *column = rcx_table_add(table, "text", RCX_TYPE_TEXT);
    if (!column || !rcx_table_resize(table, rows))
        return false;
    struct rcx_strings *strings = rcx_strings_new((uint32_t)rows, rows * 16 + 16);
    if (!strings)
        return false;
    column->dictionary = strings;
    for (size_t row = 0; row < rows; row++) {
        int length = snprintf(strings->bytes + strings->offsets[row], 16, "repeated %03u",
                              (unsigned)(table_random(500, row) % 200));
        strings->offsets[row + 1] = strings->offsets[row] + (uint64_t)length;
        column->codes[row] = (uint32_t)row;
    }
    return true;
}

const struct table_case table_cases[] = {
    {"types", 1003, fill_all_types},
    {"nulls", 1003, fill_with_nulls},
    {"empty", 0, fill_all_types},
    {"one", 1, fill_all_types},
    {"all_null", 300, fill_all_null},
    {"reals", 340, fill_reals},
    {"texts", 200, fill_texts},
    {"long_texts", 400, fill_long_texts},
    {"repeated_texts", 200000, fill_repeated_texts},
    {"million", 1000000, fill_with_nulls},
    {"distributions", 1000000, fill_distributions},
};
const size_t table_case_count = sizeof table_cases / sizeof table_cases[0];
