"""Cleaning, features and labels by the text of the specification, row by row, in exact arithmetic.

Slow and plain on purpose: every snapshot starts again from all rows, nothing is kept between
customers, and numbers are integers and fractions until a value is final. It shares no code and no
structure with the program."""
import csv
import datetime as dt
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

DAY = 86400
EPOCH = dt.datetime(1970, 1, 1)
SERVICE = {"POST", "DOT", "D", "M", "C2", "BANK CHARGES", "AMAZONFEE", "CRUK", "S", "B", "PADS"}
MISSING = {"", "na", "null", "nan"}


@dataclass(frozen=True)
class Row:
    customer: object  # int, str, or None for a guest
    time: int
    invoice: str
    stock: str
    quantity: int
    price: Fraction
    description: str
    country: str

    @property
    def revenue(self):
        return self.quantity * self.price

    @property
    def day(self):
        return self.time // DAY

    def order(self):
        guest = self.customer is None
        customer = 0 if guest else self.customer
        if isinstance(customer, str):
            customer = customer.encode()
        return (guest, customer, self.time, self.invoice.encode(), self.stock.encode(),
                self.quantity, self.price, self.description.encode(), self.country.encode())


@dataclass
class Options:
    original: bool = False
    observation_days: int = 180
    min_lifetime_days: int = 30
    windows: dict = field(default_factory=lambda: {"short": 30, "medium": 60, "long": 90, "very_long": 180})
    min_rows: int = 2
    fit_days: int = 30
    min_fit_rows: int = 1000
    price_percentile: Fraction = Fraction(99, 100)
    drop_duplicates: bool = True
    require_description: bool = True
    flag_outliers: bool = False
    matched: bool = True
    churn_days: int = 90
    churn_gap: int = 0
    min_tenure: int = 30
    clv_days: int = 180
    prefix: str = "C"


def read(path, text_customers=False):
    rows = []
    with open(path, newline="", encoding="utf-8") as file:
        for r in csv.DictReader(file):
            when = dt.datetime.strptime(r["InvoiceDate"], "%Y-%m-%d %H:%M:%S")
            customer = r["CustomerID"]
            if customer.lower() in MISSING:
                customer = None
            elif not text_customers:
                customer = int(customer)
            rows.append(Row(customer, int((when - EPOCH).total_seconds()), r["InvoiceNo"], r["StockCode"],
                            int(r["Quantity"]), Fraction(Decimal(r["UnitPrice"])), r["Description"],
                            r["Country"]))
    return sorted(rows, key=Row.order)


# ---- cleaning -------------------------------------------------------------------------------------

def percentile(values, share):
    """Linear interpolation at share * (n - 1): the two neighbours and the fraction between them."""
    values = sorted(values)
    position = share * (len(values) - 1)
    below = int(position)
    part = position - below
    above = values[below + 1] if part else values[below]
    return values[below], above, part


def between(point):
    low, high, part = point
    return low + (high - low) * part


@dataclass
class Thresholds:
    applied: bool
    rows: int
    price: Fraction = None
    low: float = None
    high: float = None


def learn(rows, o):
    first_day = min(r.day for r in rows[1])
    fit = rows[0] if o.original else [r for r in rows[0] if r.day < first_day + o.fit_days]
    if len(fit) < o.min_fit_rows or not fit:
        return Thresholds(False, len(fit))
    learned = len(fit)
    price = between(percentile([r.price for r in fit], o.price_percentile))
    if o.original:
        fit = [r for r in fit if r.price <= price]
    quantities = [r.quantity for r in fit if r.quantity > 0]
    result = Thresholds(True, learned, price, -math.inf, math.inf)
    if quantities:
        q1, q3 = percentile(quantities, Fraction(1, 4)), percentile(quantities, Fraction(3, 4))
        if o.original:
            q1, q3 = between(q1), between(q3)
        else:
            q1, q3 = (math.log(a) + (math.log(b) - math.log(a)) * float(part) for a, b, part in (q1, q3))
        result.low, result.high = q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)
    return result


def is_quantity_outlier(row, t, o):
    if row.quantity <= 0:
        return False
    if o.original:
        return not t.low <= row.quantity <= t.high
    return math.log(row.quantity) > t.high + 1e-9 or math.log(row.quantity) < t.low - 1e-9


def matches(rows):
    """Pairs (purchase, return) of indices into rows, which are in the store's order."""
    pairs = []
    taken = set()
    returns = sorted((i for i, r in enumerate(rows) if r.quantity < 0),
                     key=lambda i: (rows[i].time, rows[i].invoice.encode(), rows[i].price))
    for i in returns:
        back = rows[i]
        free = [k for k, r in enumerate(rows) if k not in taken and r.customer == back.customer and
                r.stock == back.stock and r.quantity == -back.quantity and r.time <= back.time]
        if free:
            best = max(free, key=lambda k: (rows[k].time, rows[k].invoice.encode(), rows[k].price, k))
            taken.add(best)
            pairs.append((best, i))
    return pairs


@dataclass
class Cleaned:
    counts: dict        # rule -> rows
    stage_2: list
    stage_3: list
    final: list
    thresholds: Thresholds


