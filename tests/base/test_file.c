#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/support/temp_dir.h"

static char dir[RCX_TEST_PATH_BYTES];
static char path[RCX_TEST_PATH_BYTES];

static int make_dir(void **state)
{
    (void)state;
    rcx_test_dir_make(dir);
    rcx_test_path(dir, "file", path);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    rcx_test_dir_remove(dir);
    return 0;
}

static size_t entries(void)
{
    struct rcx_names names = {0};
    assert_int_equal(rcx_directory_list(dir, &names, NULL), RCX_OK);
    size_t count = names.count;
    rcx_names_release(&names);
    return count;
}

static void expect_content(const char *expected)
{
    struct rcx_buf content = {0};
    assert_int_equal(rcx_file_read(path, &content, NULL), RCX_OK);
    assert_string_equal(rcx_buf_text(&content), expected);
    rcx_buf_release(&content);
}

static void file_appears_only_on_commit(void **state)
{
    (void)state;
    struct rcx_file_writer *writer = NULL;
    assert_int_equal(rcx_file_writer_open(path, NULL, &writer, NULL), RCX_OK);
    assert_int_equal(rcx_file_writer_write(writer, "hello ", 6, NULL), RCX_OK);
    assert_int_equal(rcx_file_writer_write(writer, "world", 5, NULL), RCX_OK);
    assert_int_equal(rcx_file_writer_position(writer), 11);
    assert_false(rcx_file_exists(path));
    assert_int_equal(entries(), 1);
    assert_int_equal(rcx_file_writer_commit(writer, NULL), RCX_OK);
    assert_int_equal(entries(), 1);
    expect_content("hello world");
}

static void abort_leaves_the_old_file_and_no_temporary(void **state)
{
    (void)state;
    assert_int_equal(rcx_file_replace(path, "old", 3, NULL, NULL), RCX_OK);
    struct rcx_file_writer *writer = NULL;
    assert_int_equal(rcx_file_writer_open(path, NULL, &writer, NULL), RCX_OK);
    assert_int_equal(rcx_file_writer_write(writer, "new", 3, NULL), RCX_OK);
    expect_content("old");
    rcx_file_writer_abort(writer);
    rcx_file_writer_abort(NULL);
    assert_int_equal(entries(), 1);
    expect_content("old");
    const struct rcx_file_writer_options quick = {.no_sync = true};
    assert_int_equal(rcx_file_replace(path, "new", 3, &quick, NULL), RCX_OK);
    assert_int_equal(entries(), 1);
    expect_content("new");
}

static void two_writers_of_one_name_do_not_meet(void **state)
{
    (void)state;
    struct rcx_file_writer *a = NULL, *b = NULL;
    assert_int_equal(rcx_file_writer_open(path, NULL, &a, NULL), RCX_OK);
    assert_int_equal(rcx_file_writer_open(path, NULL, &b, NULL), RCX_OK);
    assert_int_equal(rcx_file_writer_write(a, "aaaa", 4, NULL), RCX_OK);
    assert_int_equal(rcx_file_writer_write(b, "bb", 2, NULL), RCX_OK);
    assert_int_equal(rcx_file_writer_commit(a, NULL), RCX_OK);
    expect_content("aaaa");
    assert_int_equal(rcx_file_writer_commit(b, NULL), RCX_OK);
    expect_content("bb");
}

/* Pieces smaller than, equal to and larger than the buffer, against the same bytes in memory. */
static void all_piece_sizes_arrive(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 4095, 0, 262144, 262143, 2, 700000, 262145, 17};
    struct rcx_buf expected = {0};
    struct rcx_file_writer *writer = NULL;
    assert_int_equal(rcx_file_writer_open(path, NULL, &writer, NULL), RCX_OK);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t start = expected.length;
        for (size_t k = 0; k < pieces[i]; k++)
            rcx_buf_append_byte(&expected, (uint8_t)(start + k * 7 + i));
        assert_int_equal(rcx_file_writer_write(writer, expected.data + start, pieces[i], NULL),
                         RCX_OK);
        assert_int_equal(rcx_file_writer_position(writer), expected.length);
    }
    assert_int_equal(rcx_file_writer_commit(writer, NULL), RCX_OK);

    struct rcx_map map = {0};
    assert_int_equal(rcx_map_open(path, &map, NULL), RCX_OK);
    assert_int_equal(map.length, expected.length);
    assert_memory_equal(map.data, expected.data, map.length);
    rcx_map_drop(&map, 100, map.length);
    rcx_map_drop(&map, map.length + 5, 10);
    assert_memory_equal(map.data, expected.data, map.length);
    rcx_map_close(&map);
    uint64_t size = 0;
    assert_int_equal(rcx_file_size(path, &size, NULL), RCX_OK);
    assert_int_equal(size, expected.length);
    rcx_buf_release(&expected);
}

