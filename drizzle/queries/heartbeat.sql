-- The heartbeat, asked on the session that listens: are its channels still registered, is there work that no notification
-- announced, how many listeners share it, what time is it by the database's clock, and was the schema migrated meanwhile?
-- Cheap when there is no work: one or two index probes for each endpoint.
--
-- Returns one row.
-- -> listening     bool    to its peers
-- -> hears_writers bool    it is on call (worker/wake/on-call.ts)
-- -> read_only     bool
-- -> listeners     int     connected to this database, this one included
-- -> unix_seconds  float8  by the database's clock
-- -> expired       bool    a lease has run out
-- -> work          bool
-- -> asked         bool    this sender has to identify the database again (must_identify.sql)
-- -> maintenance   bool    replays are running, deliveries wait for endpoints that were deleted, or nobody pulls any more
-- -> schema_version     int
-- -> schema_works_with  int  the oldest version of listeners that works on it
select
  exists (select from pg_listening_channels() as channel where channel = 'outbox_peers') as listening,
  exists (select from pg_listening_channels() as channel where channel = 'outbox') as hears_writers,
  pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only,
  (
    select greatest(1, count(distinct application_name))::int
    from pg_stat_activity
    where datname = current_database() and application_name like 'listener-%'
  ) as listeners,
  extract(epoch from clock_timestamp())::float8 as unix_seconds,
  exists (select from outbox.delivery_rows where state = 'sending' and leased_until < clock_timestamp())
  or exists (select from outbox.delivery_groups where leased_until < clock_timestamp()) as expired,
  exists (select from outbox.fanout)
  or exists (
    select from outbox.endpoints p
    where p.state = 'active' and p.kind = 'push'
      and exists (select from outbox.delivery_rows d
                  where d.endpoint_id = p.id and d.state = 'pending' and d.due_at <= clock_timestamp())
  ) as work,
  outbox.must_identify() as asked,
  exists (select from outbox.replays where state = 'running')
  or exists (
    select from outbox.endpoints p
    where p.deleted_at is not null
      and exists (select from outbox.delivery_rows d where d.endpoint_id = p.id and d.state = 'pending')
  )
  or exists (
    select
    from outbox.pull_sessions s
    join outbox.endpoints p on p.id = s.endpoint_id
    where p.state <> 'disabled' and s.pulled_at < clock_timestamp() - make_interval(secs => p.expires_after_idle_seconds)
  ) as maintenance,
  (select version from outbox.schema_version()) as schema_version,
  (select works_with from outbox.schema_version()) as schema_works_with
