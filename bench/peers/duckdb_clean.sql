-- Cleaning stages 1 to 3. (Stage 4 removes nothing from a snapshot.)
-- In:  tx of duckdb_load.sql, physically sorted by all its columns.
-- Out: temporary tables span, stage2, threshold, matched_return; view clean.

create or replace temp table span as
select min(day) as d0, max(day) as d1, min(day) + 30 as fit_end from tx;

-- Exact duplicates are neighbours, because tx is sorted by all its columns. lag() without an order is a
-- streaming window: one pass and no hash table, a third of the CPU of GROUP BY ALL.
create or replace temp table stage2 as
select customer, day, tod, invoice, stock, quantity, price
from (select *,
             stock = lag(stock) over () and invoice = lag(invoice) over ()
             and quantity = lag(quantity) over () and tod = lag(tod) over ()
             and day = lag(day) over () and customer = lag(customer) over ()
             and price = lag(price) over () and description = lag(description) over ()
             and country is not distinct from lag(country) over () as repeated
      from tx
      where customer is not null and invoice is not null and stock is not null
        and description is not null)
where repeated is not true
  and price >= 100 and quantity <> 0 and abs(quantity) <= 100000;

-- Both thresholds are learned from the same rows, those of the first 30 days; fewer than 1,000 rows
-- remove nothing. The bounds of the quantity are whole pieces, inclusive.
create or replace temp table threshold as
with learned as (
    select count(*) as fit_rows,
           quantile_cont(price, 0.99) as price_max,
           quantile_cont(ln(quantity), 0.25) filter (quantity > 0) as q1,
           quantile_cont(ln(quantity), 0.75) filter (quantity > 0) as q3
    from stage2
    where day < (select fit_end from span))
select fit_rows,
       if(fit_rows < 1000, 1e300, price_max) as price_max,
       if(fit_rows < 1000, 1, ceil(exp(q1 - 3 * (q3 - q1)) - 1e-6))::bigint as quantity_min,
       if(fit_rows < 1000, 100000, floor(exp(q3 + 3 * (q3 - q1)) + 1e-6))::bigint as quantity_max
from learned;

-- Matched cancellations of the purchase rows that the outlier rules drop. Each return takes the last
-- free purchase row not later than itself: brackets that close. Only the groups (customer, stock code,
-- size) that hold both a dropped row and a return are looked at.
create or replace temp table matched_return as
with dropped as (
    select stage2.rowid as id, customer, stock, quantity
    from stage2, threshold
    where quantity > 0
      and (price > price_max or quantity > quantity_max or quantity < quantity_min)),
taken as (
    select distinct customer, stock, -quantity as size
    from stage2
    where quantity < 0
      and (customer, stock, -quantity) in (select (customer, stock, quantity) from dropped)),
member as (
    select stage2.rowid as id, customer, stock, size, quantity < 0 as is_return,
           row_number() over (partition by customer, stock, size
                              order by day, tod, invoice, price, quantity < 0) as place
    from stage2 join taken using (customer, stock)
    where abs(quantity) = size),
height as (
    select *, sum(if(is_return, -1, 1)) over (partition by customer, stock, size order by place) as open
    from member),
floor_before as (
    select *, least(0, coalesce(min(open) over (partition by customer, stock, size order by place
                        rows between unbounded preceding and 1 preceding), 0)) as lowest
    from height),
bracket as (  -- without the returns that find nothing to take
    select *, open - lowest + is_return::int as depth
    from floor_before
    where not (is_return and open < lowest)),
pair as (
    select id, is_return,
           lag(id) over (partition by customer, stock, size, depth order by place) as purchase
    from bracket)
select id from pair
where is_return and purchase in (select id from dropped);

create or replace temp view clean as
select customer, invoice, stock, day, quantity, (quantity * price)::double as revenue
from stage2, threshold
where price <= price_max
  and (quantity < 0 or quantity between quantity_min and quantity_max)
  and stage2.rowid not in (select id from matched_return);
