/* rcx config list|get|check|defaults */
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "config/docs.h"
#include "config/value.h"

struct config_options {
    bool markdown;
};

typedef enum rcx_status action_function(struct rcx_cli *cli, const struct config_options *options,
                                        struct rcx_error *err);

/* The effective settings: every source. */
static enum rcx_status load_effective(struct rcx_cli *cli, struct rcx_settings **out,
                                      struct rcx_error *err)
{
    return rcx_settings_load(&cli->sources, out, err);
}

static bool is_selected(const struct rcx_key *key, const char *prefix)
{
    size_t length = prefix != NULL ? strlen(prefix) : 0;
    return length == 0 || (strncmp(key->name, prefix, length) == 0 &&
                           (key->name[length] == '\0' || key->name[length] == '.'));
}

static void list_key(struct rcx_cli *cli, const struct rcx_settings *settings,
                     const struct rcx_key *key)
{
    struct rcx_buf value = {0}, form = {0};
    (void)rcx_value_print_yaml(key, rcx_settings_config(settings), &value);
    (void)rcx_key_describe(key, &form);
    rcx_cli_print(cli, "%s: %s  (%s)\n    %s [%s", key->name, rcx_buf_text(&value),
                  rcx_settings_origin(settings, key), key->meaning, rcx_buf_text(&form));
    rcx_cli_print(cli, "; default %s]\n",
                  key->default_text[0] != '\0' ? key->default_text : "empty");
    rcx_buf_release(&value);
    rcx_buf_release(&form);
}

static const char *const type_names[RCX_KEY_TYPE_COUNT] = {
    [RCX_KEY_BOOL] = "bool",         [RCX_KEY_INT] = "int",
    [RCX_KEY_AUTO_INT] = "auto-int", [RCX_KEY_REAL] = "real",
    [RCX_KEY_SIZE] = "size",         [RCX_KEY_AUTO_SIZE] = "auto-size",
    [RCX_KEY_TEXT] = "text",         [RCX_KEY_ENUM] = "enum",
    [RCX_KEY_LIST] = "list",         [RCX_KEY_AUTO_DATE] = "auto-date",
    [RCX_KEY_DATES] = "dates",       [RCX_KEY_WINDOWS] = "windows",
    [RCX_KEY_TIERS] = "tiers",       [RCX_KEY_OFFSET] = "offset",
    [RCX_KEY_PERIOD] = "period",
};

static void list_key_json(struct rcx_json *json, const struct rcx_settings *settings,
                          const struct rcx_key *key)
{
    rcx_json_object(json);
    rcx_json_put_text(json, "key", key->name);
    rcx_json_key(json, "value");
    rcx_value_print_json(key, rcx_settings_config(settings), json);
    rcx_json_put_text(json, "origin", rcx_settings_origin(settings, key));
    rcx_json_put_text(json, "default", key->default_text);
    rcx_json_put_text(json, "type", type_names[key->type]);
    if (key->max > key->min) {
        rcx_json_put_real(json, "min", key->min);
        rcx_json_put_real(json, "max", key->max);
    }
    if (key->value_count > 0) {
        rcx_json_key(json, "values");
        rcx_json_array(json);
        for (size_t i = 0; i < key->value_count; i++)
            rcx_json_text(json, key->values[i]);
        rcx_json_array_end(json);
    }
    rcx_json_put_text(json, "unit", key->unit);
    rcx_json_put_text(json, "meaning", key->meaning);
    rcx_json_object_end(json);
}

static enum rcx_status fail_no_key(const char *name, struct rcx_error *err)
{
    const struct rcx_key *near = rcx_key_suggest(name);
    return rcx_cli_fail_unknown(err, RCX_E_CONFIG, "key", name, near != NULL ? near->name : NULL,
                                "'rcx config list' shows all keys");
}

static enum rcx_status run_list(struct rcx_cli *cli, const struct config_options *options,
                                struct rcx_error *err)
{
    (void)options;
    const char *prefix = cli->operand_count > 1 ? cli->operands[1] : NULL;
    struct rcx_settings *settings = NULL;
    if (prefix != NULL && rcx_key_find(prefix) == NULL && !rcx_key_is_group(prefix))
        return fail_no_key(prefix, err);
    enum rcx_status status = load_effective(cli, &settings, err);
    if (status != RCX_OK)
        return status;
    struct rcx_json json = {0};
    if (cli->json) {
        json = rcx_cli_json_begin(cli, "rcx.config.list/1");
        rcx_json_key(&json, "keys");
        rcx_json_array(&json);
    }
    for (size_t i = 0; i < rcx_key_count(); i++) {
        const struct rcx_key *key = rcx_key_at(i);
        if (!is_selected(key, prefix))
            continue;
        if (cli->json)
            list_key_json(&json, settings, key);
        else
            list_key(cli, settings, key);
    }
    if (cli->json) {
        rcx_json_array_end(&json);
        rcx_cli_json_end(cli, &json);
    }
    rcx_settings_release(settings);
    return RCX_OK;
}

