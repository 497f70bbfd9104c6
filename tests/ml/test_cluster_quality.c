/* Cluster measures against their definitions, written down as plainly as possible. */
#include "ml/kmeans/cluster_quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "tests/support/check.h"

enum { MOST_ROWS = 600, COLUMNS = 3, MOST_K = 8 };

struct data {
    double values[COLUMNS][MOST_ROWS];
    const double *columns[COLUMNS];
    struct rcx_matrix matrix;
    uint32_t labels[3][MOST_ROWS];
    struct rcx_labelling labellings[3];
};

/* Labels follow the first column roughly; one cluster has a single row, another none. */
static void make(struct data *data, size_t rows, uint64_t seed)
{
    static const size_t k[3] = {3, 5, MOST_K};
    struct rcx_random random = rcx_random_of(seed, 5, rows);
    for (size_t j = 0; j < COLUMNS; j++) {
        data->columns[j] = data->values[j];
        for (size_t i = 0; i < rows; i++)
            data->values[j][i] = 3 * rcx_random_normal(&random);
    }
    for (size_t t = 0; t < 3; t++) {
        for (size_t i = 0; i < rows; i++) {
            double place = data->values[0][i] + rcx_random_normal(&random);
            uint32_t label = (uint32_t)fmin(fmax(place + 2, 0), (double)k[t] - 1);
            data->labels[t][i] = t == 2 && (label == 1 || label == 2) ? 0 : label;
        }
        if (rows > 9)
            data->labels[2][9] = 2;
        data->labellings[t] = (struct rcx_labelling){data->labels[t], k[t]};
    }
    data->matrix = (struct rcx_matrix){rows, COLUMNS, data->columns, NULL};
}

static double distance(const struct data *data, size_t a, size_t b)
{
    double square = 0;
    for (size_t j = 0; j < COLUMNS; j++)
        square += pow(data->values[j][a] - data->values[j][b], 2);
    return sqrt(square);
}

static double plain_silhouette(const struct data *data, size_t t)
{
    size_t rows = data->matrix.rows, clusters = 0;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double sums[MOST_K] = {0}, counts[MOST_K] = {0}, b = INFINITY;
        size_t own = data->labels[t][i];
        for (size_t o = 0; o < rows; o++) {
            sums[data->labels[t][o]] += distance(data, i, o);
            counts[data->labels[t][o]]++;
        }
        clusters = 0;
        for (size_t c = 0; c < MOST_K; c++) {
            clusters += counts[c] > 0;
            if (c != own && counts[c] > 0)
                b = fmin(b, sums[c] / counts[c]);
        }
        double a = sums[own] / (counts[own] - 1);
        sum += counts[own] < 2 ? 0 : (b - a) / fmax(a, b);
    }
    return clusters < 2 ? NAN : sum / (double)rows;
}

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance) && !(isnan(got) && isnan(expected)))
        fail_msg("%.17g, expected %.17g", got, expected);
}

static void silhouettes_share_their_distances(void **state)
{
    (void)state;
    static struct data data;
    for (size_t rows = 1; rows <= MOST_ROWS; rows += 1 + rows / 3) {
        struct rcx_silhouette expected[3];
        make(&data, rows, rows);
        for (unsigned threads = 1; threads <= 3; threads++) {
            const struct rcx_parallel parallel = {threads};
            struct rcx_silhouette got[3];
            assert_int_equal(
                rcx_silhouettes(&data.matrix, data.labellings, 3, 20000, 1, &parallel, got, NULL),
                RCX_OK);
            for (size_t t = 0; t < 3; t++) {
                struct rcx_silhouette alone;
                near(got[t].mean, plain_silhouette(&data, t), 1e-12);
                assert_int_equal(got[t].rows, rows);
                assert_int_equal(rcx_silhouettes(&data.matrix, &data.labellings[t], 1, 20000, 1,
                                                 &parallel, &alone, NULL),
                                 RCX_OK);
                near(alone.mean, got[t].mean, 1e-12);
                if (threads == 1)
                    expected[t] = got[t];
                assert_memory_equal(&expected[t].mean, &got[t].mean, sizeof got[t].mean);
            }
        }
    }
}

static void a_sample_comes_close_and_sees_every_cluster(void **state)
{
    (void)state;
    static struct data data;
    make(&data, MOST_ROWS, 3);
    double difference = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rcx_silhouette got;
        assert_int_equal(
            rcx_silhouettes(&data.matrix, &data.labellings[1], 1, 200, seed, NULL, &got, NULL),
            RCX_OK);
        assert_in_range(got.rows, 190, 215);
        near(got.mean, plain_silhouette(&data, 1), 0.05);
        difference += got.mean - plain_silhouette(&data, 1);
    }
    near(difference / 20, 0, 0.015); /* no bias to speak of */
}

