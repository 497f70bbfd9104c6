#include "config/tiers.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

#define COST_MOST 1e6
enum { COST_UNITS = 10000, FIELDS = 5, ACTION_BYTES_MOST = 200 };
#define CAPACITY_MOST ((int64_t)1 << 53)

static const char *const field_names[FIELDS] = {"cost", "save_rate", "discount", "capacity",
                                                "action"};
enum field { COST, SAVE_RATE, DISCOUNT, CAPACITY, ACTION };

const char *rcx_tiers_flatten(struct rcx_cfg_arena *arena, const struct rcx_raw_scalar *names,
                              const struct rcx_raw_scalar *items, size_t count)
{
    struct rcx_buf text = {0};
    const char *action = NULL, *result = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name = names[i].text ? names[i].text : "";
        const char *item = items[i].text ? items[i].text : "";
        if (action == NULL && strcmp(name, field_names[ACTION]) == 0)
            action = item;
        else
            (void)rcx_buf_printf(&text, "%s%s=%s", text.length > 0 ? "; " : "", name, item);
    }
    if (action != NULL) /* last, because it takes the rest */
        (void)rcx_buf_printf(&text, "%saction=%s", text.length > 0 ? "; " : "", action);
    if (!text.failed)
        result = rcx_cfg_arena_text(arena, (const char *)text.data, text.length);
    rcx_buf_release(&text);
    return result;
}

/* --- parsing -------------------------------------------------------------------------------------- */

static enum rcx_status refuse(struct rcx_buf *problem, const char *tier, struct rcx_text text,
                              const char *expected)
{
    (void)rcx_buf_printf(problem, "tier '%s': '%.*s' does not fit; expected %s", tier,
                         (int)(text.length < 200 ? text.length : 200), text.data, expected);
    return RCX_E_CONFIG;
}

static enum rcx_status parse_share(const char *tier, struct rcx_text text, const char *expected,
                                   double *out, struct rcx_buf *problem)
{
    double value = 0;
    if (!rcx_parse_real(text, &value) || !(value >= 0 && value <= 1))
        return refuse(problem, tier, text, expected);
    *out = value;
    return RCX_OK;
}

static enum rcx_status parse_cost(const char *tier, struct rcx_text text, double *out,
                                  struct rcx_buf *problem)
{
    double value = 0;
    if (!rcx_parse_real(text, &value) || !(value >= 0 && value <= COST_MOST))
        return refuse(problem, tier, text, "a cost of 0 to 1000000");
    double units = nearbyint(value * COST_UNITS);
    if (fabs(value * COST_UNITS - units) > 1e-4)
        return refuse(problem, tier, text, "a cost with at most 4 decimal places");
    *out = units / COST_UNITS;
    return RCX_OK;
}

static enum rcx_status parse_capacity(const char *tier, struct rcx_text text, int64_t *out,
                                      struct rcx_buf *problem)
{
    int64_t value = -1;
    if (!rcx_text_equal(text, rcx_text_of("none")) &&
        (!rcx_parse_i64(text, &value) || value < 0 || value > CAPACITY_MOST))
        return refuse(problem, tier, text, "a capacity of 0 or more customers, or none");
    *out = value;
    return RCX_OK;
}

static enum rcx_status parse_action(const char *tier, struct rcx_text text,
                                    struct rcx_cfg_arena *arena, const char **out,
                                    struct rcx_buf *problem)
{
    if (text.length > ACTION_BYTES_MOST)
        return refuse(problem, tier, text, "an action of at most 200 bytes");
    *out = rcx_cfg_arena_text(arena, text.data, text.length);
    return *out ? RCX_OK : RCX_E_NOMEM;
}

/* -1: there is no such field. */
static int field_of(struct rcx_text name)
{
    for (int field = 0; field < FIELDS; field++)
        if (rcx_text_equal(name, rcx_text_of(field_names[field])))
            return field;
    return -1;
}

static enum rcx_status parse_field(struct rcx_cfg_tier *tier, enum field field,
                                   struct rcx_text text, struct rcx_cfg_arena *arena,
                                   struct rcx_buf *problem)
{
    switch (field) {
    case COST:
        return parse_cost(tier->name, text, &tier->cost, problem);
    case SAVE_RATE:
        return parse_share(tier->name, text, "a save rate of 0 to 1", &tier->save_rate, problem);
    case DISCOUNT:
        return parse_share(tier->name, text, "a discount of 0 to 1", &tier->discount, problem);
    case CAPACITY:
        return parse_capacity(tier->name, text, &tier->capacity, problem);
    case ACTION:
        return parse_action(tier->name, text, arena, &tier->action, problem);
    }
    return RCX_E_CONFIG;
}

/* The next "name=value" of *rest, both trimmed; an action takes all of it. */
static struct rcx_text next_field(struct rcx_text *rest, struct rcx_text *out_name)
{
    const char *equals = memchr(rest->data, '=', rest->length);
    const char *stop = memchr(rest->data, ';', rest->length);
    struct rcx_text part = {rest->data, stop ? (size_t)(stop - rest->data) : rest->length};
    *out_name = rcx_text_trim(part);
    if (equals != NULL && (stop == NULL || equals < stop)) {
        *out_name = rcx_text_trim((struct rcx_text){rest->data, (size_t)(equals - rest->data)});
        if (field_of(*out_name) == ACTION)
            part.length = rest->length;
    }
    size_t used = part.length < rest->length ? part.length + 1 : part.length;
    *rest = (struct rcx_text){rest->data + used, rest->length - used};
    if (equals == NULL || equals >= part.data + part.length)
        return (struct rcx_text){part.data + part.length, 0};
    size_t skip = (size_t)(equals - part.data) + 1;
    return rcx_text_trim((struct rcx_text){equals + 1, part.length - skip});
}

