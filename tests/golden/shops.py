"""Small random shops full of what is rare in real ones: invoices over midnight and over weeks,
returns of every kind, several purchases a day, service codes, duplicates, holes, absurd values."""
import csv
import datetime as dt
import random

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
          "Country"]
PRODUCTS = [(f"{20000 + i}{'AB'[i % 2] if i % 5 == 0 else ''}", f"THING {i}") for i in range(25)]
SERVICES = [("POST", "POSTAGE"), ("d", "Discount"), ("M", "Manual"), ("BANK CHARGES", "Bank Charges")]


def a_row(rng, invoice, when, customer, country):
    code, text = rng.choice(SERVICES) if rng.random() < 0.08 else rng.choice(PRODUCTS)
    quantity = rng.choice([1, 1, 2, 3, 6, 6, 12, 12, 24, 48])
    price = rng.choice(["0.85", "1.25", "2.55", "3.3900", "7.95", "12.5"])
    odd = rng.random()
    if odd < 0.01:
        quantity = rng.choice([0, 3000, 90000, 100001, 250000])
    elif odd < 0.03:
        price = rng.choice(["0", "0.0010", "-2.5", "649.5", "38970"])
    elif odd < 0.05:
        code, text = rng.choice([("", text), (code, ""), (code, text + " ")])
    return [invoice, code, text, quantity, when, price, customer, country]


def cancel(rng, row, invoice, when):
    back = list(row)
    back[0], back[4] = invoice, when
    back[3] = -row[3] if rng.random() < 0.7 else -rng.randint(1, 60)
    if rng.random() < 0.2:
        back[5] = rng.choice(["0.85", "2.55"])
    return back


def customer_rows(rng, customer, days, numbers):
    rows = []
    country = rng.choice(["United Kingdom", "France", "EIRE"])
    start = dt.datetime(2011, 1, 3)
    for _ in range(rng.choice([1, 1, 2, 4, 8, 20])):
        when = start + dt.timedelta(days=rng.randrange(days), seconds=rng.randrange(86400))
        for _ in range(rng.choice([1, 1, 1, 2])):  # sometimes several on one day
            invoice = str(next(numbers))
            lines = [a_row(rng, invoice, when, customer, country) for _ in range(rng.choice([1, 2, 5, 9]))]
            spread = rng.random()
            if spread < 0.10:    # over some minutes, perhaps over midnight
                for i, line in enumerate(lines):
                    line[4] = when + dt.timedelta(minutes=20 * i)
            elif spread < 0.16:  # over weeks
                for line in lines:
                    line[4] = when + dt.timedelta(days=rng.randrange(40))
            elif spread < 0.30:
                lines.append(list(rng.choice(lines)))
            rows += lines
            if rng.random() < 0.3:
                number = rng.choice(["C{}", "C{}", "c{}", "A{}", "{}", "C{}X"]).format(next(numbers))
                later = when + dt.timedelta(days=rng.choice([0, 0, 1, 10, 60]), minutes=rng.choice([0, 5]))
                rows += [cancel(rng, line, number, later) for line in lines if rng.random() < 0.6]
    if rng.random() < 0.1:
        for row in rows[:2]:
            row[0] = ""
    return rows


def shop(seed, customers=30, days=330, text_customers=False):
    """Rows as lists in the columns of HEADER; times are datetimes."""
    rng = random.Random(seed)
    numbers = iter(range(536000 + seed, 10 ** 9, 3))
    rows = []
    for i in range(customers):
        name = rng.choice(["K-{}", "k{}", "Zoë {}", "{}"]).format(i) if text_customers else str(12000 + 7 * i)
        rows += customer_rows(rng, name, days, numbers)
    for _ in range(20):
        rows += customer_rows(rng, rng.choice(["", "NA", "nan"]), days, numbers)[:3]
    rows = [r for r in rows if r[4] < dt.datetime(2011, 1, 3) + dt.timedelta(days=days)]
    rng.shuffle(rows)
    return rows


def write(rows, path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for row in rows:
            out.writerow([*row[:4], row[4].strftime("%Y-%m-%d %H:%M:%S"), *row[5:]])
