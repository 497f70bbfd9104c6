/* The scanner of sheets: whatever it accepts, expat accepts and reads the same; and it accepts what
 * writers write, for which it is there. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/sheet_pair.h"

#include "base/buf.h"

static const char *const cells[] = {
    "<c r=\"%s%u\"><v>536365</v></c>",
    "<c r=\"%s%u\" t=\"s\"><v>0</v></c>",
    "<c r=\"%s%u\" t=\"s\"><v>2</v></c>",
    "<c r=\"%s%u\" s=\"1\"><v>40513.351388888892</v></c>",
    "<c r=\"%s%u\" s=\"0\"><v>2.5499999999999998</v></c>",
    "<c r=\"%s%u\" s=\"1\" t=\"n\"><v>0.5</v></c>",
    "<c r=\"%s%u\" s=\"1\"/>",
    "<c r=\"%s%u\" t=\"b\"><v>1</v></c>",
    "<c r=\"%s%u\" t=\"e\"><v>#DIV/0!</v></c>",
    "<c r=\"%s%u\" t=\"inlineStr\"><is><t>Caf\xC3\xA9 &amp; &lt;b&gt;</t></is></c>",
    "<c r=\"%s%u\" t=\"inlineStr\"><is><t xml:space=\"preserve\"> \"a_x0009_\" </t></is></c>",
    "<c r=\"%s%u\" t=\"str\"><v>\"quoted\" &quot;x&apos;</v></c>",
    "<c r=\"%s%u\" t=\"d\"><v>2010-12-01T08:26:00</v></c>",
    "<c r=\"%s%u\"><v>-1.5E-7</v></c>",
    "<c r=\"%s%u\"><v></v></c>",
    "<c t=\"s\" r=\"%s%u\" ><v>1</v>\n</c>",
};
enum { CELLS = sizeof cells / sizeof cells[0] };

static void add_row(struct check_random *random, unsigned line, struct rcx_buf *out)
{
    static const char *const letters[] = {"A", "B", "C", "D", "E", "F", "G", "AA", "XFD"};
    unsigned tag = (unsigned)check_below(random, 12);
    unsigned form = tag < 4 ? tag : 0;
    switch (form) {
    case 0:
        rcx_buf_printf(out, "<row r=\"%u\">", line);
        break;
    case 1:
        rcx_buf_printf(out, "<row r=\"%u\" spans=\"1:8\" x14ac:dyDescent=\"0.3\">", line);
        break;
    case 2:
        rcx_buf_printf(out, "\n <row spans=\"1:3 5:8\" r=\"%u\" hidden=\"1\" >", line);
        break;
    default:
        rcx_buf_printf(out, "<row r=\"%u\"/>", line);
        return;
    }
    for (size_t c = 0; c < sizeof letters / sizeof letters[0]; c++) {
        if (check_below(random, 4) == 0)
            continue;
        /* The forms have "%s%u" where the reference goes. */
        const char *cell = cells[check_below(random, CELLS)];
        const char *place = strstr(cell, "%s%u");
        rcx_buf_append(out, cell, (size_t)(place - cell));
        rcx_buf_printf(out, "%s%u", letters[c], line);
        rcx_buf_append_text(out, place + 4);
    }
    rcx_buf_append_text(out, "</row>");
}

static void make_sheet(struct check_random *random, struct rcx_buf *out)
{
    unsigned rows = (unsigned)check_below(random, 5), line = 0;
    rcx_buf_clear(out);
    for (unsigned i = 0; i < rows; i++) {
        line += 1 + (unsigned)check_below(random, 3);
        add_row(random, line, out);
    }
}

static void test_what_writers_write(void **state)
{
    (void)state;
    struct check_random random = {21};
    struct rcx_buf sheet = {0};
    size_t records = 0, all = 0;
    for (int i = 0; i < 3000; i++) {
        make_sheet(&random, &sheet);
        assert_int_equal(sheet_pair_read(sheet.data, sheet.length, &records), SHEET_PAIR_SAME);
        all += records;
    }
    assert_true(all > 3000);
    rcx_buf_release(&sheet);
}

/* Bytes that matter to XML are more likely. */
static uint8_t some_byte(struct check_random *random)
{
    static const char likely[] = "<>&\"'/= \n\tcrvtsi!?-[]:;.0159AZ#x_\xEF\xBF\x01";
    return check_below(random, 4) ? (uint8_t)likely[check_below(random, sizeof likely - 1)]
                                  : (uint8_t)check_below(random, 256);
}

static void mutate(struct check_random *random, struct rcx_buf *sheet)
{
    if (sheet->length == 0)
        return;
    size_t at = check_below(random, sheet->length), more = check_below(random, 12);
    switch (check_below(random, 4)) {
    case 0: /* another byte */
        sheet->data[at] = some_byte(random);
        break;
    case 1: /* some bytes less */
        more = more < sheet->length - at ? more : sheet->length - at;
        memmove(sheet->data + at, sheet->data + at + more, sheet->length - at - more);
        sheet->length -= more;
        break;
    case 2: { /* one more */
        uint8_t byte = some_byte(random);
        rcx_buf_append_byte(sheet, 0);
        memmove(sheet->data + at + 1, sheet->data + at, sheet->length - at - 1);
        sheet->data[at] = byte;
        break;
    }
    default: { /* some bytes copied elsewhere */
        size_t to = check_below(random, sheet->length);
        size_t most = sheet->length - (at > to ? at : to);
        memmove(sheet->data + to, sheet->data + at, more < most ? more : most);
    }
    }
}

static void test_accepts_nothing_that_expat_refuses(void **state)
{
    (void)state;
    struct check_random random = {22};
    struct rcx_buf sheet = {0};
    size_t counts[4] = {0}, records = 0;
    int rounds = getenv("RCX_FULL") ? 2000000 : 60000;
    for (int i = 0; i < rounds; i++) {
        make_sheet(&random, &sheet);
        for (uint64_t k = check_below(&random, 3); k < 3; k++)
            mutate(&random, &sheet);
        enum sheet_pair pair = sheet_pair_read(sheet.data, sheet.length, &records);
        if (pair == SHEET_PAIR_REFUSED || pair == SHEET_PAIR_DIFFERENT)
            fail_msg("round %d: %s: %.*s", i, pair == SHEET_PAIR_REFUSED ? "refused" : "different",
                     (int)sheet.length, (const char *)sheet.data);
        counts[pair]++;
    }
    assert_true(counts[SHEET_PAIR_SAME] > (size_t)rounds / 50); /* values changed, nothing else */
    assert_true(counts[SHEET_PAIR_LEFT] > (size_t)rounds / 4);
    rcx_buf_release(&sheet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_writers_write),
        cmocka_unit_test(test_accepts_nothing_that_expat_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
