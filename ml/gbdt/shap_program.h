#pragma once
/* A tree as TreeSHAP computes it (tree_shap.h): edges in depth-first order with their tables. */
#include "base/status.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/gbdt/shap_kernels.h"

struct rcx_shap_program {
    struct rcx_shap_tree tree;     /* edges and tables are owned */
    struct rcx_shap_split *splits; /* for rcx_shap_decide; filled by the caller */
    uint32_t split_count;
    uint32_t depth;
    double base; /* mean leaf value by training rows */
};

/*  place_of  feature number -> place, of all features that splits use
 * Errors: RCX_E_INPUT (no counts of rows), RCX_E_NOMEM; then *out is empty. */
enum rcx_status rcx_shap_program_build(const struct rcx_gbdt_tree *tree, const uint32_t *place_of,
                                       struct rcx_shap_program *out, struct rcx_error *err);
void rcx_shap_program_release(struct rcx_shap_program *program);

/* Nodes in (0, 1), ascending, and weights of the quadrature that is exact for polynomials of degree
 * below 2 count. */
void rcx_gauss_legendre(uint32_t count, double *nodes, double *weights);
