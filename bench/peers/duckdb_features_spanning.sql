-- The general way, for the customers in spanning: invoices are made anew in every window.
-- In and out: as duckdb_features.sql, to whose sums, repeated and second_row this adds.

create or replace temp table spanning_row as
select customer, invoice, stock, quantity, revenue, s, age, bucket, buckets,
       stock in (from service) as is_service
from clean semi join spanning using (customer) join day_snapshot using (day);

create or replace temp table spanning_invoice as
with made as (
    select customer, s, invoice, max(age) as age, count(*) filter (not is_service) as product_rows,
           sum(quantity)::double as items, sum(revenue) as revenue, max(buckets) as buckets
    from spanning_row
    group by customer, s, invoice)
select *, items > 0 as bought, age // 30 as bucket,
       if(items > 0, lag(age) over (partition by customer, s, items > 0 order by age desc) - age, null)
           as gap
from made;

insert into sums by name
with of_rows as (
    select customer, s, sum(revenue) as net,
           coalesce(sum(revenue) filter (age < 30), 0) as net_30,
           coalesce(sum(revenue) filter (age < 60), 0) as net_60,
           coalesce(sum(revenue) filter (age < 90), 0) as net_90,
           max(buckets) as buckets,
           coalesce(sum(revenue) filter (bucket < buckets), 0) as trend_net,
           coalesce(sum(revenue * bucket) filter (bucket < buckets), 0) as trend_net_x
    from spanning_row
    group by customer, s),
of_invoices as (
    select customer, s,
           min(age) filter (bought) as last_age, max(age) filter (bought) as first_age,
           count(*) as transactions,
           count(*) filter (bought) as n,
           count(*) filter (bought and age < 30) as n_30,
           count(*) filter (bought and age < 60) as n_60,
           count(*) filter (bought and age < 90) as n_90,
           sum(revenue) filter (bought) as gross,
           stddev_samp(revenue) filter (bought) as gross_std,
           sum(items) filter (bought) as items,
           stddev_samp(items) filter (bought) as items_std,
           sum(product_rows) filter (bought) as product_rows,
           stddev_samp(gap) as gap_std,
           median(gap) as gap_median,
           count(*) filter (bought and bucket < buckets) as trend_n,
           coalesce(sum(bucket) filter (bought and bucket < buckets), 0) as trend_n_x
    from spanning_invoice
    group by customer, s
    having n > 0)
from of_rows join of_invoices using (customer, s);

insert into repeated by name
with counted as (
    select customer, s, stock, count(*) as c
    from spanning_row semi join (select customer, invoice, s from spanning_invoice where bought)
         using (customer, invoice, s)
    where not is_service
    group by customer, s, stock)
select customer, s, sum(c - 1) as surplus, sum(c * c - c) as square_surplus
from counted where c > 1
group by customer, s;

insert into second_row by name
select customer, list_extract(min(day, 2), 2) as day
from clean semi join spanning using (customer)
group by customer;
