/* rcx generate: a shop's transactions made up */
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "engine/simulate/simulate.h"

struct generate_options {
    uint64_t rows, customers, days, products;
    struct rcx_date_option start;
    const char *output, *truth;
    const char *baskets, *dirty, *guests, *returns, *promotions, *season, *acquisition;
    const char *bgnbd, *gamma_gamma;
};

#define OPTION(kind, member, name, argument, help)                                                 \
    RCX_OPTION(kind, struct generate_options, member, name, 0, argument, help)

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct generate_options, output, "output", 'o', "FILE",
                        "the CSV file to write; - is standard output"),
    OPTION(U64, rows, "rows", "N", "exactly so many rows (541909)"),
    OPTION(U64, customers, "customers", "N", "customers with an id (as many as the rows need)"),
    OPTION(DATE, start, "start", "DATE", "first day (2010-12-01)"),
    OPTION(U64, days, "days", "N", "length of the period (374)"),
    OPTION(U64, products, "products", "N", "different products (4000)"),
    OPTION(TEXT, baskets, "basket", "LINES", "mean lines of a purchase (20)"),
    OPTION(TEXT, guests, "guests", "SHARE", "share of the rows without a customer (0.25)"),
    OPTION(TEXT, returns, "returns", "SHARE",
           "share of the purchases partly cancelled later (0.17)"),
    OPTION(TEXT, promotions, "promotions", "SHARE", "share of a product's months on sale (0.03)"),
    OPTION(TEXT, season, "season", "STRENGTH",
           "0 for every month alike and no holidays, 1 for a gift shop (1)"),
    OPTION(TEXT, acquisition, "acquisition", "SKEW",
           "1 for customers coming evenly, more for early ones (1.5)"),
    OPTION(TEXT, bgnbd, "bgnbd", "R,ALPHA,A,B", "buying and dropping out (0.85,50,0.5,5.5; days)"),
    OPTION(TEXT, gamma_gamma, "gamma-gamma", "P,Q,GAMMA", "spend per purchase (2.1,3.45,486)"),
    OPTION(TEXT, dirty, "dirty", "SHARE", "share of the rows that are broken (0)"),
    OPTION(TEXT, truth, "truth", "FILE", "the simulated parameters of every customer, as CSV"),
};

/* --- options ------------------------------------------------------------------------------------ */

/* `count` numbers with commas between; NULL leaves them as they are. */
static enum rcx_status parse_reals(const char *name, const char *text, double *const out[],
                                   size_t count, struct rcx_error *err)
{
    double values[4];
    const char *at = text;
    if (text == NULL)
        return RCX_OK;
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(at, ",");
        bool last = at[length] == '\0';
        if (!rcx_parse_real((struct rcx_text){at, length}, &values[i]) || last != (i + 1 == count))
            return rcx_fail(err, RCX_E_USAGE, "--%s: '%s' is not %s", name, text,
                            count == 1   ? "a number"
                            : count == 3 ? "three numbers with commas between"
                                         : "four numbers with commas between");
        at += length + 1;
    }
    for (size_t i = 0; i < count; i++)
        *out[i] = values[i];
    return RCX_OK;
}

static enum rcx_status parse_shares(const struct generate_options *given,
                                    struct rcx_simulate_options *o, struct rcx_error *err)
{
    const struct {
        const char *name, *text;
        double *out[4];
        size_t count;
    } rows[] = {
        {"basket", given->baskets, {&o->basket_lines}, 1},
        {"guests", given->guests, {&o->guest_share}, 1},
        {"returns", given->returns, {&o->return_share}, 1},
        {"promotions", given->promotions, {&o->promotion_share}, 1},
        {"season", given->season, {&o->season_strength}, 1},
        {"acquisition", given->acquisition, {&o->acquisition_skew}, 1},
        {"dirty", given->dirty, {&o->dirty_share}, 1},
        {"bgnbd", given->bgnbd, {&o->rate_shape, &o->rate_alpha, &o->dropout_a, &o->dropout_b}, 4},
        {"gamma-gamma", given->gamma_gamma, {&o->spend_p, &o->spend_q, &o->spend_gamma}, 3},
    };
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && status == RCX_OK; i++)
        status = parse_reals(rows[i].name, rows[i].text, rows[i].out, rows[i].count, err);
    return status;
}

static enum rcx_status make_options(const struct rcx_cli *cli, const struct generate_options *given,
                                    struct rcx_simulate_options *out, struct rcx_error *err)
{
    *out = rcx_simulate_defaults();
    out->seed = (uint64_t)cli->config->runtime.seed;
    out->customers = given->customers;
    if (given->rows > 0)
        out->rows = given->rows;
    if (given->start.given)
        out->start = given->start.day;
    if (given->days > 0)
        out->days = given->days < UINT32_MAX ? (uint32_t)given->days : UINT32_MAX;
    if (given->products > 0)
        out->products = given->products < UINT32_MAX ? (uint32_t)given->products : UINT32_MAX;
    bool stdout_twice = strcmp(given->output, "-") == 0 &&
                        (cli->json || (given->truth != NULL && strcmp(given->truth, "-") == 0));
    if (stdout_twice)
        return rcx_fail(err, RCX_E_USAGE, "the rows go to standard output, so %s cannot",
                        cli->json ? "the report (--json)" : "the truth");
    return parse_shares(given, out, err);
}

