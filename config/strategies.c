#include "config/strategies.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/settings_internal.h"

enum {
    MOST_BYTES = 1 << 20,
    MOST_TEXT = 500,
    MOST_ACTIONS = 20,
    MOST_PRIORITY = 99,
    WHERE_BYTES = 512
};

struct rcx_strategies {
    struct rcx_strategy items[RCX_SEGMENT_COUNT];
    struct rcx_cfg_arena arena;
};

static const char *const names[RCX_SEGMENT_COUNT] = {
#define X(name, text) text,
    RCX_SEGMENTS(X)
#undef X
};

static const char *const budget_levels[] = {"none", "low", "medium", "high"};
static const char *const rfm_names[RCX_RFM_COUNT] = {"recency", "frequency", "monetary"};

static const uint8_t built_in[] = {
#include "strategies.inc"
};

const char *rcx_segment_title(enum rcx_segment_id segment)
{
    return names[segment];
}

enum rcx_segment_id rcx_segment_find(const char *name)
{
    for (size_t s = 0; s < RCX_SEGMENT_COUNT; s++)
        if (strcmp(names[s], name) == 0)
            return (enum rcx_segment_id)s;
    return RCX_SEGMENT_COUNT;
}

/* --- walking the document ----------------------------------------------------------------------- */

struct reading {
    const char *file;
    yaml_document_t document;
    struct rcx_strategies *strategies;
    struct rcx_cfg_problems problems;
    bool no_memory;
};

static yaml_node_t *node_at(struct reading *reading, int index)
{
    return yaml_document_get_node(&reading->document, index);
}