static void empty_files_map_and_read(void **state)
{
    (void)state;
    assert_int_equal(rcx_file_replace(path, "", 0, NULL, NULL), RCX_OK);
    struct rcx_map map = {0};
    assert_int_equal(rcx_map_open(path, &map, NULL), RCX_OK);
    assert_int_equal(map.length, 0);
    assert_non_null(map.data);
    rcx_map_close(&map);
    rcx_map_close(&map);
    expect_content("");
}

static void reading_replaces_the_buffer(void **state)
{
    (void)state;
    assert_int_equal(rcx_file_replace(path, "abc", 3, NULL, NULL), RCX_OK);
    struct rcx_buf content = {0};
    rcx_buf_append_text(&content, "before");
    assert_int_equal(rcx_file_read("/nonexistent/file", &content, NULL), RCX_E_IO);
    assert_string_equal(rcx_buf_text(&content), "before");
    assert_int_equal(rcx_file_read(path, &content, NULL), RCX_OK);
    assert_string_equal(rcx_buf_text(&content), "abc");
    rcx_buf_release(&content);
}

static void errors_name_the_path(void **state)
{
    (void)state;
    char missing[RCX_TEST_PATH_BYTES];
    rcx_test_path(dir, "no/such", missing);
    struct rcx_error err = {0};
    struct rcx_map map = {0};
    struct rcx_buf content = {0};
    struct rcx_names names = {0};
    struct rcx_file_writer *writer = NULL;
    uint64_t size = 77;
    for (unsigned i = 0; i < 7; i++) {
        memset(&err, 0, sizeof err);
        enum rcx_status status = RCX_OK;
        switch (i) {
        case 0:
            status = rcx_map_open(missing, &map, &err);
            break;
        case 1:
            status = rcx_file_read(missing, &content, &err);
            break;
        case 2:
            status = rcx_file_size(missing, &size, &err);
            break;
        case 3:
            status = rcx_file_writer_open(missing, NULL, &writer, &err);
            break;
        case 4:
            status = rcx_directory_list(missing, &names, &err);
            break;
        case 5:
            status = rcx_directory_sync(missing, &err);
            break;
        default:
            status = rcx_file_replace(missing, "x", 1, NULL, &err);
            break;
        }
        assert_int_equal(status, RCX_E_IO);
        assert_int_equal(err.status, RCX_E_IO);
        assert_non_null(strstr(err.text, missing));
        assert_non_null(strstr(err.text, strerror(2)));
    }
    assert_true(size == 77 && !writer && !map.data && !content.data && !names.names);
    assert_int_equal(rcx_map_open(dir, &map, &err), RCX_E_IO);
    assert_non_null(strstr(err.text, dir));
    assert_int_equal(rcx_file_read(dir, &content, &err), RCX_E_IO);
}

static void failed_commit_removes_the_temporary(void **state)
{
    (void)state;
    /* A directory that is not empty cannot be replaced by a file. */
    char inner[RCX_TEST_PATH_BYTES];
    rcx_test_path(dir, "file/inner", inner);
    assert_int_equal(rcx_directory_make(inner, NULL), RCX_OK);
    struct rcx_error err = {0};
    assert_int_equal(rcx_file_replace(path, "x", 1, NULL, &err), RCX_E_IO);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(entries(), 1);
}

