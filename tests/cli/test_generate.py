"""rcx generate: the rows as other programs read them, and the model behind them."""
import collections
import csv
import datetime
import io
import json
import math
import os
import stat

import pytest

from cli_support import expect, run

COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
           "CustomerID", "Country"]
ROWS = 200_000
Row = collections.namedtuple("Row", "invoice code description quantity time price customer country")


def parse(text):
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert next(reader) == COLUMNS
    return [Row(f[0], f[1], f[2], int(f[3]), datetime.datetime.strptime(f[4], "%m/%d/%Y %H:%M"),
                round(float(f[5]) * 100), f[6], f[7]) for f in reader]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    expect("generate", "--rows", ROWS, "-q", "-o", folder / "shop.csv", "--truth",
           folder / "truth.csv", stdout="")
    truth = list(csv.DictReader((folder / "truth.csv").open(newline="")))
    return parse((folder / "shop.csv").read_text()), truth


def number(row):
    return int(row.invoice.lstrip("C"))


def is_cancellation(row):
    return row.invoice.startswith("C")


def test_rows_are_as_many_as_asked_for(shop):
    assert len(shop[0]) == ROWS


def test_invoice_numbers_grow_with_time(shop):
    rows = shop[0]
    for before, after in zip(rows, rows[1:]):
        assert before.time <= after.time and number(before) <= number(after)


def test_an_invoice_is_one_moment_and_one_customer(shop):
    seen = {}
    for row in shop[0]:
        key = (row.time, row.customer, row.country)
        assert seen.setdefault(row.invoice, key) == key
    lines = collections.Counter(row.invoice for row in shop[0])
    assert 15 < ROWS / len(lines) < 25


def test_the_shop_is_closed_at_night_on_saturdays_and_at_christmas(shop):
    days = {row.time.date() for row in shop[0]}
    assert min(days) >= datetime.date(2010, 12, 1) and max(days) <= datetime.date(2011, 12, 9)
    assert not [day for day in days if day.weekday() == 5]
    assert datetime.date(2010, 12, 24) not in days and datetime.date(2010, 12, 23) in days
    assert all(7 <= row.time.hour <= 21 for row in shop[0])


def test_autumn_sells_more_than_spring(shop):
    invoices = {row.invoice: row.time.month for row in shop[0] if not is_cancellation(row)}
    by_month = collections.Counter(invoices.values())
    assert by_month[11] > 1.4 * by_month[4]


def test_a_quarter_of_the_rows_are_guests(shop):
    guests = [row for row in shop[0] if not row.customer]
    assert len(guests) == ROWS // 4
    assert all(row.country == "United Kingdom" for row in guests)


def test_prices_are_stable_but_for_promotions(shop):
    prices = collections.defaultdict(collections.Counter)
    for row in shop[0]:
        if row.code[0].isdigit() and row.price:
            prices[row.code][row.price] += 1
    assert all(len(seen) <= 2 for seen in prices.values())
    for seen in prices.values():
        if len(seen) == 2:
            low, high = sorted(seen)
            assert low == high - high // 5
    assert sum(max(seen.values()) for seen in prices.values()) > 0.94 * ROWS


