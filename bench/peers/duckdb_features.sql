-- The 33 features of every customer at every snapshot (at most 12), standard definitions.
-- In:  the tables of duckdb_clean.sql; stock (code, text); snapshot (s = 0 .. 11, day).
-- Out: sums, repeated, second_row for duckdb_features_table.sql; spanning, the customers that
--      duckdb_features_spanning.sql adds to them.
--
-- Rows are read twice: once into one row per invoice, once into one sorted word per product row. Only
-- invoices, not rows, are multiplied by the snapshots that see them. An invoice whose rows lie on
-- several days may differ from window to window: customers with such an invoice are left out here.

create or replace temp table service as
select code from stock
where upper(text) in ('POST', 'DOT', 'D', 'M', 'C2', 'BANK CHARGES', 'AMAZONFEE', 'CRUK', 'S', 'B', 'PADS');

create or replace temp table invoice_all as
select customer, invoice, min(day) as day, max(day) as last_day, count(*) as row_count,
       count(*) filter (stock not in (from service)) as product_rows,
       sum(quantity)::double as items, sum(revenue) as revenue
from clean
group by customer, invoice;

create or replace temp table spanning as
select distinct customer from invoice_all where day <> last_day;

-- The gap of #16-19 belongs to the later purchase and counts in a window that holds both. What only
-- purchases have is null elsewhere: aggregates skip nulls faster than they evaluate FILTER.
create or replace temp table invoice_day as
select customer, invoice, day, revenue, items > 0 as bought, bought::integer::double as purchases,
       if(bought, revenue, null) as gross,
       if(bought, items, null) as items,
       if(bought, product_rows, null)::double as product_rows,
       if(bought, day - lag(day) over (partition by customer, items > 0 order by day), null) as gap
from invoice_all
where customer not in (from spanning);

-- Which snapshots see a day, with the weight of the day in each window and trend bucket. counts packs
-- four counters of 13 bits into a double (exact below 2^53): all, 30, 60, 90 days; trend_counts two:
-- in a bucket, and the sum of the bucket numbers.
create or replace temp table day_snapshot as
select *, 1 + 8192.0::double * in_30 + 67108864.0::double * in_60 + 549755813888.0::double * in_90
              as counts,
       in_trend + 8192.0::double * trend_x as trend_counts
from (select d.day::integer as day, s, (snapshot.day - d.day)::integer as age,
             ((snapshot.day - d.day) // 30)::integer as bucket,
             least(6, (snapshot.day + 1 - d0) // 30)::integer as buckets,
             (age < 30)::integer::double as in_30,
             (age < 60)::integer::double as in_60,
             (age < 90)::integer::double as in_90,
             (bucket < buckets)::integer::double as in_trend,
             in_trend * bucket as trend_x
      from span, snapshot, range(snapshot.day - 179, snapshot.day + 1) as d(day));

create or replace temp table sums as
with packed as (
    select customer, s,
           min(if(bought, age, null)) as last_age, max(if(bought, age, null)) as first_age,
           count(*) as transactions,
           sum(purchases * counts)::bigint as counts,
           sum(purchases * trend_counts)::bigint as trend_counts,
           sum(revenue) as net,
           sum(revenue * in_30) as net_30,
           sum(revenue * in_60) as net_60,
           sum(revenue * in_90) as net_90,
           sum(gross) as gross, stddev_samp(gross) as gross_std,
           sum(items) as items, stddev_samp(items) as items_std,
           sum(product_rows) as product_rows,
           stddev_samp(if(age + gap < 180, gap, null)) as gap_std,
           median(if(age + gap < 180, gap, null)) as gap_median,
           max(buckets) as buckets,
           sum(revenue * in_trend) as trend_net,
           sum(revenue * trend_x) as trend_net_x
    from invoice_day join day_snapshot using (day)
    group by customer, s
    having sum(purchases) > 0
       and if(count(*) < 8192, true, error('a customer has 8,192 invoices in a window')))
select * exclude (counts, trend_counts),
       counts & 8191 as n, (counts >> 13) & 8191 as n_30, (counts >> 26) & 8191 as n_60,
       counts >> 39 as n_90, trend_counts & 8191 as trend_n, trend_counts >> 13 as trend_n_x
from packed;

-- #21 and #25: a code bought once counts 1 in both, so only repeats of (customer, stock code) matter.
-- One word per row (customer, stock code, day), sorted; neighbours that share the first two are repeats.
create or replace temp table product_row as
select (customer::bigint << 32) | (stock::bigint << 16) | day::bigint as word
from clean semi join (select customer, invoice from invoice_day where bought) using (customer, invoice)
where stock not in (from service)
order by word;

create or replace temp table repeat_row as
select word
from (select word, word >> 16 as product, lag(product) over () as before, lead(product) over () as after
      from product_row)
where product = before or product = after;

-- Rows per customer, stock code and snapshot: 13-bit counters, four to a double (exact below 2^53).
create or replace temp table day_pack as
select day,
       coalesce(sum(8192.0 ^ (s % 4)) filter (s // 4 = 0), 0)::double as p0,
       coalesce(sum(8192.0 ^ (s % 4)) filter (s // 4 = 1), 0)::double as p1,
       coalesce(sum(8192.0 ^ (s % 4)) filter (s // 4 = 2), 0)::double as p2
from day_snapshot group by day;

create or replace temp table repeated as
with pack as (
    select word >> 16 as product, sum(p0)::bigint as p0, sum(p1)::bigint as p1, sum(p2)::bigint as p2
    from repeat_row join day_pack on day_pack.day = word & 65535
    group by product
    having if(count(*) < 8192, true, error('a customer has 8,192 rows of one stock code'))),
counted as (
    select (product >> 16)::integer as customer, s,
           ((case s // 4 when 0 then p0 when 1 then p1 else p2 end) >> (13 * (s % 4))) & 8191 as c
    from pack, snapshot)
select customer, s, sum(c - 1) as surplus, sum(c * c - c) as square_surplus
from counted where c > 1
group by customer, s;

-- Population: two cleaned rows before the cutoff. The day on which a customer's rows reach two:
create or replace temp table second_row as
select customer, least(min(day) filter (row_count > 1), list_extract(min(day, 2), 2)) as day
from invoice_all
where customer not in (from spanning)
group by customer;
