-- The table: one row per customer and snapshot, columns as in the catalogue.
-- In:  sums, repeated, second_row, snapshot.   Out: temporary table feature.
-- Money was counted in units of 0.0001. The rows are not sorted: that would only cost.

create or replace temp table feature as
with joined as (
    select sums.*, snapshot.day as snapshot_day,
           product_rows - coalesce(surplus, 0) as products,
           product_rows + coalesce(square_surplus, 0) as squares,
           first_age - last_age as lifetime,
           gross / (last_age + 1) / 1e4 as engagement,
           if(n > 1, (first_age - last_age) / (n - 1), null) as gap_mean,
           (buckets - 1) * trend_net - 2 * trend_net_x as net_slope,
           (buckets - 1) * trend_n - 2 * trend_n_x as n_slope
    from sums
    join snapshot using (s)
    join second_row on second_row.customer = sums.customer and second_row.day <= snapshot.day
    left join repeated on repeated.customer = sums.customer and repeated.s = sums.s),
best as (
    select s, max(engagement) as best_engagement from joined group by s)
select customer as customer_id,
       date '1970-01-01' + snapshot_day as snapshot_date,
       last_age::integer as rfm_recency_days,
       n::integer as rfm_frequency_count,
       gross / n / 1e4 as rfm_monetary_avg,
       net / 1e4 as rfm_monetary_total,
       coalesce(gross_std, 0) / 1e4 as rfm_monetary_std,
       first_age::integer as days_since_first_purchase,
       lifetime::integer as customer_lifetime_days,
       n_30::integer as txn_count_short_30d,
       net_30 / 1e4 as revenue_short_30d,
       n_60::integer as txn_count_medium_60d,
       net_60 / 1e4 as revenue_medium_60d,
       n_90::integer as txn_count_long_90d,
       net_90 / 1e4 as revenue_long_90d,
       n::integer as txn_count_very_long_180d,
       net / 1e4 as revenue_very_long_180d,
       gap_mean as interpurchase_time_mean,
       gap_std as interpurchase_time_std,
       gap_median as interpurchase_time_median,
       gap_std / nullif(gap_mean, 0) as interpurchase_time_cv,
       30 * n / greatest(lifetime, 30) as purchase_frequency_per_month,
       products::integer as unique_products_count,
       items / n as avg_basket_size,
       coalesce(items_std, 0) as std_basket_size,
       (transactions - n) / transactions as return_rate,
       1 - squares / nullif(product_rows * product_rows, 0) as product_diversity_hhi,
       engagement as engagement_score,
       if(best_engagement > 0, greatest(engagement / best_engagement, 0), 0)
           as engagement_score_normalized,
       1 / (1 + gap_std / nullif(gap_mean, 0)) as consistency_score,
       n_30 / (n + 1) as activity_score,
       if(buckets > 1, 6 * net_slope / (buckets * (buckets * buckets - 1)) / 1e4, null)
           as revenue_trend_slope,
       if(buckets > 1, 6 * n_slope / (buckets * (buckets * buckets - 1)), null)
           as transaction_trend_slope,
       if(buckets > 1, sign(net_slope), 0)::integer as revenue_trend_direction,
       if(buckets > 1, sign(n_slope), 0)::integer as transaction_trend_direction,
       date '1970-01-01' + (snapshot_day - 179) as observation_start_date,
       180::integer as observation_window_days
from joined join best using (s);
