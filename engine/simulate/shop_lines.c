#include "engine/simulate/shop.h"

const char *const rcx_shop_notes[RCX_SHOP_NOTES] = {"",     "damaged", "check",       "?",
                                                    "lost", "wet",     "thrown away", "found"};

/* Pieces are sold by packs; between two sizes the smaller or the larger is drawn so that the mean
 * is what was wanted. Above the last size, full hundreds. */
static const uint16_t packs[] = {1,  2,  3,  4,  6,   8,   10,  12,  16,  20,  24,  30, 36,
                                 48, 60, 72, 96, 120, 144, 192, 240, 288, 360, 480, 600};
enum { PACKS = sizeof packs / sizeof *packs };

static int32_t draw_quantity(double wanted, uint32_t random)
{
    if (wanted <= 1)
        return 1;
    double low, high;
    if (wanted >= packs[PACKS - 1]) {
        if (wanted > 80000)
            wanted = 80000;
        uint32_t hundreds = (uint32_t)wanted / 100;
        low = hundreds * 100.0;
        high = low + 100;
    } else {
        unsigned i = 1;
        while (packs[i] <= wanted)
            i++;
        low = packs[i - 1];
        high = packs[i];
    }
    return (int32_t)(random * 0x1p-32 * (high - low) < wanted - low ? high : low);
}

static bool on_promotion(const struct rcx_simulation *simulation, uint32_t product, uint32_t month)
{
    double share = simulation->options.promotion_share;
    uint64_t hash = rcx_mix64((uint64_t)product << 32 | month) ^ simulation->options.seed;
    return (double)(rcx_mix64(hash) >> 11) * 0x1p-53 < share;
}

/* A product that fits what the line may cost, if three draws find one, and as many as it pays. */
static struct rcx_shop_line product_line(const struct rcx_simulation *simulation,
                                         const struct rcx_shop_basket_view *basket, uint64_t draw,
                                         struct rcx_random *random)
{
    const struct rcx_shop_products *products = &simulation->products;
    uint32_t product = rcx_shop_products_draw(products, draw);
    for (unsigned i = 0; i < 2 && products->cents[product] > 1.2 * basket->line_cents; i++)
        product = rcx_shop_products_draw(products, rcx_random_u64(random));
    uint32_t cents = products->cents[product];
    bool promotion = on_promotion(simulation, product, basket->month);
    if (promotion)
        cents = rcx_shop_promotion_cents(cents);
    uint64_t bits = rcx_random_u64(random);
    /* Uniform in 0.3..1.7 of what the line should cost. */
    double wanted = basket->line_cents * (0.3 + 1.4 * (double)(uint32_t)bits * 0x1p-32) / cents;
    return (struct rcx_shop_line){.kind = RCX_SHOP_LINE_PRODUCT,
                                  .item = product,
                                  .cents = cents,
                                  .promotion = promotion,
                                  .quantity = draw_quantity(wanted, (uint32_t)(bits >> 32))};
}

static struct rcx_shop_line service_line(uint32_t service, int32_t quantity,
                                         struct rcx_random *random)
{
    const struct rcx_shop_service *row = &rcx_shop_services[service];
    uint32_t span = row->max_cents - row->min_cents + 1;
    return (struct rcx_shop_line){.kind = RCX_SHOP_LINE_SERVICE,
                                  .item = service,
                                  .cents = row->min_cents +
                                           (uint32_t)rcx_random_below(random, span),
                                  .quantity = quantity};
}

/* Something was counted, broken or found; mostly broken. */
static struct rcx_shop_line correction_line(const struct rcx_simulation *simulation, uint64_t draw,
                                            struct rcx_random *random)
{
    uint64_t bits = rcx_random_u64(random);
    int32_t pieces = 1 + (int32_t)(bits % 120);
    return (struct rcx_shop_line){.kind = RCX_SHOP_LINE_CORRECTION,
                                  .item = rcx_shop_products_draw(&simulation->products, draw),
                                  .note = (uint32_t)(bits >> 32) % RCX_SHOP_NOTES,
                                  .quantity = (bits >> 40) % 4 ? -pieces : pieces};
}

