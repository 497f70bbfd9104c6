#include "engine/simulate/shop.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

const struct rcx_shop_service rcx_shop_services[RCX_SHOP_SERVICES] = {
    [RCX_SHOP_SERVICE_POST] = {"POST", "POSTAGE", 800, 4000},
    [RCX_SHOP_SERVICE_DISCOUNT] = {"D", "Discount", 500, 12000},
    {"M", "Manual", 100, 30000},
    {"M", "Manual", 100, 30000},
    {"DOT", "DOTCOM POSTAGE", 500, 90000},
    {"DOT", "DOTCOM POSTAGE", 500, 90000},
    {"C2", "CARRIAGE", 2500, 15000},
    {"BANK CHARGES", "Bank Charges", 1000, 20000},
    {"S", "SAMPLES", 300, 9000},
    {"AMAZONFEE", "AMAZON FEE", 100, 90000},
    {"PADS", "PADS TO MATCH ALL CUSHIONS", 1, 1},
};

static const char *const looks[] = {
    "WHITE HANGING", "RED RETROSPOT", "REGENCY",    "VINTAGE",      "CREAM",       "PINK POLKADOT",
    "ANTIQUE",       "SET OF 3",      "PACK OF 72", "JUMBO",        "HOME SWEET",  "BLACK BAROQUE",
    "CHARLIE LOLA",  "GLASS STAR",    "WOODEN",     "ROSE SCENTED", "FELTCRAFT",   "EDWARDIAN",
    "SWEETHEART",    "CHRISTMAS",     "SMALL",      "LARGE",        "BLUE STRIPE", "IVORY",
    "SILVER",        "GREEN FERN",    "SET/6",      "FRENCH BLUE",  "GINGHAM",     "DOLLY GIRL",
};
static const char *const materials[] = {
    "HEART",   "METAL",  "PAPER", "CERAMIC", "ENAMEL", "WICKER", "COTTON", "TIN",    "CHINA",
    "KNITTED", "FLORAL", "BIRD",  "STAR",    "SPOTTY", "SLATE",  "GLASS",  "RUSTIC", "FELT",
};
static const char *const things[] = {
    "T-LIGHT HOLDER", "LANTERN",     "CAKESTAND",     "LUNCH BAG",   "BUNTING",  "DOORMAT",
    "PHOTO FRAME",    "MUG",         "NAPKINS",       "CAKE CASES",  "SIGN",     "CANDLE",
    "TEA TOWEL",      "ALARM CLOCK", "GIFT TAPE",     "COASTERS",    "BOWL",     "JAM MAKING SET",
    "DOORSTOP",       "STORAGE BOX", "EGG CUP",       "WRAP",        "HOOK",     "WREATH",
    "TRINKET POT",    "APRON",       "CUSHION COVER", "DRAWER KNOB", "PLATE",    "MAGNETS",
    "BOTTLE",         "LIGHTS",      "CARD HOLDER",   "PENCILS",     "STICKERS", "NECKLACE",
    "PICNIC BASKET",
};
enum {
    LOOKS = sizeof looks / sizeof *looks,
    MATERIALS = sizeof materials / sizeof *materials,
    THINGS = sizeof things / sizeof *things,
    NAMES = LOOKS * MATERIALS * THINGS,
    NAME_STEP = 7919, /* prime to NAMES, so that products get different names for a long time */
    DESCRIPTION_BYTES = 36
};
_Static_assert(NAMES % NAME_STEP != 0, "the step must be prime to the number of names");

/* One description in 100 has a comma and one in 150 an inch sign, so that quoting is exercised. */
static void describe(uint32_t product, char out[DESCRIPTION_BYTES])
{
    uint32_t name = (uint32_t)((uint64_t)product * NAME_STEP % NAMES);
    const char *look = looks[name % LOOKS];
    const char *material = materials[name / LOOKS % MATERIALS];
    const char *thing = things[name / LOOKS / MATERIALS];
    int length = snprintf(out, DESCRIPTION_BYTES, product % 100 == 37 ? "%s %s, %s" : "%s %s %s",
                          look, material, thing);
    if (length >= DESCRIPTION_BYTES)
        length = DESCRIPTION_BYTES - 1;
    if (product % 150 == 11 && length + 4 < DESCRIPTION_BYTES)
        length += snprintf(out + length, (size_t)(DESCRIPTION_BYTES - length), " 8\"");
    while (length > 0 && out[length - 1] == ' ')
        out[--length] = '\0';
}

