#include "ml/gbdt/shap_program.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

/* Newton's method on the Legendre polynomial P_n from Tricomi's first guess, on [-1, 1]; then moved to
 * [0, 1]. */
void rcx_gauss_legendre(uint32_t count, double *nodes, double *weights)
{
    double n = count;
    for (uint32_t i = 0; i < (count + 1) / 2; i++) {
        double x = cos(3.14159265358979323846 * (i + 0.75) / (n + 0.5)), slope = 1;
        for (unsigned step = 0; step < 100; step++) {
            double before = 1, value = x; /* P_0, P_1 */
            for (uint32_t k = 2; k <= count; k++) {
                double next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
                before = value;
                value = next;
            }
            slope = n * (x * value - before) / (x * x - 1);
            double change = value / slope;
            x -= change;
            if (fabs(change) < 1e-16)
                break;
        }
        nodes[i] = (1 - x) / 2;
        nodes[count - 1 - i] = (1 + x) / 2;
        weights[i] = weights[count - 1 - i] = 1 / ((1 - x * x) * slope * slope);
    }
}

/* ---- edges ---- */

/* A child that waits to be visited; `above` is the edge that leads to its parent. */
struct waiting {
    int32_t child;
    uint32_t split;
    uint32_t depth;
    bool to_right;
};

struct builder {
    const struct rcx_gbdt_tree *tree;
    const uint32_t *place_of;
    struct rcx_shap_edge *edges;
    double *shares;      /* per edge: z of its feature, all splits above included */
    uint32_t *above;     /* per edge: edge number; used where depth of above > 0 */
    uint32_t *path;      /* per depth: edge */
    uint32_t *different; /* per depth: features on the path */
    struct waiting *waiting;
    uint32_t edge_count, waiting_count, depth, features; /* the most on a path */
};

static double rows_of(const struct rcx_gbdt_tree *tree, int32_t node)
{
    return node >= 0 ? tree->internal_rows[node] : tree->leaf_rows[~node];
}

static void push_children(struct builder *builder, uint32_t split, uint32_t depth)
{
    builder->waiting[builder->waiting_count++] = (struct waiting){builder->tree->right_child[split],
                                                                  split, depth, true};
    builder->waiting[builder->waiting_count++] = (struct waiting){builder->tree->left_child[split],
                                                                  split, depth, false};
}

/* Fills the edge; returns how many different features its path has. */
static uint32_t put_edge(struct builder *builder, const struct waiting *item)
{
    const struct rcx_gbdt_tree *tree = builder->tree;
    uint32_t e = builder->edge_count++;
    double below = rows_of(tree, item->child), rows = tree->internal_rows[item->split];
    double share = rows > 0 ? below / rows : 0;
    struct rcx_shap_edge *edge = &builder->edges[e];
    *edge = (struct rcx_shap_edge){
        .feature = builder->place_of[tree->split_feature[item->split]],
        .split = item->split,
        .depth = item->depth,
        .to_right = item->to_right,
        .off = share,
        .leaf_value = item->child < 0 ? tree->leaf_value[~item->child] : 0,
    };
    builder->shares[e] = share;
    builder->path[item->depth] = e;
    for (uint32_t d = item->depth - 1; d > 0 && edge->above == 0; d--) {
        if (builder->edges[builder->path[d]].feature == edge->feature) {
            edge->above = d;
            builder->above[e] = builder->path[d];
            builder->shares[e] = share * builder->shares[builder->path[d]];
        }
    }
    builder->different[item->depth] = builder->different[item->depth - 1] + (edge->above == 0);
    return builder->different[item->depth];
}

static void put_edges(struct builder *builder)
{
    push_children(builder, 0, 1);
    while (builder->waiting_count > 0) {
        struct waiting item = builder->waiting[--builder->waiting_count];
        uint32_t e = builder->edge_count, different = put_edge(builder, &item);
        builder->features = different > builder->features ? different : builder->features;
        builder->depth = item.depth > builder->depth ? item.depth : builder->depth;
        if (item.child >= 0) {
            push_children(builder, (uint32_t)item.child, item.depth + 1);
            continue;
        }
        /* A right leaf ends its parent, and so on upwards while that is a right child, too. */
        uint32_t next = builder->waiting_count > 0
                            ? builder->waiting[builder->waiting_count - 1].depth
                            : 1;
        builder->edges[e].closes = item.depth - next + 1;
    }
}

/* ---- tables ---- */

