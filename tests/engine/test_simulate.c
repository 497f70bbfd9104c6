#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/memory.h"
#include "engine/simulate/simulate.h"

static enum rcx_status append(void *context, const void *data, size_t length, uint64_t rows,
                              struct rcx_error *err)
{
    (void)rows;
    return rcx_buf_append(context, data, length) ? RCX_OK : rcx_fail_nomem(err, "test", length);
}

struct result {
    struct rcx_buf rows, truth;
    struct rcx_simulate_summary summary;
};

static enum rcx_status simulate(const struct rcx_simulate_options *options, unsigned threads,
                                struct result *out, struct rcx_error *err)
{
    const struct rcx_parallel parallel = {threads};
    struct rcx_simulation *simulation = NULL;
    *out = (struct result){0};
    enum rcx_status status = rcx_simulate_open(options, &parallel, &simulation, err);
    if (status != RCX_OK)
        return status;
    out->summary = rcx_simulate_summarize(simulation);
    status = rcx_simulate_write(simulation, append, &out->rows, err);
    if (status == RCX_OK)
        status = rcx_simulate_write_truth(simulation, append, &out->truth, err);
    rcx_simulate_close(simulation);
    return status;
}

static void release(struct result *result)
{
    rcx_buf_release(&result->rows);
    rcx_buf_release(&result->truth);
}

static uint64_t lines_of(const struct rcx_buf *text)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < text->length; i++)
        lines += text->data[i] == '\n';
    return lines;
}

/* Eight fields on each line, counted as RFC 4180 says. */
static void expect_eight_fields(const struct rcx_buf *text)
{
    unsigned commas = 0;
    bool quoted = false;
    for (size_t i = 0; i < text->length; i++) {
        uint8_t byte = text->data[i];
        if (byte == '"')
            quoted = !quoted;
        commas += byte == ',' && !quoted;
        if (byte != '\n')
            continue;
        assert_int_equal(commas, 7);
        assert_false(quoted);
        commas = 0;
    }
    assert_int_equal(text->data[text->length - 1], '\n');
}

/* Option sets that bend the proportions in every direction. */
static const struct variant {
    uint64_t rows, customers;
    uint32_t days, products;
    double guests, dirty, basket, returns;
} variants[] = {
    {30000, 0, 374, 4000, 0.25, 0, 20, 0.17},
    {30000, 0, 374, 4000, 0.25, 0.02, 20, 0.17},
    {70001, 300, 100, 50, 0.25, 0, 20, 0.17},  /* many purchases each */
    {20000, 5000, 30, 4000, 0.1, 0, 20, 0.17}, /* few rows each */
    {50000, 1, 20, 3, 0, 0, 20, 0.5},          /* one customer */
    {5000, 100, 374, 100, 0.95, 1, 20, 0.17},  /* nearly all guests, all broken */
    {4097, 2000, 374, 4000, 0, 0, 1, 0},       /* one line each */
    {1, 1, 1, 1, 0, 0, 20, 0},
    {2, 0, 7, 1, 0.5, 0, 1000, 1},
    {10000, 0, 3000, 4000, 0.25, 0.5, 3, 1},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static struct rcx_simulate_options options_of(const struct variant *variant)
{
    struct rcx_simulate_options options = rcx_simulate_defaults();
    options.rows = variant->rows;
    options.customers = variant->customers;
    options.days = variant->days;
    options.products = variant->products;
    options.guest_share = variant->guests;
    options.dirty_share = variant->dirty;
    options.basket_lines = variant->basket;
    options.return_share = variant->returns;
    return options;
}

static void rows_are_exact_and_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < VARIANTS; i++) {
        struct rcx_simulate_options options = options_of(&variants[i]);
        struct rcx_error err = {0};
        struct result result;
        if (simulate(&options, 2, &result, &err) != RCX_OK)
            fail_msg("variant %zu: %s", i, err.text);
        assert_int_equal(lines_of(&result.rows), options.rows + 1);
        expect_eight_fields(&result.rows);
        assert_int_equal(lines_of(&result.truth), result.summary.customers + 1);
        if (options.customers > 0)
            assert_int_equal(result.summary.customers, options.customers);
        release(&result);
    }
}

static void threads_do_not_change_a_byte(void **state)
{
    (void)state;
    static const unsigned threads[] = {2, 3, 7};
    for (size_t i = 0; i < VARIANTS; i++) {
        struct rcx_simulate_options options = options_of(&variants[i]);
        struct result one, many;
        assert_int_equal(simulate(&options, 1, &one, NULL), RCX_OK);
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            assert_int_equal(simulate(&options, threads[t], &many, NULL), RCX_OK);
            assert_int_equal(many.rows.length, one.rows.length);
            assert_memory_equal(many.rows.data, one.rows.data, one.rows.length);
            assert_int_equal(many.truth.length, one.truth.length);
            assert_memory_equal(many.truth.data, one.truth.data, one.truth.length);
            release(&many);
        }
        release(&one);
    }
}

/* The bytes are a promise: benchmarks and reports name a seed. Who changes the model changes this
 * digest knowingly. */
static void a_seed_names_its_bytes_for_good(void **state)
{
    (void)state;
    struct rcx_simulate_options options = rcx_simulate_defaults();
    struct result result;
    char digest[RCX_DIGEST_TEXT_BYTES];
    options.rows = 50000;
    options.dirty_share = 0.01;
    assert_int_equal(simulate(&options, 2, &result, NULL), RCX_OK);
    rcx_digest_format(rcx_hash128(result.rows.data, result.rows.length), digest);
    assert_string_equal(digest, "431c45475865dea825b379b1c5c31a0a");
    release(&result);
}

