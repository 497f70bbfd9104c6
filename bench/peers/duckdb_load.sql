-- A CSV in the UCI columns into typed tables sorted for the queries of this folder: texts as integer
-- codes in byte order, prices in units of 0.0001, days since 1970-01-01 and seconds of the day.
-- {source} is the file, {format} its date format. Out: raw (temporary), invoice, stock, description,
-- country, tx.

create or replace temp table raw as
select * from read_csv('{source}', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
    timestampformat = '{format}',
    columns = {'invoice_no': 'VARCHAR', 'stock_code': 'VARCHAR', 'description': 'VARCHAR',
               'quantity': 'INTEGER', 'invoice_date': 'TIMESTAMP', 'unit_price': 'DECIMAL(18,4)',
               'customer_id': 'INTEGER', 'country': 'VARCHAR'});

create or replace table invoice as
select text, (row_number() over (order by text))::integer as code
from (select distinct invoice_no as text from raw where invoice_no is not null);

create or replace table stock as
select text, (row_number() over (order by text))::smallint as code
from (select distinct stock_code as text from raw where stock_code is not null);

create or replace table description as
select text, (row_number() over (order by text))::smallint as code
from (select distinct description as text from raw where description is not null);

create or replace table country as
select text, (row_number() over (order by text))::utinyint as code
from (select distinct country as text from raw where country is not null);

create or replace table tx as
select customer_id as customer,
       (epoch(invoice_date)::bigint // 86400)::integer as day,
       (epoch(invoice_date)::bigint % 86400)::integer as tod,
       invoice.code as invoice, stock.code as stock, quantity,
       (unit_price * 10000)::bigint as price, description.code as description, country.code as country
from raw
left join invoice on invoice.text = invoice_no
left join stock on stock.text = stock_code
left join description on description.text = raw.description
left join country on country.text = raw.country
order by all nulls last;

drop table raw;
