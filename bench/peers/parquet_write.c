/* parquet_write ROWS THREADS CODEC RUNS FILE: writes a table of shop-like columns RUNS times and prints
 * one line of JSON: rows, bytes, the wall and CPU seconds of the fastest run. parquet_write.py reads the file and lets
 * pyarrow write the same table. No fsync: pyarrow does none. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/parallel.h"
#include "storage/format/sink.h"

static uint64_t mixed(uint64_t stream, uint64_t row)
{
    uint64_t z = (stream << 48) + row * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static double unit(uint64_t stream, uint64_t row)
{
    return (double)(mixed(stream, row) >> 11) * 0x1p-53;
}

enum { STOCK_CODES = 4000, COUNTRIES = 38, ROWS_PER_INVOICE = 20, ROWS_PER_CUSTOMER = 90 };

static struct rcx_strings *texts(uint32_t count, const char *prefix)
{
    struct rcx_strings *strings = rcx_strings_new(count, (uint64_t)count * 48);
    for (uint32_t i = 0; strings && i < count; i++) {
        int length = snprintf(strings->bytes + strings->offsets[i], 48, "%s%05u", prefix,
                              (unsigned)mixed(1, i) % 10000 + i * 10);
        strings->offsets[i + 1] = strings->offsets[i] + (uint64_t)length;
    }
    return strings;
}

static uint32_t product(size_t row) /* popular ones more often */
{
    double u = unit(2, row);
    return (uint32_t)(u * u * u * STOCK_CODES);
}

static int64_t price(uint32_t stock)
{
    return (int64_t)(1 + mixed(3, stock) % 1500) * 100; /* .01 to 15.00 in 1/10,000 */
}

static int32_t quantity(size_t row)
{
    return 1 + (int32_t)(pow(unit(4, row), 4) * 48);
}

static void fill_row(struct rcx_column *c, size_t row)
{
    uint32_t stock = product(row);
    size_t invoice = row / ROWS_PER_INVOICE, customer = row / ROWS_PER_CUSTOMER;
    c[0].i64[row] = 12346 + (int64_t)customer * 3;
    c[1].codes[row] = (uint32_t)invoice;
    c[2].codes[row] = stock;
    c[3].codes[row] = stock;
    c[4].i32[row] = quantity(row);
    c[5].i64[row] = 1291190400 + (int64_t)(mixed(5, invoice) % 525600) * 60;
    c[6].i64[row] = price(stock);
    c[7].codes[row] = (uint32_t)(mixed(6, customer) % COUNTRIES);
    c[8].reals[row] = (double)(price(stock) * quantity(row)) / 10000;
    c[9].reals[row] = unit(7, row);
    c[10].booleans[row] = (uint8_t)(mixed(8, row) % 50 == 0);
    c[11].i8[row] = (int8_t)(mixed(9, customer) % 11);
    c[12].i32[row] = (int32_t)(mixed(10, row) % 180);
    c[13].reals[row] = mixed(11, row) % 4 ? (double)(mixed(12, row) % 5000) / 7 : (double)NAN;
}

static int fill(struct rcx_table *table, size_t rows)
{
    static const struct {
        const char *name;
        enum rcx_type type;
    } columns[] = {
        {"customer_id", RCX_TYPE_INT64},  {"invoice_no", RCX_TYPE_TEXT},
        {"stock_code", RCX_TYPE_TEXT},    {"description", RCX_TYPE_TEXT},
        {"quantity", RCX_TYPE_INT32},     {"invoice_date", RCX_TYPE_TIME},
        {"unit_price", RCX_TYPE_DECIMAL}, {"country", RCX_TYPE_TEXT},
        {"revenue", RCX_TYPE_REAL},       {"score", RCX_TYPE_REAL},
        {"is_return", RCX_TYPE_BOOL},     {"segment", RCX_TYPE_INT8},
        {"recency_days", RCX_TYPE_INT32}, {"gap_mean", RCX_TYPE_REAL},
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        struct rcx_column *column = rcx_table_add(table, columns[i].name, columns[i].type);
        if (!column)
            return 0;
        column->scale = columns[i].type == RCX_TYPE_DECIMAL ? 4 : 0;
    }
    if (!rcx_table_resize(table, rows))
        return 0;
    struct rcx_column *c = table->columns;
    c[1].dictionary = texts((uint32_t)(rows / ROWS_PER_INVOICE + 1), "");
    c[2].dictionary = texts(STOCK_CODES, "");
    c[3].dictionary = texts(STOCK_CODES, "SET OF VINTAGE HEART HOLDERS ");
    c[7].dictionary = texts(COUNTRIES, "Country ");
    if (!c[1].dictionary || !c[2].dictionary || !c[3].dictionary || !c[7].dictionary)
        return 0;
    for (size_t row = 0; row < rows; row++)
        fill_row(c, row);
    return 1;
}

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: parquet_write ROWS THREADS CODEC RUNS FILE\n", stderr);
        return 2;
    }
    size_t rows = strtoull(argv[1], NULL, 10);
    unsigned runs = (unsigned)strtoul(argv[4], NULL, 10);
    struct rcx_sink_options options = {
        .codec = argv[3],
        .parallel = {.threads = (unsigned)strtoul(argv[2], NULL, 10)},
        .no_sync = 1};
    struct rcx_table table = {0};
    struct rcx_error err;
    uint64_t bytes = 0;
    if (!fill(&table, rows)) {
        fputs("parquet_write: out of memory\n", stderr);
        return 1;
    }
    double fastest = INFINITY, cpu = 0;
    for (unsigned run = 0; run < runs; run++) {
        double begin = seconds_of(CLOCK_MONOTONIC),
               cpu_begin = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (rcx_sink_write_table(argv[5], &options, &table, &err)) {
            fprintf(stderr, "parquet_write: %s\n", err.text);
            return 1;
        }
        double seconds = seconds_of(CLOCK_MONOTONIC) - begin;
        if (seconds < fastest) {
            fastest = seconds;
            cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin;
        }
    }
    if (rcx_file_size(argv[5], &bytes, &err))
        return 1;
    printf("{\"rows\": %zu, \"seconds\": %.4f, \"cpu\": %.4f, \"bytes\": %llu}\n", rows, fastest,
           cpu, (unsigned long long)bytes);
    rcx_table_release(&table);
    return 0;
}