/* One line in 1,000 is a service; the last line of an order from abroad is often its postage. */
static struct rcx_shop_line bought_line(const struct rcx_simulation *simulation,
                                        const struct rcx_shop_basket_view *basket, uint32_t index)
{
    struct rcx_random random = {
        rcx_mix64(basket->key + (uint64_t)(index + 1) * 0xD1B54A32D192ED03u)};
    uint64_t draw = rcx_random_u64(&random);
    if (basket->invoice->customer == RCX_SHOP_GUEST && basket->invoice->cents == 0)
        return correction_line(simulation, draw, &random);
    uint32_t kind = (uint32_t)(random.state >> 40) % 4096;
    if (basket->abroad && index + 1 == basket->lines && index >= 2 && kind < 2600)
        return service_line(RCX_SHOP_SERVICE_POST, 1 + (int32_t)(kind % 3), &random);
    if (kind < 4) {
        uint64_t choice = rcx_random_below(&random, RCX_SHOP_SERVICES - RCX_SHOP_SERVICE_OTHERS);
        return service_line(RCX_SHOP_SERVICE_OTHERS + (uint32_t)choice, 1, &random);
    }
    return product_line(simulation, basket, draw, &random);
}

static struct rcx_shop_basket_view open_plain(const struct rcx_simulation *simulation,
                                              uint32_t position)
{
    const struct rcx_shop_invoice *invoice = &simulation->invoices.items[position];
    const uint64_t *row = &simulation->invoices.row[position];
    uint32_t lines = (uint32_t)(row[1] - row[0]);
    struct rcx_random random = rcx_random_of(simulation->options.seed, RCX_SHOP_STREAM_LINES,
                                             (uint64_t)invoice->ordinal << 32 | invoice->customer);
    struct rcx_shop_basket_view basket = {.invoice = invoice,
                                          .key = random.state,
                                          .lines = lines,
                                          .month = invoice->minute /
                                                   (1440 * RCX_SHOP_PROMOTION_DAYS),
                                          .line_cents = (double)invoice->cents / lines};
    return basket;
}

struct rcx_shop_basket_view rcx_shop_basket_open(const struct rcx_simulation *simulation,
                                                 uint32_t position)
{
    struct rcx_shop_basket_view basket = open_plain(simulation, position);
    uint32_t customer = basket.invoice->customer;
    if (customer != RCX_SHOP_GUEST)
        basket.abroad = simulation->invoices.country[customer] != RCX_SHOP_COUNTRY_HOME;
    if (basket.invoice->original != RCX_SHOP_NO_INVOICE) {
        basket.cancels = true;
        basket.first_cancelled = (uint32_t)(basket.key >> 33);
    }
    return basket;
}

/* A cancelled line is the line bought, with all or half of the pieces taken back; one line in 100
 * is a discount granted afterwards. */
static struct rcx_shop_line cancelled_line(const struct rcx_simulation *simulation,
                                           const struct rcx_shop_basket_view *basket,
                                           uint32_t index)
{
    struct rcx_shop_basket_view original = open_plain(simulation, basket->invoice->original);
    original.abroad = basket->abroad;
    struct rcx_random random = {rcx_mix64(~basket->key + (uint64_t)index * 0x8CB92BA72F3D8DD7u)};
    uint64_t draw = rcx_random_u64(&random);
    if (draw % 100 == 0)
        return service_line(RCX_SHOP_SERVICE_DISCOUNT, -1, &random);
    uint32_t which = (uint32_t)(((uint64_t)basket->first_cancelled + index) % original.lines);
    struct rcx_shop_line line = bought_line(simulation, &original, which);
    int32_t pieces = (draw >> 32) % 4 ? line.quantity : (line.quantity + 1) / 2;
    line.quantity = -pieces;
    return line;
}

struct rcx_shop_line rcx_shop_line_make(const struct rcx_simulation *simulation,
                                        const struct rcx_shop_basket_view *basket, uint32_t index)
{
    return basket->cancels ? cancelled_line(simulation, basket, index)
                           : bought_line(simulation, basket, index);
}
