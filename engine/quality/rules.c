#include "engine/quality/rules.h"

#include <assert.h>

const char *rcx_clean_rule_name(enum rcx_clean_rule rule)
{
    static const char *const names[RCX_RULE_COUNT] = {"kept",
#define X(name, text, stage) text,
                                                      RCX_CLEAN_RULES(X)
#undef X
    };
    assert(rule < RCX_RULE_COUNT);
    return names[rule];
}

unsigned rcx_clean_rule_stage(enum rcx_clean_rule rule)
{
    static const unsigned char stages[RCX_RULE_COUNT] = {0,
#define X(name, text, stage) stage,
                                                         RCX_CLEAN_RULES(X)
#undef X
    };
    assert(rule < RCX_RULE_COUNT);
    return stages[rule];
}