/* RFC 4180: quotes around when there is a comma or a quote, quotes inside doubled. */
static size_t quote_field(const char *text, char *out)
{
    size_t length = 0;
    bool quoted = strpbrk(text, ",\"") != NULL;
    if (quoted)
        out[length++] = '"';
    for (; *text; text++) {
        if (*text == '"')
            out[length++] = '"';
        out[length++] = *text;
    }
    if (quoted)
        out[length++] = '"';
    return length;
}

/* 2.55, 2.5, 18: as many digits as needed. */
static uint8_t format_cents(uint32_t cents, char out[RCX_SHOP_PRICE_TEXT])
{
    int length = snprintf(out, RCX_SHOP_PRICE_TEXT, "%u.%02u", cents / 100, cents % 100);
    while (out[length - 1] == '0')
        length--;
    if (out[length - 1] == '.')
        length--;
    return (uint8_t)length;
}

static void write_texts(struct rcx_shop_product *product, uint32_t index, uint32_t cents,
                        uint64_t seed)
{
    struct rcx_random random = rcx_random_of(seed, RCX_SHOP_STREAM_PRODUCT, UINT64_MAX - index);
    char description[DESCRIPTION_BYTES];
    describe(index, description);
    uint64_t letter = rcx_random_below(&random, 40);
    char suffix[2] = {letter < 6 ? (char)('A' + letter) : '\0', '\0'};
    int length = snprintf(product->text, RCX_SHOP_PRODUCT_TEXT, ",%u%s,", 20000 + index, suffix);
    size_t end = (size_t)length;
    end += quote_field(description, product->text + end);
    product->text[end++] = ',';
    product->text_length = (uint8_t)end;
    product->price_length[0] = format_cents(cents, product->price[0]);
    product->price_length[1] = format_cents(rcx_shop_promotion_cents(cents), product->price[1]);
}

/* Log-normal around 2.10 pounds, on the price points of shops: ..5 and ..9. */
static uint32_t draw_cents(uint32_t product, uint64_t seed)
{
    struct rcx_random random = rcx_random_of(seed, RCX_SHOP_STREAM_PRODUCT, product);
    double cents = 210 * rcx_portable_exp(0.85 * rcx_random_normal(&random));
    if (cents < 12)
        cents = 12;
    if (cents > 4995)
        cents = 4995;
    uint32_t base = (uint32_t)cents / 10 * 10;
    return base + (rcx_random_below(&random, 3) ? 5 : 9);
}

/* Zipf-Mandelbrot with the flat head of UCI Online Retail: of 4,000 products the most bought one is
 * in 0.4 % of the rows, the middle one in 0.012 %. */
static double zipf_weight(uint32_t product, uint32_t count)
{
    return 1 / (product + 1 + 0.015 * count);
}

/* Vose's construction: columns with less than their share are filled up from one with more. */
static bool make_aliases(struct rcx_shop_products *products)
{
    uint32_t count = products->count;
    double *share = rcx_malloc_array(count, sizeof *share);
    uint32_t *stack = rcx_malloc_array(count, sizeof *stack); /* poor from below, rich from above */
    if (!share || !stack) {
        rcx_free(share);
        rcx_free(stack);
        return false;
    }
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += share[i] = zipf_weight(i, count);
    uint32_t poor = 0, rich = count;
    for (uint32_t i = 0; i < count; i++) {
        share[i] *= count / sum;
        products->aliases[i] = (struct rcx_shop_alias){UINT32_MAX, i};
        if (share[i] < 1)
            stack[poor++] = i;
        else
            stack[--rich] = i;
    }
    while (poor > 0 && rich < count) {
        uint32_t small = stack[--poor], large = stack[rich];
        products->aliases[small] = (struct rcx_shop_alias){(uint32_t)(share[small] * UINT32_MAX),
                                                           large};
        share[large] -= 1 - share[small];
        if (share[large] < 1) {
            rich++;
            stack[poor++] = large;
        }
    }
    rcx_free(share);
    rcx_free(stack);
    return true;
}

bool rcx_shop_products_init(struct rcx_shop_products *products, uint32_t count, uint64_t seed)
{
    products->count = count;
    products->products = rcx_calloc(count, sizeof *products->products);
    products->cents = rcx_malloc_array(count, sizeof *products->cents);
    products->aliases = rcx_malloc_array(count, sizeof *products->aliases);
    if (!products->products || !products->cents || !products->aliases || !make_aliases(products)) {
        rcx_shop_products_release(products);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        products->cents[i] = draw_cents(i, seed);
        write_texts(&products->products[i], i, products->cents[i], seed);
    }
    return true;
}

void rcx_shop_products_release(struct rcx_shop_products *products)
{
    rcx_free(products->products);
    rcx_free(products->cents);
    rcx_free(products->aliases);
    *products = (struct rcx_shop_products){0};
}