/* Davies-Bouldin and Calinski-Harabasz by their formulas. */
static void plain_separation(const struct data *data, size_t t, struct rcx_separation *out)
{
    size_t rows = data->matrix.rows;
    double means[MOST_K][COLUMNS] = {{0}}, overall[COLUMNS] = {0}, counts[MOST_K] = {0};
    double scatter[MOST_K] = {0}, clusters = 0, among = 0, sum = 0;
    *out = (struct rcx_separation){0};
    for (size_t i = 0; i < rows; i++) {
        counts[data->labels[t][i]]++;
        for (size_t j = 0; j < COLUMNS; j++) {
            means[data->labels[t][i]][j] += data->values[j][i];
            overall[j] += data->values[j][i] / (double)rows;
        }
    }
    for (size_t c = 0; c < MOST_K; c++)
        for (size_t j = 0; j < COLUMNS; j++)
            means[c][j] /= counts[c] > 0 ? counts[c] : 1;
    for (size_t i = 0; i < rows; i++) {
        double square = 0;
        for (size_t j = 0; j < COLUMNS; j++)
            square += pow(data->values[j][i] - means[data->labels[t][i]][j], 2);
        scatter[data->labels[t][i]] += sqrt(square);
        out->within += square;
    }
    for (size_t a = 0; a < MOST_K; a++) {
        double worst = 0;
        clusters += counts[a] > 0;
        for (size_t j = 0; j < COLUMNS; j++)
            among += counts[a] * pow(means[a][j] - overall[j], 2);
        for (size_t b = 0; b < MOST_K; b++) {
            double square = 0;
            for (size_t j = 0; j < COLUMNS; j++)
                square += pow(means[a][j] - means[b][j], 2);
            if (a != b && counts[a] > 0 && counts[b] > 0)
                worst = fmax(worst,
                             (scatter[a] / counts[a] + scatter[b] / counts[b]) / sqrt(square));
        }
        sum += worst;
    }
    out->davies_bouldin = sum / clusters;
    out->calinski_harabasz = among * ((double)rows - clusters) / (out->within * (clusters - 1));
}

static void separation_is_as_defined(void **state)
{
    (void)state;
    static struct data data;
    for (size_t rows = 20; rows <= MOST_ROWS; rows += 97) {
        make(&data, rows, rows);
        for (size_t t = 0; t < 3; t++) {
            struct rcx_separation expected, got;
            plain_separation(&data, t, &expected);
            assert_int_equal(
                rcx_cluster_separation(&data.matrix, &data.labellings[t], NULL, &got, NULL),
                RCX_OK);
            near(got.within, expected.within, 1e-9 * expected.within);
            near(got.davies_bouldin, expected.davies_bouldin, 1e-10);
            near(got.calinski_harabasz, expected.calinski_harabasz,
                 1e-9 * expected.calinski_harabasz);
            if (t == 2)
                near(got.smallest_share, 0, 0);
        }
    }
}

/* Over all pairs of rows. */
static double plain_rand(const struct data *data, size_t a, size_t b)
{
    double n = 0, both = 0, in_a = 0, in_b = 0;
    for (size_t i = 0; i < data->matrix.rows; i++) {
        for (size_t o = 0; o < i; o++) {
            int same_a = data->labels[a][i] == data->labels[a][o];
            int same_b = data->labels[b][i] == data->labels[b][o];
            n++;
            both += same_a && same_b;
            in_a += same_a;
            in_b += same_b;
        }
    }
    return (both - in_a * in_b / n) / ((in_a + in_b) / 2 - in_a * in_b / n);
}

static void rand_index_counts_pairs(void **state)
{
    (void)state;
    static struct data data;
    for (size_t rows = 10; rows <= MOST_ROWS; rows += 97) {
        double got;
        make(&data, rows, rows);
        assert_int_equal(
            rcx_adjusted_rand(&data.labellings[0], &data.labellings[1], rows, &got, NULL), RCX_OK);
        near(got, plain_rand(&data, 0, 1), 1e-12);
        assert_int_equal(
            rcx_adjusted_rand(&data.labellings[2], &data.labellings[2], rows, &got, NULL), RCX_OK);
        near(got, 1, 0);
    }
}

static void simplified_silhouette_of_three_rows(void **state)
{
    (void)state;
    const double nearest[] = {0, 1, 4}, second[] = {4, 4, 4};
    near(rcx_simplified_silhouette(nearest, second, 3), (1 + 0.5 + 0) / 3, 1e-15);
    assert_true(isnan(rcx_simplified_silhouette(nearest, (double[]){INFINITY, 1, 1}, 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silhouettes_share_their_distances),
        cmocka_unit_test(a_sample_comes_close_and_sees_every_cluster),
        cmocka_unit_test(separation_is_as_defined),
        cmocka_unit_test(rand_index_counts_pairs),
        cmocka_unit_test(simplified_silhouette_of_three_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
