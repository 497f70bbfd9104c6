/* rcx gbdt: the tree learner on any table */
#include "cli/commands.h"
#include "cli/gbdt_actions.h"

static const struct rcx_command *const actions[] = {
    &rcx_gbdt_train_action,      &rcx_gbdt_predict_action,    &rcx_gbdt_shap_action,
    &rcx_gbdt_importance_action, &rcx_gbdt_dependence_action,
};

const struct rcx_command rcx_cmd_gbdt = {
    .name = "gbdt",
    .summary = "gradient-boosted trees on any CSV or Parquet table",
    .details = "Models are files in LightGBM's text format; its files are read, too.\n"
               "\n"
               "    rcx gbdt train --data train.csv --label y --objective binary \\\n"
               "        --valid valid.parquet --param num_leaves=15 -m model.txt\n"
               "    rcx gbdt predict --data new.csv -m model.txt -o predictions.csv",
    RCX_ACTIONS(actions),
};
