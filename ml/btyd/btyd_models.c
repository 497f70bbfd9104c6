/* Names of models and their parameters, and fits in words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ml/btyd/btyd.h"

static const struct {
    const char *name, *title;
    unsigned count;
    const char *parameters[RCX_BTYD_MAX_PARAMETERS];
} MODELS[RCX_BTYD_MODEL_COUNT] = {
#define X(id, name, title, count, p0, p1, p2, p3) {name, title, count, {p0, p1, p2, p3}},
    RCX_BTYD_MODELS(X)
#undef X
};

const char *rcx_btyd_model_name(enum rcx_btyd_model model)
{
    return MODELS[model].name;
}

const char *rcx_btyd_model_title(enum rcx_btyd_model model)
{
    return MODELS[model].title;
}

unsigned rcx_btyd_parameter_count(enum rcx_btyd_model model)
{
    return MODELS[model].count;
}

const char *rcx_btyd_parameter_name(enum rcx_btyd_model model, unsigned index)
{
    return MODELS[model].parameters[index];
}

bool rcx_btyd_model_of(const char *name, enum rcx_btyd_model *out)
{
    for (unsigned m = 0; m < RCX_BTYD_MODEL_COUNT; m++) {
        if (strcmp(MODELS[m].name, name) == 0) {
            *out = (enum rcx_btyd_model)m;
            return true;
        }
    }
    return false;
}

static const char *boundary_words(enum rcx_btyd_boundary boundary)
{
    switch (boundary) {
    case RCX_BTYD_INSIDE:
        return "";
    case RCX_BTYD_NO_DROPOUT:
        return ", on its boundary: nobody drops out";
    case RCX_BTYD_SAME_DROPOUT:
        return ", on its boundary: all customers drop out alike";
    case RCX_BTYD_SAME_RATE:
        return ", on its boundary: all customers buy at one rate";
    case RCX_BTYD_NO_PURCHASES:
        return ", on its boundary: hardly anybody buys again";
    case RCX_BTYD_OTHER_BOUNDARY:
        return ", on its boundary: a parameter is at the end of its range";
    }
    return "";
}

const char *rcx_btyd_words(const struct rcx_btyd_fit *fit, char out[RCX_BTYD_WORDS_BYTES])
{
    const char *ending = fit->converged ? "" : ", not converged";
    if (fit->replaced != RCX_BTYD_AUTO)
        snprintf(out, RCX_BTYD_WORDS_BYTES, "%s at its limit, the NBD: nobody drops out%s",
                 rcx_btyd_model_title(fit->replaced), ending);
    else
        snprintf(out, RCX_BTYD_WORDS_BYTES, "%s%s%s", rcx_btyd_model_title(fit->model),
                 boundary_words(fit->boundary), ending);
    return out;
}
