/* Tiers, suppression list and plan of a campaign, of any bytes: refused, or what they say of themselves
 * holds; tiers written again are the same. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/measure_plan.h"
#include "cli/suppression.h"
#include "config/settings.h"
#include "config/tiers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUSTOMERS = 50 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void write_file(const char *path, const void *data, size_t size)
{
    const struct rcx_file_writer_options options = {.no_sync = true};
    require(rcx_file_replace(path, data, size, &options, NULL) == RCX_OK);
}

/* The configuration with campaign.tiers=`text`; NULL: refused, with a reason. */
static struct rcx_settings *load(const char *text)
{
    static const char key[] = "campaign.tiers=";
    char *set = malloc(sizeof key + strlen(text));
    struct rcx_settings *settings = NULL;
    struct rcx_error err = {0};
    require(set != NULL);
    memcpy(set, key, sizeof key);
    strcat(set, text);
    const char *const sets[] = {set};
    const struct rcx_config_sources sources = {.sets = sets, .set_count = 1};
    require(rcx_settings_load(&sources, &settings, &err) == RCX_OK || err.text[0] != '\0');
    free(set);
    return settings;
}

static void check_values(const struct rcx_cfg_tiers *tiers)
{
    require(tiers->count > 0 && tiers->count <= RCX_CFG_TIERS_MOST);
    for (size_t k = 0; k < tiers->count; k++) {
        const struct rcx_cfg_tier *tier = &tiers->items[k];
        require(tier->cost >= 0 && tier->cost <= 1e6 && tier->name[0] != '\0');
        require(tier->save_rate >= 0 && tier->save_rate <= 1);
        require(tier->discount >= 0 && tier->discount <= 1 && tier->capacity >= -1);
        for (size_t j = 0; j < k; j++)
            require(strcmp(tier->name, tiers->items[j].name) != 0);
    }
}

static void print(const struct rcx_settings *settings, struct rcx_buf *out)
{
    const struct rcx_cfg_tiers *tiers = &rcx_settings_config(settings)->campaign.tiers;
    check_values(tiers);
    (void)rcx_buf_append_text(out, "tiers: {");
    rcx_tiers_print_yaml(tiers, out);
    (void)rcx_buf_append_text(out, "}\n");
    require(!out->failed);
}

/* Accepted tiers, written as a file, are read the same. */
static void check_tiers(const char *path, const char *text)
{
    struct rcx_settings *settings = load(text), *again = NULL;
    struct rcx_buf first = {0}, second = {0};
    if (settings != NULL) {
        print(settings, &first);
        write_file(path, first.data, first.length);
        again = load(path);
        require(again != NULL);
        print(again, &second);
        require(first.length == second.length &&
                memcmp(first.data, second.data, first.length) == 0);
    }
    rcx_settings_release(settings);
    rcx_settings_release(again);
    rcx_buf_release(&first);
    rcx_buf_release(&second);
}

/* As on the command line; a text without '=' would be the name of a file. */
static void check_text(const char *path, const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (strchr(text, '='))
        check_tiers(path, text);
    free(text);
}

static void check_suppression(const char *path)
{
    struct rcx_table table = {.rows = CUSTOMERS};
    struct rcx_column *ids = rcx_table_add(&table, "customer_id", RCX_TYPE_INT64);
    struct rcx_customer_index index;
    uint8_t flags[CUSTOMERS];
    size_t count = 0, unknown = 0, flagged = 0;
    require(ids != NULL);
    for (size_t i = 0; i < CUSTOMERS; i++)
        ids->i64[i] = (int64_t)i;
    require(rcx_customer_index_open(ids, "fuzz", &index, NULL) == RCX_OK);
    if (rcx_suppression_read(path, &index, flags, &count, &unknown, NULL) == RCX_OK) {
        for (size_t i = 0; i < CUSTOMERS; i++)
            flagged += flags[i];
        require(flagged == count);
    }
    rcx_customer_index_close(&index);
    rcx_table_release(&table);
}

static void check_plan(const char *path)
{
    const struct rcx_parallel one = {1};
    struct rcx_measure_plan plan;
    if (rcx_measure_plan_read(path, &one, &plan, NULL) != RCX_OK)
        return;
    require(plan.count > 0 && plan.count <= plan.table.rows && plan.tier_count > 0);
    for (size_t i = 0; i < plan.count; i++) {
        require(plan.rows[i] < plan.table.rows && plan.tiers[i] < plan.tier_count);
        require(plan.contacted[i] <= 1 && plan.costs[i] >= 0);
        require(isnan(plan.predicted[i]) || (plan.predicted[i] >= 0 && plan.predicted[i] <= 1));
    }
    rcx_measure_plan_release(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm/rcx-fuzz-campaign-%ld", (long)getpid());
    write_file(path, data, size);
    check_suppression(path);
    check_plan(path);
    check_tiers(path, path);
    check_text(path, data, size);
    (void)unlink(path);
    return 0;
}
