#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/temp_dir.h"

#include "base/file.h"
#include "base/temp_file.h"

static void keeps_bytes_and_no_name(void **state)
{
    (void)state;
    char dir[RCX_TEST_PATH_BYTES];
    rcx_test_dir_make(dir);
    int fd = -1;
    assert_int_equal(rcx_temp_file_open(dir, &fd, NULL), RCX_OK);
    assert_int_equal(rcx_temp_file_write(fd, "world", 5, 6, "test", NULL), RCX_OK);
    assert_int_equal(rcx_temp_file_write(fd, "hello ", 6, 0, "test", NULL), RCX_OK);
    char text[11];
    assert_int_equal(rcx_temp_file_read(fd, text, sizeof text, 0, "test", NULL), RCX_OK);
    assert_memory_equal(text, "hello world", sizeof text);
    struct rcx_names names = {0};
    assert_int_equal(rcx_directory_list(dir, &names, NULL), RCX_OK);
    assert_int_equal(names.count, 0);
    rcx_names_release(&names);
    close(fd);
    rcx_test_dir_remove(dir);
}

static void reading_beyond_the_end_fails(void **state)
{
    (void)state;
    char dir[RCX_TEST_PATH_BYTES], byte = 0;
    struct rcx_error err = {0};
    rcx_test_dir_make(dir);
    int fd = -1;
    assert_int_equal(rcx_temp_file_open(dir, &fd, NULL), RCX_OK);
    assert_int_equal(rcx_temp_file_read(fd, &byte, 1, 0, "the run", &err), RCX_E_IO);
    assert_non_null(strstr(err.text, "the run"));
    close(fd);
    rcx_test_dir_remove(dir);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct rcx_error err = {0};
    int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        skip();
    assert_int_equal(rcx_temp_file_write(fd, "x", 1, 0, "the run", &err), RCX_E_IO);
    assert_non_null(strstr(err.text, "No space"));
    close(fd);
}

static void no_directory_no_file(void **state)
{
    (void)state;
    struct rcx_error err = {0};
    int fd = -1;
    assert_int_equal(rcx_temp_file_open("/no/such/directory", &fd, &err), RCX_E_IO);
    assert_non_null(strstr(err.text, "/no/such/directory"));
    assert_int_equal(fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_bytes_and_no_name),
        cmocka_unit_test(reading_beyond_the_end_fails),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(no_directory_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