static void get_key(struct rcx_cli *cli, const struct rcx_settings *settings,
                    const struct rcx_key *key)
{
    struct rcx_buf value = {0};
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.config.get/1");
        rcx_json_put_text(&json, "key", key->name);
        rcx_json_key(&json, "value");
        rcx_value_print_json(key, rcx_settings_config(settings), &json);
        rcx_json_put_text(&json, "origin", rcx_settings_origin(settings, key));
        rcx_cli_json_end(cli, &json);
        return;
    }
    (void)rcx_value_print(key, rcx_settings_config(settings), &value);
    rcx_cli_print(cli, "%s\n", rcx_buf_text(&value));
    rcx_buf_release(&value);
}

static enum rcx_status run_get(struct rcx_cli *cli, const struct config_options *options,
                               struct rcx_error *err)
{
    (void)options;
    struct rcx_settings *settings = NULL;
    if (cli->operand_count < 2)
        return rcx_fail(err, RCX_E_USAGE, "'rcx config get' needs KEY");
    const struct rcx_key *key = rcx_key_find(cli->operands[1]);
    if (key == NULL && rcx_key_is_group(cli->operands[1]))
        return rcx_fail(err, RCX_E_CONFIG,
                        "'%s' is a group of keys; 'rcx config list %s' shows them",
                        cli->operands[1], cli->operands[1]);
    if (key == NULL)
        return fail_no_key(cli->operands[1], err);
    enum rcx_status status = load_effective(cli, &settings, err);
    if (status == RCX_OK)
        get_key(cli, settings, key);
    rcx_settings_release(settings);
    return status;
}

static enum rcx_status run_check(struct rcx_cli *cli, const struct config_options *options,
                                 struct rcx_error *err)
{
    (void)options;
    struct rcx_settings *settings = NULL;
    if (cli->operand_count < 2)
        return rcx_fail(err, RCX_E_USAGE, "'rcx config check' needs FILE");
    const char *file = cli->operands[1];
    struct rcx_config_sources only_file = {.file = file};
    enum rcx_status status = rcx_settings_load(&only_file, &settings, err);
    if (status != RCX_OK)
        return status;
    uint64_t set = 0;
    for (size_t i = 0; i < rcx_key_count(); i++)
        set += strcmp(rcx_settings_origin(settings, rcx_key_at(i)), "default") != 0;
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.config.check/1");
        rcx_json_put_text(&json, "file", file);
        rcx_json_put_bool(&json, "ok", true);
        rcx_json_put_u64(&json, "keys_set", set);
        rcx_cli_json_end(cli, &json);
    } else {
        rcx_cli_print(cli, "%s: right, sets %zu of %zu keys\n", file, (size_t)set, rcx_key_count());
    }
    rcx_settings_release(settings);
    return RCX_OK;
}

static enum rcx_status run_defaults(struct rcx_cli *cli, const struct config_options *options,
                                    struct rcx_error *err)
{
    struct rcx_settings *settings = NULL;
    struct rcx_config_sources none = {0};
    struct rcx_buf text = {0};
    enum rcx_status status = rcx_settings_load(&none, &settings, err);
    if (status == RCX_OK)
        status = options->markdown ? rcx_config_write_markdown(&text, err)
                                   : rcx_config_write_yaml(settings, &text, err);
    if (status == RCX_OK)
        rcx_cli_write(cli, text.data, text.length);
    rcx_buf_release(&text);
    rcx_settings_release(settings);
    return status;
}

static const struct {
    const char *name;
    action_function *run;
} actions[] = {
    {"list", run_list},
    {"get", run_get},
    {"check", run_check},
    {"defaults", run_defaults},
};
enum { ACTION_COUNT = sizeof actions / sizeof actions[0] };

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const char *names[ACTION_COUNT];
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (strcmp(actions[i].name, cli->operands[0]) == 0)
            return actions[i].run(cli, values, err);
        names[i] = actions[i].name;
    }
    return rcx_cli_fail_unknown(err, RCX_E_USAGE, "action", cli->operands[0],
                                rcx_suggest(cli->operands[0], names, ACTION_COUNT),
                                "'rcx config' knows list, get, check and defaults");
}

static const struct rcx_option options_of_config[] = {
    RCX_OPTION(FLAG, struct config_options, markdown, "markdown", 0, NULL,
               "'defaults' as a Markdown document"),
};

const struct rcx_command rcx_cmd_config = {
    .name = "config",
    .summary = "show and check the configuration",
    .operands = "list [KEY] | get KEY | check FILE | defaults",
    .operands_min = 1,
    .operands_max = 2,
    .details = "  list [KEY]   every key (below KEY) with its value, where that came from, what it "
               "may be\n"
               "  get KEY      the value of one key: rcx config get features.observation_days\n"
               "  check FILE   every mistake in a file, by line and column\n"
               "  defaults     a file of all keys with their defaults",
    RCX_OPTIONS(options_of_config, struct config_options),
    .without_settings = true,
    .run = run,
};