/* --- writing ---------------------------------------------------------------------------------------- */

struct target {
    struct rcx_file_writer *writer;
    struct rcx_progress *progress; /* NULL: none */
};

static enum rcx_status write_piece(void *context, const void *data, size_t length, uint64_t rows,
                                   struct rcx_error *err)
{
    struct target *target = context;
    if (target->progress != NULL)
        rcx_progress_add(target->progress, rows);
    return rcx_file_writer_write(target->writer, data, length, err);
}

typedef enum rcx_status write_function(const struct rcx_simulation *, rcx_simulate_sink *, void *,
                                       struct rcx_error *);

/* The file appears when it is complete; it can be made again, so it is not synced. */
static enum rcx_status write_file(const struct rcx_simulation *simulation, write_function *function,
                                  const char *path, struct rcx_progress *progress,
                                  struct rcx_error *err)
{
    const struct rcx_file_writer_options quick = {.no_sync = true};
    struct target target = {.progress = progress};
    enum rcx_status status = rcx_file_writer_open(path, &quick, &target.writer, err);
    if (status != RCX_OK)
        return status;
    status = function(simulation, write_piece, &target, err);
    if (status != RCX_OK) {
        rcx_file_writer_abort(target.writer);
        return status;
    }
    return rcx_file_writer_commit(target.writer, err);
}

/* --- report ----------------------------------------------------------------------------------------- */

static void print_report(struct rcx_cli *cli, const struct rcx_simulate_summary *s)
{
    char rows[32], guests[32], customers[32], invoices[32], cancelled[32];
    char first[RCX_TIME_TEXT_BYTES], last[RCX_TIME_TEXT_BYTES];
    rcx_cli_print(cli, "rows       %s, %s of them without customer\n",
                  rcx_format_count(s->rows, rows), rcx_format_count(s->guest_rows, guests));
    rcx_cli_print(cli, "customers  %s, buying rates times %.3g\n",
                  rcx_format_count(s->customers, customers), s->rate_scale);
    rcx_cli_print(cli, "invoices   %s (%" PRIu64 " to %" PRIu64 "), %s of them cancellations\n",
                  rcx_format_count(s->invoices, invoices), s->first_invoice, s->last_invoice,
                  rcx_format_count(s->cancellations, cancelled));
    rcx_cli_print(cli, "dates      %s to %s\n", rcx_format_time(s->first, first),
                  rcx_format_time(s->last, last));
}

static void print_json(struct rcx_cli *cli, const struct rcx_simulate_summary *s)
{
    char text[RCX_TIME_TEXT_BYTES];
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.generate/1");
    rcx_json_put_u64(&json, "rows", s->rows);
    rcx_json_put_u64(&json, "guest_rows", s->guest_rows);
    rcx_json_put_u64(&json, "customers", s->customers);
    rcx_json_put_real(&json, "rate_scale", s->rate_scale);
    rcx_json_put_u64(&json, "invoices", s->invoices);
    rcx_json_put_u64(&json, "cancellations", s->cancellations);
    rcx_json_put_u64(&json, "guest_invoices", s->guest_invoices);
    rcx_json_put_text(&json, "first", rcx_format_time(s->first, text));
    rcx_json_put_text(&json, "last", rcx_format_time(s->last, text));
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct generate_options *given = values;
    struct rcx_simulate_options simulated;
    struct rcx_simulation *simulation = NULL;
    enum rcx_status status = make_options(cli, given, &simulated, err);
    if (status == RCX_OK)
        status = rcx_simulate_open(&simulated, &cli->parallel, &simulation, err);
    if (status != RCX_OK)
        return status;
    struct rcx_progress progress;
    rcx_progress_begin(&progress, cli, "generate", simulated.rows, "rows");
    status = write_file(simulation, rcx_simulate_write, given->output, &progress, err);
    rcx_progress_end(&progress);
    if (status == RCX_OK && given->truth != NULL)
        status = write_file(simulation, rcx_simulate_write_truth, given->truth, NULL, err);
    struct rcx_simulate_summary summary = rcx_simulate_summarize(simulation);
    rcx_simulate_close(simulation);
    if (status != RCX_OK)
        return status;
    if (cli->json)
        print_json(cli, &summary);
    else if (strcmp(given->output, "-") != 0 && !cli->quiet)
        print_report(cli, &summary);
    return RCX_OK;
}

const struct rcx_command rcx_cmd_generate = {
    .name = "generate",
    .summary = "make up the transactions of a shop, in the columns of UCI Online Retail",
    .details =
        "Customers buy and drop out as in BG/NBD, spend as in Gamma-Gamma; seasons, opening "
        "hours,\n"
        "best sellers, cancellations, guests and service codes as a gift shop has them. The same\n"
        "options and --seed give the same bytes for any number of threads.\n"
        "\n"
        "With --customers, the buying rates are scaled so that the rows come out; without, there "
        "are\n"
        "as many customers as the rows need.\n"
        "\n"
        "  rcx generate --rows 10000000 --customers 80000 -o shop.csv\n"
        "  rcx generate --rows 100000 --dirty 0.005 --truth truth.csv -o shop.csv\n",
    RCX_OPTIONS(options, struct generate_options),
    .run = run,
};