/* f(t) = z + t (o - z): the factor of a feature that follows (o = 1) or does not. */
static void put_tables(const struct builder *builder, uint32_t nodes, const double *t,
                       const double *weights, double *tables)
{
    for (uint32_t e = 0; e < builder->edge_count; e++) {
        double *on = tables + 4 * (size_t)e * nodes, *turn = on + nodes, *gain_on = turn + nodes,
               *gain_off = gain_on + nodes;
        bool again = builder->edges[e].above > 0;
        double z = builder->shares[e], z_above = again ? builder->shares[builder->above[e]] : 1;
        for (uint32_t q = 0; q < nodes; q++) {
            double follows = z + t[q] * (1 - z), leaves = z * (1 - t[q]);
            double before = z_above + t[q] * (1 - z_above); /* 1 without an edge above */
            on[q] = follows / before;
            turn[q] = leaves / before;
            /* (o - z) / f, less the same of the edge above, which counts these leaves, too */
            double counted = again ? (1 - z_above) / before : 0;
            gain_on[q] = weights[q] * ((1 - z) / follows - counted);
            gain_off[q] = weights[q] * (-1 / (1 - t[q]) - counted);
        }
    }
}

static enum rcx_status fill_tables(const struct builder *builder, struct rcx_shap_program *out,
                                   struct rcx_error *err)
{
    uint32_t nodes = (builder->features + 1) / 2;
    size_t reals = 4 * (size_t)builder->edge_count * nodes;
    double *tables = rcx_malloc_array(reals, sizeof *tables);
    double *quadrature = rcx_malloc_array(2 * (size_t)nodes, sizeof *quadrature);
    if (tables && quadrature) {
        rcx_gauss_legendre(nodes, quadrature, quadrature + nodes);
        put_tables(builder, nodes, quadrature, quadrature + nodes, tables);
    }
    out->tree = (struct rcx_shap_tree){builder->edges, tables, builder->edge_count, nodes};
    out->depth = builder->depth;
    rcx_free(quadrature);
    return tables && quadrature ? RCX_OK
                                : rcx_fail_nomem(err, "SHAP tables", reals * sizeof *tables);
}

/* The mean leaf value, as LightGBM computes it. */
static double mean_value(const struct rcx_gbdt_tree *tree)
{
    double rows = tree->internal_rows[0], mean = 0;
    for (uint32_t leaf = 0; leaf < tree->leaf_count; leaf++)
        mean += tree->leaf_rows[leaf] / rows * tree->leaf_value[leaf];
    return mean;
}

enum rcx_status rcx_shap_program_build(const struct rcx_gbdt_tree *tree, const uint32_t *place_of,
                                       struct rcx_shap_program *out, struct rcx_error *err)
{
    size_t splits = tree->leaf_count - 1, edges = 2 * splits;
    *out = (struct rcx_shap_program){.base = tree->leaf_value[0]};
    if (splits == 0)
        return RCX_OK;
    if (tree->internal_rows[0] == 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "the model does not tell how many training rows each leaf had, which "
                        "SHAP values need");
    struct builder builder = {
        .tree = tree,
        .place_of = place_of,
        .edges = rcx_calloc(edges, sizeof *builder.edges),
        .shares = rcx_calloc(edges, sizeof *builder.shares),
        .above = rcx_calloc(edges, sizeof *builder.above),
        .path = rcx_calloc(splits + 1, sizeof *builder.path),
        .different = rcx_calloc(splits + 1, sizeof *builder.different),
        .waiting = rcx_calloc(splits + 1, sizeof *builder.waiting),
    };
    out->split_count = (uint32_t)splits;
    out->splits = rcx_calloc(splits, sizeof *out->splits);
    out->tree.edges = builder.edges;
    out->base = mean_value(tree);
    enum rcx_status status = RCX_OK;
    if (builder.edges && builder.shares && builder.above && builder.path && builder.different &&
        builder.waiting && out->splits) {
        put_edges(&builder);
        status = fill_tables(&builder, out, err);
    } else {
        status = rcx_fail_nomem(err, "SHAP tables", edges * sizeof *builder.edges);
    }
    rcx_free(builder.shares);
    rcx_free(builder.above);
    rcx_free(builder.path);
    rcx_free(builder.different);
    rcx_free(builder.waiting);
    if (status != RCX_OK)
        rcx_shap_program_release(out);
    return status;
}

void rcx_shap_program_release(struct rcx_shap_program *program)
{
    rcx_free(program->tree.edges);
    rcx_free(program->tree.tables);
    rcx_free(program->splits);
    *program = (struct rcx_shap_program){0};
}