static enum rcx_status parse_tier(const char *text, struct rcx_cfg_tier *tier,
                                  struct rcx_cfg_arena *arena, struct rcx_buf *problem)
{
    struct rcx_text rest = rcx_text_of(text);
    bool seen[FIELDS] = {false};
    while (rest.length > 0) {
        struct rcx_text name, value = next_field(&rest, &name);
        int field = field_of(name);
        if (name.length == 0 && value.length == 0)
            continue; /* a semicolon too many */
        if (field < 0)
            return refuse(problem, tier->name, name,
                          "fields cost, save_rate, discount, capacity, action as name=value");
        if (seen[field])
            return refuse(problem, tier->name, name, "each field once");
        seen[field] = true;
        enum rcx_status status = parse_field(tier, (enum field)field, value, arena, problem);
        if (status != RCX_OK)
            return status;
    }
    if (!seen[COST] || !seen[SAVE_RATE])
        return refuse(problem, tier->name, rcx_text_of(text), "cost and save_rate");
    return RCX_OK;
}

static bool is_identifier(const char *text)
{
    if (text[0] < 'a' || text[0] > 'z' || strlen(text) > 32)
        return false;
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

enum rcx_status rcx_tiers_parse(const struct rcx_raw *raw, struct rcx_cfg_arena *arena,
                                struct rcx_cfg_tiers *out, struct rcx_buf *problem)
{
    if (raw->count == 0 || raw->count > RCX_CFG_TIERS_MOST) {
        (void)rcx_buf_printf(problem, "%zu tiers; expected 1 to %d", raw->count,
                             RCX_CFG_TIERS_MOST);
        return RCX_E_CONFIG;
    }
    struct rcx_cfg_tier *tiers = rcx_cfg_arena_alloc(arena, raw->count * sizeof *tiers);
    if (tiers == NULL)
        return RCX_E_NOMEM;
    for (size_t i = 0; i < raw->count; i++) {
        const char *name = raw->names[i].text;
        if (!is_identifier(name)) {
            (void)rcx_buf_printf(problem, "'%s' is not a name of lower-case letters, digits and _",
                                 name);
            return RCX_E_CONFIG;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(tiers[j].name, name) == 0) {
                (void)rcx_buf_printf(problem, "the tier '%s' is there twice", name);
                return RCX_E_CONFIG;
            }
        }
        tiers[i] = (struct rcx_cfg_tier){
            .name = rcx_cfg_arena_text(arena, name, strlen(name)), .capacity = -1, .action = ""};
        if (tiers[i].name == NULL)
            return RCX_E_NOMEM;
        enum rcx_status status = parse_tier(raw->items[i].text, &tiers[i], arena, problem);
        if (status != RCX_OK)
            return status;
    }
    *out = (struct rcx_cfg_tiers){raw->count, tiers};
    return RCX_OK;
}

/* --- printing ------------------------------------------------------------------------------------- */

static void print_fields(const struct rcx_cfg_tier *tier, bool yaml, struct rcx_buf *out)
{
    const char *equals = yaml ? ": " : "=", *comma = yaml ? ", " : "; ";
    (void)rcx_buf_printf(out, "cost%s", equals);
    rcx_value_print_real(tier->cost, out);
    (void)rcx_buf_printf(out, "%ssave_rate%s", comma, equals);
    rcx_value_print_real(tier->save_rate, out);
    (void)rcx_buf_printf(out, "%sdiscount%s", comma, equals);
    rcx_value_print_real(tier->discount, out);
    if (tier->capacity >= 0)
        (void)rcx_buf_printf(out, "%scapacity%s%" PRId64, comma, equals, tier->capacity);
    if (tier->action[0] == '\0')
        return;
    (void)rcx_buf_printf(out, "%saction%s", comma, equals);
    if (yaml)
        rcx_value_print_yaml_text(tier->action, out);
    else
        (void)rcx_buf_append_text(out, tier->action);
}

void rcx_tiers_print(const struct rcx_cfg_tiers *tiers, struct rcx_buf *out)
{
    for (size_t i = 0; i < tiers->count; i++) {
        (void)rcx_buf_printf(out, "%s%s: ", i > 0 ? ", " : "", tiers->items[i].name);
        print_fields(&tiers->items[i], false, out);
    }
}

void rcx_tiers_print_yaml(const struct rcx_cfg_tiers *tiers, struct rcx_buf *out)
{
    for (size_t i = 0; i < tiers->count; i++) {
        (void)rcx_buf_append_text(out, i > 0 ? ", " : "");
        rcx_value_print_yaml_text(tiers->items[i].name, out);
        (void)rcx_buf_append_text(out, ": {");
        print_fields(&tiers->items[i], true, out);
        (void)rcx_buf_append_byte(out, '}');
    }
}

void rcx_tiers_print_json(const struct rcx_cfg_tiers *tiers, struct rcx_json *json)
{
    rcx_json_object(json);
    for (size_t i = 0; i < tiers->count; i++) {
        const struct rcx_cfg_tier *tier = &tiers->items[i];
        rcx_json_key(json, tier->name);
        rcx_json_object(json);
        rcx_json_put_real(json, "cost", tier->cost);
        rcx_json_put_real(json, "save_rate", tier->save_rate);
        rcx_json_put_real(json, "discount", tier->discount);
        if (tier->capacity >= 0)
            rcx_json_put_i64(json, "capacity", tier->capacity);
        if (tier->action[0] != '\0')
            rcx_json_put_text(json, "action", tier->action);
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
}
