-- The default snapshot dates: calendar month ends with 30 days of data, up to the last day of data.
-- In: span.   Out: temporary table snapshot (s, day).

create or replace temp table snapshot as
select (row_number() over (order by day) - 1)::integer as s, day
from (select (unnest(range(d0, d1 + 1)))::integer as day, d0 from span)
where date '1970-01-01' + day = last_day(date '1970-01-01' + day)
  and day + 1 - d0 >= 30;
