#include "engine/simulate/shop.h"

#include <string.h>

enum { FIELDS = 8, INVOICE = 0, STOCK_CODE = 1, QUANTITY = 3, DATE = 4, PRICE = 5, CUSTOMER = 6 };
enum breakage { BROKEN_DATE, BROKEN_NUMBER, MISSING_FIELD, ABSURD_PRICE, BREAKAGES };

static const char *const bad_dates[] = {"13/45/2011 8:26", "n/a",       "2/30/2011 10:15",
                                        "yesterday",       "0/0/0 0:0", "12/1/2010 25:61"};
static const char *const bad_numbers[] = {"abc", "1O", "--3", "#REF!", "1.2.3", "12 pcs"};
static const char *const bad_prices[] = {"99999999.99", "-11062.06", "0", "0.0001", "38970"};
static const uint8_t removable[] = {INVOICE, STOCK_CODE, QUANTITY, DATE, PRICE, CUSTOMER};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Where each field of the row begins; begins[FIELDS] is one past the line end. */
static bool find_fields(const char *row, size_t length, size_t begins[FIELDS + 1])
{
    size_t field = 0;
    bool quoted = false;
    begins[0] = 0;
    for (size_t i = 0; i < length; i++) {
        if (row[i] == '"')
            quoted = !quoted;
        else if (!quoted && (row[i] == ',' || row[i] == '\n') && field < FIELDS)
            begins[++field] = i + 1;
    }
    return field == FIELDS;
}

static size_t replace(char *row, size_t length, const size_t begins[FIELDS + 1], unsigned field,
                      const char *text)
{
    size_t text_length = strlen(text);
    size_t end = begins[field + 1] - 1; /* the separator stays */
    memmove(row + begins[field] + text_length, row + end, length - end);
    memcpy(row + begins[field], text, text_length);
    return begins[field] + text_length + (length - end);
}

size_t rcx_shop_dirty_row(char *row, size_t length, bool sane_prices, struct rcx_random *random)
{
    size_t begins[FIELDS + 1];
    if (!find_fields(row, length, begins))
        return length;
    switch ((enum breakage)rcx_random_below(random, sane_prices ? ABSURD_PRICE : BREAKAGES)) {
    case BROKEN_DATE:
        return replace(row, length, begins, DATE,
                       bad_dates[rcx_random_below(random, COUNT(bad_dates))]);
    case BROKEN_NUMBER: {
        /* One draw per statement: C leaves the order of arguments to the compiler. */
        const char *number = bad_numbers[rcx_random_below(random, COUNT(bad_numbers))];
        bool quantity = rcx_random_below(random, 2) != 0;
        return replace(row, length, begins, quantity ? QUANTITY : PRICE, number);
    }
    case MISSING_FIELD:
        return replace(row, length, begins, removable[rcx_random_below(random, COUNT(removable))],
                       "");
    case ABSURD_PRICE:
    case BREAKAGES:
        break;
    }
    return replace(row, length, begins, PRICE,
                   bad_prices[rcx_random_below(random, COUNT(bad_prices))]);
}