static void every_option_changes_the_bytes(void **state)
{
    (void)state;
    enum { CHANGES = 19 };
    struct rcx_digest seen[CHANGES + 1];
    for (unsigned change = 0; change <= CHANGES; change++) {
        struct rcx_simulate_options o = rcx_simulate_defaults();
        double *const reals[] = {
            &o.dirty_share, &o.guest_share, &o.return_share,    &o.promotion_share, &o.basket_lines,
            &o.rate_shape,  &o.rate_alpha,  &o.dropout_a,       &o.dropout_b,       &o.spend_p,
            &o.spend_q,     &o.spend_gamma, &o.acquisition_skew};
        o.rows = 20000 + (change == 1);
        o.customers = change == 2 ? 100 : 0;
        o.seed += change == 3;
        o.start += change == 4 ? 7 : 0;
        o.products += change == 5;
        if (change == 6)
            o.season_strength = 0.5;
        if (change >= 7)
            *reals[change - 7] = *reals[change - 7] * 1.2 + 0.01;
        struct result result;
        assert_int_equal(simulate(&o, 2, &result, NULL), RCX_OK);
        seen[change] = rcx_hash128(result.rows.data, result.rows.length);
        for (unsigned other = 0; other < change; other++)
            assert_int_not_equal(rcx_digest_compare(seen[change], seen[other]), 0);
        release(&result);
    }
}

static void wrong_options_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        uint64_t rows, customers;
        uint32_t days;
        double guests;
        double q;
        const char *message;
    } cases[] = {
        {0, 0, 374, 0.25, 3.45, "rows is 0, must be 1 to"},
        {100, 101, 374, 0, 3.45, "101 customers need at least one row each"},
        {100, 80, 374, 0.25, 3.45,
         "80 customers need at least one row each, but there are 75 rows"},
        {100, 0, 0, 0.25, 3.45, "days is 0"},
        {100, 0, 374, 1, 3.45, "guest share is 1, must be 0 to 0.95"},
        {100, 0, 374, 0.25, 1, "Gamma-Gamma q is 1"},
        {100, 0, 80000, 0.25, 3.45, "days is 80000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rcx_simulate_options options = rcx_simulate_defaults();
        options.rows = cases[i].rows;
        options.customers = cases[i].customers;
        options.days = cases[i].days;
        options.guest_share = cases[i].guests;
        options.spend_q = cases[i].q;
        struct rcx_error err = {0};
        struct result result;
        assert_int_equal(simulate(&options, 1, &result, &err), RCX_E_USAGE);
        if (!strstr(err.text, cases[i].message))
            fail_msg("'%s' does not say '%s'", err.text, cases[i].message);
    }
    struct rcx_simulate_options closed = rcx_simulate_defaults();
    struct rcx_error err = {0};
    struct result result;
    closed.start = rcx_day_from_civil(2010, 12, 24);
    closed.days = 8;
    assert_int_equal(simulate(&closed, 1, &result, &err), RCX_E_USAGE);
    assert_non_null(strstr(err.text, "closed"));
}

struct failing {
    unsigned calls, fail_at;
};

static enum rcx_status fail_later(void *context, const void *data, size_t length, uint64_t rows,
                                  struct rcx_error *err)
{
    struct failing *failing = context;
    (void)data;
    (void)length;
    (void)rows;
    if (++failing->calls == failing->fail_at)
        return rcx_fail(err, RCX_E_IO, "call %u", failing->calls);
    return RCX_OK;
}

static void an_error_of_the_sink_ends_the_writing(void **state)
{
    (void)state;
    struct rcx_simulate_options options = rcx_simulate_defaults();
    const struct rcx_parallel parallel = {3};
    struct rcx_simulation *simulation = NULL;
    options.rows = 300000;
    assert_int_equal(rcx_simulate_open(&options, &parallel, &simulation, NULL), RCX_OK);
    for (unsigned at = 1; at < 60; at += 6) {
        struct failing failing = {.fail_at = at};
        struct rcx_error err = {0};
        char text[32];
        snprintf(text, sizeof text, "call %u", at);
        assert_int_equal(rcx_simulate_write(simulation, fail_later, &failing, &err), RCX_E_IO);
        assert_string_equal(err.text, text);
        assert_int_equal(failing.calls, at);
    }
    rcx_simulate_close(simulation);
    rcx_simulate_close(NULL);
}

static void running_out_of_memory_is_an_error(void **state)
{
    (void)state;
    struct rcx_simulate_options options = rcx_simulate_defaults();
    options.rows = 3000;
    options.products = 50;
    enum rcx_status status = RCX_E_NOMEM;
    uint64_t k = 1;
    for (; status == RCX_E_NOMEM && k < 2000; k++) {
        struct result result;
        rcx_memory_fail_at(k);
        status = simulate(&options, 1, &result, NULL);
        rcx_memory_fail_at(0);
        release(&result);
    }
    assert_int_equal(status, RCX_OK);
    assert_true(k > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_exact_and_well_formed),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(a_seed_names_its_bytes_for_good),
        cmocka_unit_test(every_option_changes_the_bytes),
        cmocka_unit_test(wrong_options_are_refused_by_name),
        cmocka_unit_test(an_error_of_the_sink_ends_the_writing),
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