static void pipe_is_written_in_place_and_stays_a_pipe(void **state)
{
    (void)state;
    struct stat before, after;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(lstat(path, &before), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(rcx_file_replace(path, "through", 7, NULL, NULL), RCX_OK);
    char text[16] = {0};
    assert_int_equal(read(reader, text, sizeof text), 7);
    assert_string_equal(text, "through");
    struct rcx_file_writer *writer = NULL;
    assert_int_equal(rcx_file_writer_open(path, NULL, &writer, NULL), RCX_OK);
    rcx_file_writer_abort(writer);
    close(reader);
    assert_int_equal(lstat(path, &after), 0);
    assert_true(S_ISFIFO(after.st_mode) && after.st_ino == before.st_ino);
    assert_int_equal(entries(), 1);
}

static void link_stays_and_its_file_is_replaced(void **state)
{
    (void)state;
    char link[RCX_TEST_PATH_BYTES];
    struct stat info;
    rcx_test_path(dir, "link", link);
    assert_int_equal(rcx_file_replace(path, "old", 3, NULL, NULL), RCX_OK);
    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(rcx_file_replace(link, "new", 3, NULL, NULL), RCX_OK);
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(entries(), 2);
    expect_content("new");
}

static void full_device_is_an_error(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    int saved = dup(STDOUT_FILENO);
    int full = open("/dev/full", O_WRONLY);
    assert_true(saved >= 0 && full >= 0);
    struct rcx_file_writer *writer = NULL;
    struct rcx_error err = {0};
    enum rcx_status opened = rcx_file_writer_open("-", NULL, &writer, NULL);
    dup2(full, STDOUT_FILENO);
    enum rcx_status written = rcx_file_writer_write(writer, "abc", 3, &err);
    enum rcx_status committed = rcx_file_writer_commit(writer, &err);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(full);
    assert_int_equal(opened, RCX_OK);
    assert_int_equal(written, RCX_OK); /* buffered */
    assert_int_equal(committed, RCX_E_IO);
    assert_non_null(strstr(err.text, "standard output"));
}

static void directories_are_made_with_parents_and_listed_in_order(void **state)
{
    (void)state;
    char deep[RCX_TEST_PATH_BYTES];
    rcx_test_path(dir, "a/b//c/", deep);
    assert_false(rcx_directory_exists(deep));
    assert_int_equal(rcx_directory_make(deep, NULL), RCX_OK);
    assert_int_equal(rcx_directory_make(deep, NULL), RCX_OK);
    assert_true(rcx_directory_exists(deep));
    assert_false(rcx_file_exists(deep));
    static const char *const names[] = {"zz", "B", "m", "aa"};
    for (size_t i = 0; i < 4; i++) {
        char *name = rcx_path_join(dir, names[i]);
        assert_int_equal(rcx_file_replace(name, "", 0, NULL, NULL), RCX_OK);
        rcx_free(name);
    }
    static const char *const sorted[] = {"B", "a", "aa", "m", "zz"};
    struct rcx_names listed = {0};
    assert_int_equal(rcx_directory_list(dir, &listed, NULL), RCX_OK);
    assert_int_equal(listed.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(listed.names[i], sorted[i]);
    rcx_names_release(&listed);
    rcx_names_release(&listed);
    /* A file where a directory should be. */
    struct rcx_error err = {0};
    rcx_test_path(dir, "zz/sub", deep);
    assert_int_equal(rcx_directory_make(deep, &err), RCX_E_IO);
    rcx_test_path(dir, "zz", deep);
    assert_int_equal(rcx_directory_make(deep, &err), RCX_E_IO);
    assert_non_null(strstr(err.text, deep));
}

/* Of a process that is gone; of this one; and names that only look like it. */
static void leftovers_of_the_dead_go(void **state)
{
    (void)state;
    char name[5][64] = {"a.csv.tmp-%ld-12", "a.csv.tmp-%ld-3", "b.tmp-%ld-", "c.tmp-%ld-4.csv",
                        "d.tmp-%ldx-1"};
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    for (size_t i = 0; i < 5; i++) {
        char text[64], full[RCX_TEST_PATH_BYTES];
        const char *rest = strstr(name[i], "%ld") + 3;
        snprintf(text, sizeof text, "%.*s%ld%s", (int)(strstr(name[i], "%ld") - name[i]), name[i],
                 (long)(i == 1 ? getpid() : child), rest);
        memcpy(name[i], text, sizeof text);
        rcx_test_path(dir, text, full);
        assert_int_equal(rcx_file_replace(full, "x", 1, NULL, NULL), RCX_OK);
    }
    char folder[RCX_TEST_PATH_BYTES], inside[RCX_TEST_PATH_BYTES], store[64];
    snprintf(store, sizeof store, "store.tmp-%ld-0", (long)child);
    rcx_test_path(dir, store, folder);
    assert_int_equal(rcx_directory_make(folder, NULL), RCX_OK);
    rcx_test_path(folder, "MANIFEST", inside);
    assert_int_equal(rcx_file_replace(inside, "x", 1, NULL, NULL), RCX_OK);
    rcx_directory_remove_leftovers(dir, "others");
    assert_true(rcx_directory_exists(folder));
    rcx_directory_remove_leftovers(dir, "");
    rcx_directory_remove_leftovers("/no such directory", "");
    assert_false(rcx_directory_exists(folder));
    for (size_t i = 0; i < 5; i++) {
        char full[RCX_TEST_PATH_BYTES];
        rcx_test_path(dir, name[i], full);
        assert_int_equal(rcx_file_exists(full), i > 0);
    }
}

static void removing_what_is_not_there_is_fine(void **state)
{
    (void)state;
    assert_int_equal(rcx_file_replace(path, "x", 1, NULL, NULL), RCX_OK);
    assert_int_equal(rcx_file_remove(path, NULL), RCX_OK);
    assert_false(rcx_file_exists(path));
    assert_int_equal(rcx_file_remove(path, NULL), RCX_OK);
    assert_int_equal(rcx_file_remove(dir, NULL), RCX_E_IO);
}

static void a_directory_goes_with_its_files(void **state)
{
    (void)state;
    char folder[RCX_TEST_PATH_BYTES], below[RCX_TEST_PATH_BYTES], file[RCX_TEST_PATH_BYTES];
    struct rcx_error err = {0};
    rcx_test_path(dir, "gone", folder);
    rcx_test_path(folder, "below", below);
    rcx_test_path(folder, "file", file);
    assert_int_equal(rcx_directory_remove(folder, &err), RCX_OK); /* not there */
    assert_int_equal(rcx_directory_make(below, &err), RCX_OK);
    assert_int_equal(rcx_directory_remove(folder, &err), RCX_E_IO); /* a directory in it */
    assert_non_null(strstr(err.text, below));
    assert_int_equal(rcx_directory_remove(below, &err), RCX_OK);
    assert_int_equal(rcx_file_replace(file, "x", 1, NULL, NULL), RCX_OK);
    assert_int_equal(rcx_directory_remove(folder, &err), RCX_OK);
    assert_false(rcx_directory_exists(folder));
}

static void temporary_directories_are_new_and_private(void **state)
{
    (void)state;
    char prefix[RCX_TEST_PATH_BYTES], missing[RCX_TEST_PATH_BYTES];
    char *first = NULL, *second = NULL;
    struct rcx_error err = {0};
    struct stat info;
    rcx_test_path(dir, "scratch", prefix);
    rcx_test_path(dir, "missing/scratch", missing);
    assert_int_equal(rcx_directory_make_temporary(prefix, &first, &err), RCX_OK);
    assert_int_equal(rcx_directory_make_temporary(prefix, &second, &err), RCX_OK);
    assert_string_not_equal(first, second);
    assert_int_equal(stat(first, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(rcx_directory_remove(first, &err), RCX_OK);
    assert_int_equal(rcx_directory_remove(second, &err), RCX_OK);
    rcx_free(first);
    rcx_free(second);
    assert_int_equal(rcx_directory_make_temporary(missing, &first, &err), RCX_E_IO);
}

static void paths_join_with_one_slash(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < 4; i++) {
        char *joined = rcx_path_join(cases[i][0], cases[i][1]);
        assert_string_equal(joined, cases[i][2]);
        rcx_free(joined);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        CASE(file_appears_only_on_commit),
        CASE(abort_leaves_the_old_file_and_no_temporary),
        CASE(two_writers_of_one_name_do_not_meet),
        CASE(all_piece_sizes_arrive),
        CASE(empty_files_map_and_read),
        CASE(reading_replaces_the_buffer),
        CASE(errors_name_the_path),
        CASE(failed_commit_removes_the_temporary),
        CASE(pipe_is_written_in_place_and_stays_a_pipe),
        CASE(link_stays_and_its_file_is_replaced),
        CASE(full_device_is_an_error),
        CASE(directories_are_made_with_parents_and_listed_in_order),
        CASE(leftovers_of_the_dead_go),
        CASE(removing_what_is_not_there_is_fine),
        CASE(a_directory_goes_with_its_files),
        CASE(temporary_directories_are_new_and_private),
        CASE(paths_join_with_one_slash),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