def test_few_products_sell_much(shop):
    sold = collections.Counter(row.code for row in shop[0] if row.code[0].isdigit())
    best = sum(count for _, count in sold.most_common(len(sold) // 5))
    assert 0.45 < best / ROWS < 0.75
    assert len(sold) > 3900


def test_cancellations_take_back_what_was_bought_before(shop):
    bought, checked = {}, 0
    for row in shop[0]:
        if not is_cancellation(row):
            if row.customer and row.quantity > 0:
                held = bought.setdefault((row.customer, row.code), {})
                held[row.price] = max(held.get(row.price, 0), row.quantity)
            continue
        assert row.quantity < 0
        if row.code == "D":
            continue
        assert -row.quantity <= bought[row.customer, row.code][row.price]
        checked += 1
    assert 0.008 * ROWS < checked < 0.03 * ROWS


def test_corrections_of_the_stock_cost_nothing(shop):
    free = [row for row in shop[0] if row.price == 0]
    assert free and all(not row.customer and len(row.description) < 12 for row in free)
    assert any(row.description == "" for row in free)


def test_texts_need_quoting_now_and_then(shop):
    descriptions = {row.description for row in shop[0]}
    assert any("," in text for text in descriptions) and any('"' in text for text in descriptions)
    assert len(descriptions) > 3900


def test_service_codes_and_countries_occur(shop):
    codes = {row.code for row in shop[0]}
    assert {"POST", "M", "D", "DOT", "BANK CHARGES"} <= codes
    countries = collections.Counter({row.customer: row.country for row in shop[0]}.values())
    assert len(countries) == 12
    assert 0.85 < countries["United Kingdom"] / sum(countries.values()) < 0.95


def purchases_of(rows):
    return {(row.customer, row.invoice): row.time for row in rows
            if row.customer and not is_cancellation(row)}


def test_truth_counts_the_purchases_of_the_file(shop):
    rows, truth = shop
    counts = collections.Counter(customer for customer, _ in purchases_of(rows))
    assert {t["customer_id"]: int(t["purchases"]) for t in truth} == counts


def test_truth_knows_first_and_last_purchase(shop):
    rows, truth = shop
    days = collections.defaultdict(list)
    for (customer, _), time in purchases_of(rows).items():
        days[customer].append(str(time.date()))
    for t in truth:
        assert t["first_purchase"] == min(days[t["customer_id"]])
        if t["alive_until"]:
            assert t["alive_until"] == max(days[t["customer_id"]])


def test_parameters_have_the_means_of_their_distributions(shop):
    truth = shop[1]
    n = len(truth)

    def mean(name):
        return sum(float(t[name]) for t in truth) / n

    rate, deviation = 0.85 / 50, math.sqrt(0.85) / 50
    assert abs(mean("purchases_per_day") - rate) < 4 * deviation / math.sqrt(n)
    p, variance = 0.5 / 6, 0.5 * 5.5 / (36 * 7)
    assert abs(mean("dropout") - p) < 4 * math.sqrt(variance / n)
    assert abs(mean("mean_spend") / (2.1 * 486 / 2.45) - 1) < 0.1


def test_every_repeat_purchase_flips_the_coin_of_its_customer(shop):
    """Sum of (dropped - p x) over customers has mean 0 and variance sum of p (1 - p) x."""
    difference = variance = 0
    for t in shop[1]:
        p, repeats = float(t["dropout"]), int(t["purchases"]) - 1
        difference += bool(t["alive_until"]) - p * repeats
        variance += p * (1 - p) * repeats
    assert abs(difference) < 4 * math.sqrt(variance)


def test_who_never_comes_back_is_as_bgnbd_expects(shop):
    """P(no repeat purchase within t) = (alpha / (alpha + t))^r, t in days of shop time, which on
    average over the year is a day of the calendar."""
    end = datetime.date(2011, 12, 10)
    expected = sum((50 / (50 + (end - datetime.date.fromisoformat(t["first_purchase"])).days)) ** 0.85
                   for t in shop[1])
    once = sum(t["purchases"] == "1" for t in shop[1])
    assert abs(once / expected - 1) < 0.12


def test_baskets_are_worth_what_gamma_gamma_says(shop):
    rows, truth = shop
    spent = collections.Counter()
    for row in rows:
        if row.customer and not is_cancellation(row) and row.code[0].isdigit():
            spent[row.customer] += row.quantity * row.price / 100
    expected = sum(float(t["mean_spend"]) * int(t["purchases"]) for t in truth)
    assert abs(sum(spent.values()) / expected - 1) < 0.05
    heavy = [t for t in truth if int(t["purchases"]) >= 12]
    off = [abs(math.log(spent[t["customer_id"]] / (float(t["mean_spend"]) * int(t["purchases"]))))
           for t in heavy]
    assert len(heavy) > 30 and sorted(off)[len(off) // 2] < 0.2


def test_threads_do_not_matter_and_the_seed_does(tmp_path):
    def digest(*options):
        path = tmp_path / "x.csv"
        expect("generate", "--rows", 30000, "--dirty", 0.01, "-q", "-o", path, *options)
        return path.read_bytes()
    one = digest("--threads", 1)
    assert all(digest("--threads", n) == one for n in (2, 3, 7))
    assert digest("--seed", 2) != one
    assert digest("--seed", 1) == one


def test_standard_output_gets_the_same_bytes(tmp_path):
    expect("generate", "--rows", 5000, "-q", "-o", tmp_path / "x.csv")
    assert run("generate", "--rows", 5000, "-q", "-o", "-").stdout == (tmp_path / "x.csv").read_text()


def test_customers_scale_the_rates(tmp_path):
    for customers in (50, 300, 3000):
        path = tmp_path / "x.csv"
        report = json.loads(expect("generate", "--rows", 60000, "--customers", customers, "--json", "-q",
                                   "-o", path).stdout)
        assert report["schema"] == "rcx.generate/1"
        rows = parse(path.read_text())
        assert report["rows"] == len(rows) == 60000
        assert len({row.customer for row in rows} - {""}) == report["customers"] == customers
        assert report["invoices"] == len({row.invoice for row in rows})
    assert report["rate_scale"] < 1


def test_dirty_rows_are_broken_in_every_way(tmp_path):
    path = tmp_path / "x.csv"
    expect("generate", "--rows", 50000, "--dirty", 0.05, "-q", "-o", path)
    with path.open(newline="") as file:
        fields = list(csv.reader(file, strict=True))[1:]
    assert len(fields) == 50000 and {len(row) for row in fields} == {8}
    found = collections.Counter()
    for before, row in zip([None] + fields, fields):
        found["duplicate"] += row == before
        found["missing"] += "" in (row[0], row[1], row[3], row[4], row[5])
        try:
            datetime.datetime.strptime(row[4], "%m/%d/%Y %H:%M")
        except ValueError:
            found["date"] += row[4] != ""
        try:
            int(row[3])
            found["price"] += float(row[5]) < 0 or float(row[5]) > 30000
        except ValueError:
            found["number"] += row[3] != "" and row[5] != ""
    for kind in ("duplicate", "missing", "date", "price", "number"):
        assert found[kind] > 200, found
    assert 1700 < sum(found.values()) < 2900


def test_options_change_what_is_made(tmp_path):
    def made(*options):
        path = tmp_path / "x.csv"
        expect("generate", "--rows", 20000, "-q", "-o", path, *options)
        return parse(path.read_text())
    assert all(row.customer for row in made("--guests", 0))
    assert not any(is_cancellation(row) for row in made("--returns", 0))
    rows = made("--start", "2020-03-02", "--days", 10, "--products", 7)
    assert {str(row.time.date()) for row in rows} <= {f"2020-03-{day:02}" for day in range(2, 12)}
    assert len({row.code for row in rows if row.code[0].isdigit()}) == 7
    invoices = len({row.invoice for row in made("--basket", 5, "--guests", 0, "--returns", 0)})
    assert 3600 < invoices < 4400
    truth = tmp_path / "truth.csv"
    made("--bgnbd", "2,20,1,1", "--gamma-gamma", "6,4,15", "--truth", truth)
    p = [float(t["dropout"]) for t in csv.DictReader(truth.open())]
    assert 0.45 < sum(p) / len(p) < 0.55


@pytest.mark.parametrize("arguments, message", [
    ([], r".*output.*"),
    (["-o", "x", "--guests", "much"], r"rcx: error: --guests: 'much' is not a number\n.*"),
    (["-o", "x", "--bgnbd", "1,2,3"], r"rcx: error: --bgnbd: '1,2,3' is not four numbers with commas between\n.*"),
    (["-o", "x", "--bgnbd", "1,2,3,4,5"], r".*is not four numbers.*"),
    (["-o", "x", "--gamma-gamma", "1,,3"], r".*is not three numbers.*"),
    (["-o", "x", "--dirty", "1.5"], r".*dirty share is 1.5, must be 0 to 1\n.*"),
    (["-o", "x", "--rows", "10", "--customers", "9"], r".*9 customers need at least one row each.*"),
    (["-o", "-", "--json"], r".*the rows go to standard output, so the report \(--json\) cannot\n.*"),
    (["-o", "-", "--truth", "-"], r".*so the truth cannot\n.*"),
])
def test_mistakes_are_explained(tmp_path, arguments, message):
    expect("generate", *arguments, code=2, stdout="", stderr=message, cwd=tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_directory_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "no" / "x.csv"
    expect("generate", "--rows", 10, "-o", path, code=1, stdout="", stderr=rf".*{path}: cannot create.*")


def test_a_pipe_stays_a_pipe(tmp_path):
    """What is no regular file is written in place, never replaced."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    expect("generate", "--rows", 100, "-q", "-o", path)
    assert os.read(reader, 1 << 20).count(b"\n") == 101
    os.close(reader)
    assert stat.S_ISFIFO(os.lstat(path).st_mode) and os.listdir(tmp_path) == ["pipe"]
