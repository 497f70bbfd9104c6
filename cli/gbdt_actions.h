#pragma once
/* The actions of `rcx gbdt` (cmd_gbdt.c). */
#include "cli/command.h"

extern const struct rcx_command rcx_gbdt_train_action;
extern const struct rcx_command rcx_gbdt_predict_action;
extern const struct rcx_command rcx_gbdt_shap_action;
extern const struct rcx_command rcx_gbdt_importance_action;
extern const struct rcx_command rcx_gbdt_dependence_action;