__attribute__((format(printf, 3, 4))) static void
problem(struct reading *reading, const yaml_node_t *node, const char *format, ...)
{
    char where[WHERE_BYTES], text[WHERE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(where, sizeof where, "%.400s:%zu:%zu", reading->file, node->start_mark.line + 1,
                   node->start_mark.column + 1);
    rcx_cfg_problem(&reading->problems, where, "%s", text);
}

/* The text of a scalar that is not empty, printable and not too long; else NULL and a problem. */
static const char *text_of(struct reading *reading, const yaml_node_t *node, const char *what)
{
    const char *text = node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
    size_t length = node->type == YAML_SCALAR_NODE ? node->data.scalar.length : 0;
    bool control = false;
    for (size_t i = 0; i < length; i++)
        control |= (unsigned char)text[i] < ' ';
    if (length > 0 && length <= MOST_TEXT && !control)
        return text;
    problem(reading, node, "%s: found %s, expected a text of one line, at most %d bytes", what,
            node->type != YAML_SCALAR_NODE ? "a list or a mapping"
            : length == 0                  ? "nothing"
            : control                      ? "line ends or control characters"
                                           : "a longer one",
            MOST_TEXT);
    return NULL;
}

static const char *kept(struct reading *reading, const char *text)
{
    const char *copy = text ? rcx_cfg_arena_text(&reading->strategies->arena, text, strlen(text))
                            : "";
    reading->no_memory |= copy == NULL;
    return copy ? copy : "";
}

/* Calls `member` for each pair of a mapping: known names, each once, none missing. */
typedef void member_function(struct reading *reading, size_t name, const yaml_node_t *value,
                             void *context);

static void read_mapping(struct reading *reading, const yaml_node_t *node, const char *what,
                         const char *const *known, size_t known_count, member_function *member,
                         void *context)
{
    size_t lines[RCX_SEGMENT_COUNT] = {0}; /* no mapping has more members */
    if (node->type != YAML_MAPPING_NODE) {
        problem(reading, node, "%s: found %s, expected 'name: value' lines such as '%s:'", what,
                node->type == YAML_SEQUENCE_NODE ? "a list" : "a single value", known[0]);
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(reading, pair->key);
        const char *name = text_of(reading, key, what);
        size_t index = 0;
        while (name && index < known_count && strcmp(known[index], name) != 0)
            index++;
        if (!name)
            continue;
        if (index == known_count) {
            const char *near = rcx_suggest(name, known, known_count);
            problem(reading, key, "%s: there is no '%.60s'%s%s%s", what, name,
                    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        } else if (lines[index] > 0) {
            problem(reading, key, "%s: '%s' is there twice; first in line %zu", what, name,
                    lines[index]);
        } else {
            lines[index] = key->start_mark.line + 1;
            member(reading, index, node_at(reading, pair->value), context);
        }
    }
    for (size_t i = 0; i < known_count; i++)
        if (lines[i] == 0)
            problem(reading, node, "%s: '%s' is missing", what, known[i]);
}

/* --- the members of a strategy ------------------------------------------------------------------ */

enum member { PROTOTYPE, PRIORITY, GOAL, ACTIONS, CAMPAIGN_TYPE, BUDGET_LEVEL, MEMBERS };
static const char *const members[MEMBERS] = {"prototype", "priority",      "goal",
                                             "actions",   "campaign_type", "budget_level"};

static void read_rank(struct reading *reading, size_t index, const yaml_node_t *value,
                      void *context)
{
    struct rcx_strategy *strategy = context;
    const char *text = text_of(reading, value, rfm_names[index]);
    double rank = 0;
    if (!text)
        return;
    if (rcx_parse_real(rcx_text_of(text), &rank) && rank >= 0 && rank <= 1)
        strategy->prototype[index] = rank;
    else
        problem(reading, value, "%s: found '%.60s', expected a rank from 0 to 1", rfm_names[index],
                text);
}

static void read_priority(struct reading *reading, const yaml_node_t *value,
                          struct rcx_strategy *strategy)
{
    const char *text = text_of(reading, value, "priority");
    int64_t number = 0;
    if (!text)
        return;
    if (rcx_parse_i64(rcx_text_of(text), &number) && number >= 1 && number <= MOST_PRIORITY)
        strategy->priority = number;
    else
        problem(reading, value, "priority: found '%.60s', expected a whole number from 1 to %d",
                text, MOST_PRIORITY);
}

static void read_actions(struct reading *reading, const yaml_node_t *value,
                         struct rcx_strategy *strategy)
{
    size_t count = value->type == YAML_SEQUENCE_NODE
                       ? (size_t)(value->data.sequence.items.top - value->data.sequence.items.start)
                       : 0;
    if (count == 0 || count > MOST_ACTIONS) {
        problem(reading, value, "actions: expected a list of 1 to %d texts ('- text')",
                MOST_ACTIONS);
        return;
    }
    const char **actions = rcx_cfg_arena_alloc(&reading->strategies->arena,
                                               count * sizeof *actions);
    if (!actions) {
        reading->no_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        actions[i] = kept(
            reading,
            text_of(reading, node_at(reading, value->data.sequence.items.start[i]), "actions"));
    strategy->actions = actions;
    strategy->action_count = count;
}

static void read_budget_level(struct reading *reading, const yaml_node_t *value,
                              struct rcx_strategy *strategy)
{
    const char *text = text_of(reading, value, "budget_level");
    if (!text)
        return;
    for (size_t i = 0; i < sizeof budget_levels / sizeof budget_levels[0]; i++)
        if (strcmp(text, budget_levels[i]) == 0)
            strategy->budget_level = budget_levels[i];
    if (!strategy->budget_level)
        problem(reading, value, "budget_level: found '%.60s', expected none, low, medium or high",
                text);
}

static void read_member(struct reading *reading, size_t index, const yaml_node_t *value,
                        void *context)
{
    struct rcx_strategy *strategy = context;
    switch ((enum member)index) {
    case PROTOTYPE:
        read_mapping(reading, value, "prototype", rfm_names, RCX_RFM_COUNT, read_rank, strategy);
        break;
    case PRIORITY:
        read_priority(reading, value, strategy);
        break;
    case GOAL:
        strategy->goal = kept(reading, text_of(reading, value, "goal"));
        break;
    case ACTIONS:
        read_actions(reading, value, strategy);
        break;
    case CAMPAIGN_TYPE:
        strategy->campaign_type = kept(reading, text_of(reading, value, "campaign_type"));
        break;
    case BUDGET_LEVEL:
        read_budget_level(reading, value, strategy);
        break;
    case MEMBERS:
        break;
    }
}

static void read_segment(struct reading *reading, size_t index, const yaml_node_t *value,
                         void *context)
{
    (void)context;
    read_mapping(reading, value, names[index], members, MEMBERS, read_member,
                 &reading->strategies->items[index]);
}

/* --- the file ------------------------------------------------------------------------------------ */

static void damaged(struct reading *reading, const yaml_parser_t *parser)
{
    const yaml_node_t place = {.start_mark = parser->problem_mark};
    if (parser->error == YAML_MEMORY_ERROR)
        reading->no_memory = true;
    else
        problem(reading, &place, "not valid YAML: %s",
                parser->problem ? parser->problem : "unknown reason");
}

static void read_document(struct reading *reading, yaml_parser_t *parser)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reading->document);
    const yaml_node_t nowhere = {.type = YAML_NO_NODE};
    yaml_document_t next;
    if (!root) {
        problem(reading, &nowhere, "the file is empty; expected the eleven segments");
        return;
    }
    read_mapping(reading, root, "segments", names, RCX_SEGMENT_COUNT, read_segment, NULL);
    if (!yaml_parser_load(parser, &next)) {
        damaged(reading, parser);
        return;
    }
    const yaml_node_t *second = yaml_document_get_root_node(&next);
    if (second)
        problem(reading, second, "a second YAML document begins; there must be one");
    yaml_document_delete(&next);
}

enum rcx_status rcx_strategies_parse(const char *name, const void *data, size_t length,
                                     struct rcx_strategies **out, struct rcx_error *err)
{
    struct reading reading = {.file = name};
    yaml_parser_t parser;
    enum rcx_status status = RCX_OK;
    if (length > MOST_BYTES)
        return rcx_fail(err, RCX_E_CONFIG, "%s: %zu bytes, expected at most %d", name, length,
                        MOST_BYTES);
    reading.strategies = rcx_calloc(1, sizeof *reading.strategies);
    if (!reading.strategies || !yaml_parser_initialize(&parser)) {
        rcx_free(reading.strategies);
        return rcx_fail_nomem(err, name, length);
    }
    yaml_parser_set_input_string(&parser, length > 0 ? data : (const void *)"", length);
    if (yaml_parser_load(&parser, &reading.document)) {
        read_document(&reading, &parser);
        yaml_document_delete(&reading.document);
    } else {
        damaged(&reading, &parser);
    }
    yaml_parser_delete(&parser);
    if (reading.no_memory || reading.problems.text.failed)
        status = rcx_fail_nomem(err, name, length);
    else if (reading.problems.count > 0)
        status = rcx_fail(err, RCX_E_CONFIG, "%s%s", rcx_buf_text(&reading.problems.text),
                          reading.problems.count > RCX_CFG_PROBLEMS_SHOWN ? "\n..." : "");
    rcx_buf_release(&reading.problems.text);
    if (status == RCX_OK)
        *out = reading.strategies;
    else
        rcx_strategies_release(reading.strategies);
    return status;
}

enum rcx_status rcx_strategies_load(const char *path, struct rcx_strategies **out,
                                    struct rcx_error *err)
{
    struct rcx_buf content = {0};
    if (!path || path[0] == '\0')
        return rcx_strategies_parse("config/strategies.yaml", built_in, sizeof built_in, out, err);
    enum rcx_status status = rcx_file_read(path, &content, err);
    if (status == RCX_OK)
        status = rcx_strategies_parse(path, content.data ? (const char *)content.data : "",
                                      content.length, out, err);
    rcx_buf_release(&content);
    return status;
}

void rcx_strategies_release(struct rcx_strategies *strategies)
{
    if (strategies)
        rcx_cfg_arena_release(&strategies->arena);
    rcx_free(strategies);
}

const struct rcx_strategy *rcx_strategies_get(const struct rcx_strategies *strategies,
                                              enum rcx_segment_id segment)
{
    return &strategies->items[segment];
}
