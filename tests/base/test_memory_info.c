#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/support/check.h"

/* A stand-in for /proc/self/cgroup and /sys/fs/cgroup in a temporary folder. */
struct fake {
    char root[64];
    char membership[96];
};

static void put(const char *root, const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *slash = strchr(full + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct fake fake_begin(const char *membership)
{
    struct fake fake;
    strcpy(fake.root, "/tmp/rcx-cgroup-XXXXXX");
    assert_non_null(mkdtemp(fake.root));
    snprintf(fake.membership, sizeof fake.membership, "%s/membership", fake.root);
    put(fake.root, "membership", membership);
    return fake;
}

static uint64_t limit_and_end(struct fake *fake)
{
    uint64_t limit = rcx_memory_cgroup_limit(fake->membership, fake->root);
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s'", fake->root);
    assert_int_equal(system(command), 0);
    return limit;
}

static void version_2_takes_the_lowest_of_the_parents(void **state)
{
    (void)state;
    struct fake fake = fake_begin("0::/shop/night/job\n");
    put(fake.root, "memory.max", "max\n");
    put(fake.root, "shop/memory.max", "1000000\n");
    put(fake.root, "shop/night/memory.max", "500000\n");
    put(fake.root, "shop/night/job/memory.max", "max\n");
    assert_int_equal(limit_and_end(&fake), 500000);
}

static void inside_a_container_the_root_counts(void **state)
{
    (void)state;
    struct fake fake = fake_begin("0::/\n");
    put(fake.root, "memory.max", "268435456\n");
    assert_int_equal(limit_and_end(&fake), 268435456);
}

static void version_1_has_its_own_hierarchy(void **state)
{
    (void)state;
    struct fake fake = fake_begin("5:cpu,cpuacct:/a\n4:memory:/a/b\n0::/a\n");
    put(fake.root, "memory/memory.limit_in_bytes", "9223372036854771712\n");
    put(fake.root, "memory/a/b/memory.limit_in_bytes", "777\n");
    put(fake.root, "cpu/a/memory.limit_in_bytes", "1\n");
    assert_int_equal(limit_and_end(&fake), 777);
}

static void no_limit_and_nonsense_are_no_limit(void **state)
{
    (void)state;
    static const char *const memberships[] = {"0::/a\n", "nonsense\n", ":\n", "0:\n\n::\n", "x"};
    for (size_t i = 0; i < sizeof memberships / sizeof *memberships; i++) {
        struct fake fake = fake_begin(memberships[i]);
        put(fake.root, "a/memory.max", "99999999999999999999999\n");
        assert_true(limit_and_end(&fake) == UINT64_MAX);
    }
    assert_true(rcx_memory_cgroup_limit("/nowhere", "/nowhere") == UINT64_MAX);
}

static void this_process_and_machine_have_memory(void **state)
{
    (void)state;
    uint64_t physical = rcx_memory_physical();
    assert_true(physical > 0);
    assert_true(physical <= (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    assert_true(rcx_memory_resident() > 0);

    const size_t bytes = (size_t)32 << 20;
    uint8_t *pages = rcx_pages_alloc(bytes);
    assert_non_null(pages);
    memset(pages, 1, bytes);
    uint64_t with_pages = rcx_memory_resident();
    assert_true(with_pages >= bytes);
    rcx_pages_free(pages, bytes);
    assert_true(rcx_memory_resident() <= with_pages - bytes / 2); /* returned at once */
    assert_true(rcx_memory_peak() >= bytes);
}

static void the_peak_can_begin_again(void **state)
{
    enum { BYTES = 64 << 20 };
    (void)state;
    char *pages = rcx_pages_alloc(BYTES);
    assert_non_null(pages);
    memset(pages, 1, BYTES);
    uint64_t high = rcx_memory_peak();
    rcx_pages_free(pages, BYTES);
    if (high == 0 || !rcx_memory_peak_reset())
        skip();
    assert_true(rcx_memory_peak() + BYTES / 2 < high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_2_takes_the_lowest_of_the_parents),
        cmocka_unit_test(inside_a_container_the_root_counts),
        cmocka_unit_test(version_1_has_its_own_hierarchy),
        cmocka_unit_test(no_limit_and_nonsense_are_no_limit),
        cmocka_unit_test(this_process_and_machine_have_memory),
        cmocka_unit_test(the_peak_can_begin_again),
    };
    return cmocka_run_group_tests_name("base/memory_info", tests, NULL, NULL);
}
