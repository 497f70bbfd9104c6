/* Model files: read back as written; truncations and flipped bits never pass. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "ml/btyd/btyd_json.h"
#include "tests/support/btyd_shop.h"
#include "tests/support/check.h"

static struct rcx_btyd_file make_file(void)
{
    static const double p[4] = {.8, 6, .8, 2.5};
    struct btyd_shop shop = btyd_shop_make(BTYD_AFTER_REPEATS, p, 400, 20, 60, 1);
    const struct rcx_btyd_customers customers = {shop.count, shop.x, shop.t_x, shop.age};
    const struct rcx_btyd_fit_options options = {.model = RCX_BTYD_AUTO, .parallel = {1}};
    struct rcx_btyd_file file = {.time_unit = "week", .has_money = true};
    struct rcx_btyd_groups *groups = NULL;
    assert_int_equal(rcx_btyd_groups_build(&customers, &options.parallel, &groups, NULL), RCX_OK);
    assert_int_equal(rcx_btyd_fit(groups, &options, &file.purchases, NULL), RCX_OK);
    /* any positive numbers will do for values */
    for (size_t i = 0; i < shop.count; i++)
        shop.t_x[i] += 1;
    assert_int_equal(
        rcx_gamma_gamma_fit(shop.x, shop.t_x, shop.count, &options.parallel, &file.money, NULL),
        RCX_OK);
    rcx_btyd_groups_release(groups);
    btyd_shop_release(&shop);
    return file;
}

static enum rcx_status read_text(const char *path, const void *text, size_t length,
                                 struct rcx_btyd_file *out)
{
    const struct rcx_file_writer_options options = {.no_sync = true};
    assert_int_equal(rcx_file_replace(path, text, length, &options, NULL), RCX_OK);
    return rcx_btyd_file_read(path, out, NULL);
}

static void files_read_back_or_are_refused(void **state)
{
    struct rcx_btyd_file file = make_file();
    struct rcx_btyd_file back;
    struct rcx_buf text = {0};
    char path[] = "/tmp/rcx-btyd-XXXXXX";
    int descriptor = mkstemp(path);
    (void)state;
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_true(rcx_btyd_file_json(&file, &text));
    assert_int_equal(read_text(path, text.data, text.length, &back), RCX_OK);
    assert_memory_equal(back.purchases.parameters, file.purchases.parameters,
                        sizeof file.purchases.parameters);
    assert_memory_equal(back.purchases.log_covariance, file.purchases.log_covariance,
                        sizeof file.purchases.log_covariance);
    assert_true(back.money.p == file.money.p && back.money.mean == file.money.mean);
    assert_string_equal(back.time_unit, "week");
    for (size_t cut = 0; cut + 2 < text.length; cut += 7)
        assert_int_not_equal(read_text(path, text.data, cut, &back), RCX_OK);
    struct check_random random = {9};
    char *copy = rcx_malloc(text.length);
    assert_non_null(copy);
    for (int i = 0; i < 2000; i++) {
        size_t at = (size_t)check_below(&random, text.length);
        memcpy(copy, text.data, text.length);
        copy[at] = (char)(copy[at] ^ (1 << check_below(&random, 8)));
        /* spaces between members may become other spaces */
        if (read_text(path, copy, text.length, &back) == RCX_OK)
            assert_memory_equal(&back.purchases.parameters, &file.purchases.parameters,
                                sizeof file.purchases.parameters);
    }
    unlink(path);
    rcx_free(copy);
    rcx_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files_read_back_or_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
