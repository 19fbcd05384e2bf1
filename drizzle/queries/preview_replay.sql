-- Writes down which deliveries somebody is shown, so that exactly these can be sent, and tells what sending them would mean.
-- Those that are left out are counted. step_parts.sql sends them.
--
-- $1 deliveries[].endpoint_id  bigint
-- $2 deliveries[].event_id     bigint
-- $3 endpoint_id               bigint?  of a replay for one endpoint
-- $4 tenant                    text?    both the event and the endpoint must be this tenant's; null = any
-- $5 filter                    jsonb    what they were found by
-- $6 scope                     outbox.replay_scope  all = also what was delivered
-- $7 rate_per_second           float8?  for each endpoint; null = as much as it takes
-- $8 token_hash                text     in hexadecimal
-- $9 ttl_seconds               float8
--
-- Returns one row.
-- -> count              int
-- -> already_delivered  int   left out, unless scope is all
-- -> on_their_way       int   left out: an attempt is under way, or the fan-out has still to make them
-- -> not_accepted       int   left out: their endpoint is disabled, or its tenant has changed
-- -> oldest             text?
-- -> newest             text?
-- -> seconds            float8  how long it takes at least
-- -> expires_at         text
-- -> endpoints[].id     bigint
-- -> endpoints[].nonce  int
-- -> endpoints[].count  int
-- -> endpoints[].url    text
-- -> types[].type       text
-- -> types[].count      int
-- -> samples[].event_id    bigint  the oldest, the newest and one between them
-- -> samples[].endpoint_id bigint
-- -> samples[].type        text
-- -> samples[].key         text?
-- -> samples[].occurred_at text
with
forgotten as (
  delete from outbox.replays r
  where r.state = 'previewed'
    and r.id in (select id from outbox.replays where state = 'previewed' and expires_at < clock_timestamp() order by id limit 100)
),
delivery as materialized (
  select a.endpoint_id, a.event_id, p.nonce, p.url, p.max_in_flight, p.rate_per_second, e.type, e.key, e.occurred_at,
         case
           when p.deleted_at is not null or p.state = 'disabled' or p.tenant <> e.tenant or p.tenant is not null and e.tenant is null then 'not accepted'
           when d.state = 'sending' or d.state is null and exists (select from outbox.fanout f where f.event_id = e.id) then 'on their way'
           when d.state = 'delivered' and $6::outbox.replay_scope <> 'all' then 'delivered'
           else 'sent'
         end as becomes,
         coalesce(d.state = 'delivered', false) as was_delivered
  from unnest($1::bigint[], $2::bigint[]) as a (endpoint_id, event_id)
  join outbox.endpoints p on p.id = a.endpoint_id
  join outbox.events e on e.id = a.event_id
  left join lateral (
    select d.state from outbox.deliveries d where d.endpoint_id = a.endpoint_id and d.event_id = a.event_id limit 1
  ) d on true
  where $4::text is null or p.tenant = $4::text and e.tenant = $4::text
),
sent as materialized (
  select *, row_number() over (order by event_id, endpoint_id) as place, count(*) over () as all_of_them
  from delivery
  where becomes = 'sent'
),
previewed as (
  insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second, state, token_hash, expires_at, tenant, filter, pinned)
  select $3::bigint, coalesce(min(occurred_at), clock_timestamp()), coalesce(max(occurred_at), clock_timestamp()),
         $6::outbox.replay_scope, $7::float8, 'previewed', decode($8::text, 'hex'),
         clock_timestamp() + make_interval(secs => $9::float8), $4::text, $5::jsonb, count(*)
  from sent
  returning id, expires_at
),
part as (
  insert into outbox.replay_parts (replay_id, endpoint_id, event_ids)
  select previewed.id, sent.endpoint_id, array_agg(sent.event_id order by sent.event_id)
  from previewed
  cross join sent
  group by previewed.id, sent.endpoint_id
),
by_endpoint as materialized (
  -- A lane's three quarters, ten times a second (step_parts.sql), or as many a second as the endpoint or the caller allows.
  select endpoint_id as id, nonce, url, count(*)::int as n,
         count(*) / least(7.5 * max_in_flight, rate_per_second, $7::float8) as seconds
  from sent
  group by endpoint_id, nonce, url, max_in_flight, rate_per_second
)
select
  (select count(*)::int from sent) as count,
  (select count(*)::int from delivery where was_delivered and becomes <> 'not accepted') as already_delivered,
  (select count(*)::int from delivery where becomes = 'on their way') as on_their_way,
  (select count(*)::int from delivery where becomes = 'not accepted') as not_accepted,
  (select min(occurred_at)::text from sent) as oldest,
  (select max(occurred_at)::text from sent) as newest,
  (select coalesce(max(seconds), 0)::float8 from by_endpoint) as seconds,
  previewed.expires_at::text as expires_at,
  (
    select coalesce(json_agg(json_build_object('id', id::text, 'nonce', nonce, 'count', n, 'url', url) order by n desc, id), '[]')
    from (select * from by_endpoint order by n desc, id limit 100) shown
  )::text as endpoints,
  (
    select coalesce(json_agg(json_build_object('type', type, 'count', n) order by n desc, type), '[]')
    from (select type, count(*) as n from sent group by type order by n desc, type limit 100) shown
  )::text as types,
  (
    select coalesce(json_agg(json_build_object('event_id', event_id::text, 'endpoint_id', endpoint_id::text, 'type', type, 'key', key,
                                               'occurred_at', occurred_at::text) order by place), '[]')
    from sent
    where place in (1, (all_of_them + 1) / 2, all_of_them)
  )::text as samples
from previewed
