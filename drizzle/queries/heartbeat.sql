-- The heartbeat, asked on the very session that listens: is the channel still registered, and is there work that no
-- notification told us of? How many listeners share the work, and what time is it for the database? Cheap while there is none: a probe or two for each endpoint.
select
  exists (select from pg_listening_channels() as channel where channel = 'outbox') as listening,
  pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only,
  (
    select greatest(1, count(distinct application_name))::int
    from pg_stat_activity
    where datname = current_database() and application_name like 'listener-%'
  ) as listeners,
  extract(epoch from clock_timestamp())::float8 as unix_seconds,
  exists (select from outbox.deliveries where state = 'sending' and leased_until < clock_timestamp()) as expired,
  exists (select from outbox.fanout)
  or exists (
    select from outbox.endpoints p
    where p.state = 'active'
      and exists (select from outbox.deliveries d
                  where d.endpoint_id = p.id and d.state = 'pending' and d.due_at <= clock_timestamp())
  ) as work,
  exists (select from outbox.replays where state = 'running')
  or exists (
    select from outbox.endpoints p
    where p.deleted_at is not null
      and exists (select from outbox.deliveries d where d.endpoint_id = p.id and d.state = 'pending')
  ) as maintenance