def clean(rows, o):
    counts = {}

    def drop(rule, rows, wrong):
        kept = [r for r in rows if not wrong(r)]
        counts[rule] = len(rows) - len(kept)
        return kept

    everything = rows
    rows = drop("null_customer", rows, lambda r: r.customer is None)
    rows = drop("null_invoice", rows, lambda r: not r.invoice)
    rows = drop("null_stock_code", rows, lambda r: not r.stock)
    if o.require_description:
        rows = drop("null_description", rows, lambda r: not r.description)
    if o.drop_duplicates and not o.original:
        seen = set()
        rows = drop("exact_duplicate", rows, lambda r: r in seen or seen.add(r))
    rows = drop("invalid_price", rows, lambda r: r.price < Fraction(1, 100))
    rows = drop("zero_quantity", rows, lambda r: r.quantity == 0)
    rows = drop("quantity_range", rows, lambda r: abs(r.quantity) > 100000)
    stage_2 = rows
    t = learn((stage_2, everything), o)
    if t.applied and not o.flag_outliers:
        by_rule = [r.price > t.price or is_quantity_outlier(r, t, o) for r in stage_2]
        counts["price_outlier"] = sum(r.price > t.price for r in stage_2)
        counts["quantity_outlier"] = sum(by_rule) - counts["price_outlier"]
        dropped = {i for i, out in enumerate(by_rule) if out}
        if o.matched and not o.original:
            extra = {back for bought, back in matches(stage_2) if bought in dropped} - dropped
            counts["matched_cancellation"] = len(extra)
            dropped |= extra
        rows = [r for i, r in enumerate(stage_2) if i not in dropped]
    stage_3 = rows
    of = Counter(r.customer for r in rows)
    rows = drop("min_rows", rows, lambda r: of[r.customer] < o.min_rows)
    return Cleaned(counts, stage_2, stage_3, rows, t)


# ---- features -------------------------------------------------------------------------------------

def variance(values):
    n = len(values)
    mean = Fraction(sum(values), n) if all(isinstance(v, int) for v in values) else sum(values) / n
    return sum((v - mean) ** 2 for v in values) / Fraction(n - 1)


def root(x):
    """The square root of a fraction to double precision."""
    scale = 10 ** 60
    return math.isqrt(int(x * scale * scale)) / scale if x else 0.0


def slope(ys):
    """Exact least-squares slope over x = 0, 1, 2, ...; None for fewer than two."""
    m = len(ys)
    if m < 2:
        return None
    mean_x, mean_y = Fraction(m - 1, 2), Fraction(sum(ys)) / m
    return (sum((x - mean_x) * (y - mean_y) for x, y in enumerate(ys)) /
            sum((x - mean_x) ** 2 for x in range(m)))


def invoices(rows):
    groups = defaultdict(list)
    for r in rows:
        groups[r.invoice].append(r)
    return list(groups.values())


def purchases(rows):
    return [g for g in invoices(rows) if sum(r.quantity for r in g) > 0]


def instant(group):
    return min(r.time for r in group)


def real(x):
    return None if x is None else float(x)


