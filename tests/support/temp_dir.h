#pragma once
/* A fresh directory for one test, removed with all that is in it. Fails the test on any error. */

enum { RCX_TEST_PATH_BYTES = 512 };

/* Fills `out` with the path of a new empty directory. */
void rcx_test_dir_make(char out[RCX_TEST_PATH_BYTES]);
/* dir/name into `out`; returns `out`. */
const char *rcx_test_path(const char *dir, const char *name, char out[RCX_TEST_PATH_BYTES]);
void rcx_test_dir_remove(const char *dir);
