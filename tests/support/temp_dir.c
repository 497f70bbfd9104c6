#include "tests/support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rcx_test_dir_make(char out[RCX_TEST_PATH_BYTES])
{
    const char *base = getenv("TMPDIR");
    int length = snprintf(out, RCX_TEST_PATH_BYTES, "%s/rcx-test-XXXXXX", base ? base : "/tmp");
    assert_in_range(length, 1, RCX_TEST_PATH_BYTES - 1);
    assert_non_null(mkdtemp(out));
}

const char *rcx_test_path(const char *dir, const char *name, char out[RCX_TEST_PATH_BYTES])
{
    int length = snprintf(out, RCX_TEST_PATH_BYTES, "%s/%s", dir, name);
    assert_in_range(length, 1, RCX_TEST_PATH_BYTES - 1);
    return out;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void rcx_test_dir_remove(const char *dir)
{
    assert_int_equal(nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}