def median(values):
    values = sorted(values)
    n = len(values)
    return Fraction(values[(n - 1) // 2] + values[n // 2], 2)


def sign(x):
    return 0 if not x else (1 if x > 0 else -1)


def gaps_features(gaps, undefined):
    out = dict.fromkeys(("mean", "std", "median", "cv"), undefined)
    if gaps:
        out["mean"] = real(Fraction(sum(gaps), len(gaps)))
        out["median"] = real(median(gaps))
    if len(gaps) >= 2:
        out["std"] = root(variance(gaps))
        if sum(gaps):
            out["cv"] = out["std"] / out["mean"]
    return out


def features_of(window, snapshot, first_day, o):
    """The features of one customer but the normalised score; None when there is no row."""
    cutoff = (snapshot + 1) * DAY
    undefined = 0.0 if o.original else None
    if o.original:
        bought = [[r] for r in window]
        days = lambda a, b: (b - a) // DAY
        end = cutoff - 1
        baskets = [abs(sum(r.quantity for r in g)) for g in invoices(window)]
        returned = Fraction(sum(r.quantity < 0 for r in window), len(window)) if window else None
    else:
        bought = sorted(purchases(window), key=instant)
        days = lambda a, b: b // DAY - a // DAY
        end = snapshot * DAY
        baskets = [sum(r.quantity for r in g) for g in bought]
        returned = Fraction(len(invoices(window)) - len(bought), len(invoices(window))) if window else None
    if not bought:
        return None
    n = len(bought)
    times = sorted(instant(g) for g in bought)
    money = [sum(r.revenue for r in g) for g in bought]
    f = {}
    f["rfm_recency_days"] = days(times[-1], end)
    f["rfm_frequency_count"] = n
    f["rfm_monetary_avg"] = real(Fraction(sum(money)) / n)
    f["rfm_monetary_total"] = real(sum(r.revenue for r in window))
    f["rfm_monetary_std"] = root(variance(money)) if n > 1 else 0.0
    f["days_since_first_purchase"] = days(times[0], end)
    f["customer_lifetime_days"] = days(times[0], times[-1])
    for name, length in o.windows.items():
        since = cutoff - length * DAY
        f[f"txn_count_{name}_{length}d"] = sum(t >= since for t in times)
        f[f"revenue_{name}_{length}d"] = real(sum(r.revenue for r in window if r.time >= since))
    gaps = gaps_features([days(a, b) for a, b in zip(times, times[1:])], undefined)
    for key in ("mean", "std", "median", "cv"):
        f[f"interpurchase_time_{key}"] = gaps[key]
    lifetime = f["customer_lifetime_days"]
    lifetime = (lifetime or 30) if o.original else max(lifetime, o.min_lifetime_days)
    f["purchase_frequency_per_month"] = real(Fraction(30 * n, lifetime))
    codes = Counter(r.stock for g in bought for r in g if o.original or r.stock.upper() not in SERVICE)
    total = sum(codes.values())
    f["unique_products_count"] = len(codes)
    f["avg_basket_size"] = real(Fraction(sum(baskets), len(baskets)))
    f["std_basket_size"] = root(variance(baskets)) if len(baskets) > 1 else 0.0
    f["return_rate"] = real(returned)
    f["product_diversity_hhi"] = (real(1 - sum(Fraction(c, total) ** 2 for c in codes.values()))
                                  if total else undefined)
    f["engagement_score"] = real(Fraction(sum(money)) / (f["rfm_recency_days"] + 1))
    f["engagement_score_normalized"] = None
    cv = gaps["cv"]
    f["consistency_score"] = None if cv is None else 1 / (1 + cv)
    f["activity_score"] = real(Fraction(f[f"txn_count_{min(o.windows, key=o.windows.get)}_"
                                          f"{min(o.windows.values())}d"], n + 1))
    revenue, counts = buckets(window, times, snapshot, first_day, o)
    slopes = slope(revenue), slope(counts)
    f["revenue_trend_slope"], f["transaction_trend_slope"] = (
        undefined if s is None else real(s) for s in slopes)
    f["revenue_trend_direction"], f["transaction_trend_direction"] = map(sign, slopes)
    return f


def buckets(window, times, snapshot, first_day, o):
    if o.original:
        months = sorted({month(r.day) for r in window})
        return ([sum(r.revenue for r in window if month(r.day) == m) for m in months],
                [sum(month(t // DAY) == m for t in times) for m in months])
    revenue, counts = [], []
    end = snapshot + 1
    while end - 30 >= max(first_day, snapshot + 1 - o.observation_days):
        inside = range(end - 30, end)
        revenue.insert(0, sum(r.revenue for r in window if r.day in inside))
        counts.insert(0, sum(t // DAY in inside for t in times))
        end -= 30
    return revenue, counts


def month(day):
    date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    return date.year * 12 + date.month


def labels_of(rows, snapshot, last_day, tenure_days, o):
    """rows: of the customer, that count for labels."""
    cutoff = (snapshot + 1) * DAY
    begin = cutoff + o.churn_gap * DAY
    window = [r for r in rows if begin <= r.time < begin + o.churn_days * DAY]
    active = bool(window) if o.original else bool(purchases(window))
    if not o.original:
        before = purchases([r for r in rows if r.time < cutoff])
        tenure_days = snapshot - min(map(instant, before)) // DAY if before else -1
    value = sum(r.revenue for r in rows if cutoff <= r.time < cutoff + o.clv_days * DAY)
    end = (last_day + 1) * DAY
    return {
        "churn_eligible": int(tenure_days >= 0 and tenure_days >= o.min_tenure),
        "churn": int(not active) if begin + o.churn_days * DAY <= end else None,
        "clv": real(value) if cutoff + o.clv_days * DAY <= end else None,
    }


def table(rows, cleaned, snapshots, o):
    """Rows of the feature table with labels, as dictionaries; dates are days since 1970."""
    first_day, last_day = min(r.day for r in rows), max(r.day for r in rows)
    kept = cleaned.final if o.original else cleaned.stage_3
    for_labels = cleaned.final if o.original else cleaned.stage_2
    customers = sorted({r.customer for r in kept}, key=lambda c: c.encode() if isinstance(c, str) else c)
    out = []
    for snapshot in snapshots:
        cutoff = (snapshot + 1) * DAY
        part = []
        for customer in customers:
            mine = [r for r in kept if r.customer == customer and r.time < cutoff]
            window = [r for r in mine if r.time >= cutoff - o.observation_days * DAY]
            if not o.original and len(mine) < o.min_rows:
                continue
            f = features_of(window, snapshot, first_day, o)
            if f is None:
                continue
            f.update(labels_of([r for r in for_labels if r.customer == customer], snapshot, last_day,
                               f["days_since_first_purchase"], o))
            part.append({"customer_id": customer, "snapshot_date": snapshot, **f})
        best = max((f["engagement_score"] for f in part), default=0)
        for f in part:
            share = f["engagement_score"] / best if best > 0 else 0.0
            f["engagement_score_normalized"] = share if o.original else max(share, 0.0)
        out.extend(part)
    return out
