-- The schema `outbox` as the migrations and function files leave it. Written by `npm run generate`, for reading and for
-- reviewing changes; nothing is created from it. Function bodies stand in drizzle/functions.

-- Schemas

create schema outbox;

-- Types

create domain outbox.event_type_text as text;
create type outbox.delivery_state as enum ('pending', 'sending', 'delivered', 'dead', 'canceled');
create type outbox.disabled_reason as enum ('gone', 'failing', 'manual', 'idle');
create type outbox.endpoint_kind as enum ('push', 'pull');
create type outbox.endpoint_state as enum ('active', 'paused', 'disabled');
create type outbox.expiry_step as enum ('events', 'delivered', 'attempts', 'history', 'deliveries');
create type outbox.ordering as enum ('none', 'key');
create type outbox.replay_scope as enum ('dead', 'undelivered', 'all');
create type outbox.replay_state as enum ('previewed', 'running', 'done', 'canceled');
create type outbox.sender as enum ('listener', 'cron', 'pull', 'edge');
create type outbox.signing as enum ('hmac', 'ed25519');
create type outbox.webhook_format as enum ('standard', 'slack');

-- Tables

create table outbox.api_keys (
  id bigint generated always as identity not null,
  nonce integer default ((floor((random() * ('4294967296'::bigint)::double precision)) - ('2147483648'::bigint)::double precision))::integer not null,
  name text not null,
  scope text not null,
  tenant text,
  hash bytea not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint api_keys_hash CHECK ((octet_length(hash) = 32)),
  constraint api_keys_hash_unique UNIQUE (hash),
  constraint api_keys_name CHECK ((name ~ '^[A-Za-z0-9_-]{1,100}$'::text)),
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_scope CHECK ((scope = ANY (ARRAY['admin'::text, 'read'::text])))
);

create table outbox.attempt_minutes (
  endpoint_id bigint not null,
  tenant text not null,
  minutes smallint not null,
  begins_at timestamp with time zone not null,
  sender outbox.sender not null,
  outcome text not null,
  attempts bigint not null,
  durations integer[],
  duration_ms bigint not null,
  delays integer[],
  delay_ms bigint not null,
  constraint attempt_minutes_pk PRIMARY KEY (endpoint_id, tenant, minutes, begins_at, sender, outcome)
);

create table outbox.attempt_rows (
  endpoint_id bigint not null,
  event_id bigint not null,
  number integer not null,
  sender outbox.sender not null,
  started_at timestamp with time zone not null,
  duration_ms integer,
  response_status integer,
  error text,
  response_body text,
  interrupted_at timestamp with time zone,
  constraint attempt_rows_body CHECK ((octet_length(response_body) <= 1024)),
  constraint attempt_rows_duration CHECK ((duration_ms >= 0)),
  constraint attempt_rows_endpoint_id_event_id_number_pk PRIMARY KEY (endpoint_id, event_id, number),
  constraint attempt_rows_number CHECK ((number >= 1))
) partition by RANGE (event_id);

create table outbox.attempt_tallies (
  endpoint_id bigint not null,
  sender outbox.sender not null,
  minute timestamp with time zone not null,
  error text,
  attempts integer not null,
  durations_ms integer[],
  delays_ms integer[]
);

create table outbox.audit (
  id bigint generated always as identity not null,
  at timestamp with time zone default clock_timestamp() not null,
  who text not null,
  request_id text not null,
  action text not null,
  endpoint_id bigint,
  event_id bigint,
  replay_id bigint,
  changes jsonb,
  constraint audit_pkey PRIMARY KEY (id)
);

create table outbox.backlog_minutes (
  endpoint_id bigint not null,
  tenant text not null,
  begins_at timestamp with time zone not null,
  oldest_pending_seconds double precision not null,
  constraint backlog_minutes_endpoint_id_tenant_begins_at_pk PRIMARY KEY (endpoint_id, tenant, begins_at)
);

create table outbox.delivered_at_once (
  endpoint_id bigint not null,
  event_id bigint not null,
  created_at timestamp with time zone not null,
  started_at timestamp with time zone not null,
  duration_ms integer not null,
  sender outbox.sender not null,
  response_status smallint,
  response_body text,
  constraint delivered_at_once_endpoint_id_event_id_pk PRIMARY KEY (endpoint_id, event_id)
) partition by RANGE (event_id);

create table outbox.delivery_groups (
  endpoint_id bigint not null,
  id bigint not null,
  event_ids bigint[] not null,
  lease text not null,
  leased_until timestamp with time zone not null,
  created_at timestamp with time zone not null,
  constraint delivery_groups_endpoint_id_id_pk PRIMARY KEY (endpoint_id, id)
);

create table outbox.delivery_numbers (
  endpoint_id bigint not null,
  number bigint not null,
  event_id bigint not null,
  constraint delivery_numbers_endpoint_id_number_pk PRIMARY KEY (endpoint_id, number)
);

create table outbox.delivery_rows (
  endpoint_id bigint not null,
  event_id bigint not null,
  state outbox.delivery_state not null,
  attempt integer default 0 not null,
  retry_base integer default 0 not null,
  due_at timestamp with time zone default clock_timestamp() not null,
  lease text,
  leased_until timestamp with time zone,
  ordering_key text,
  reason text,
  created_at timestamp with time zone default clock_timestamp() not null,
  finished_at timestamp with time zone,
  constraint delivery_rows_attempt CHECK ((attempt >=
CASE
    WHEN (state = ANY (ARRAY['sending'::outbox.delivery_state, 'delivered'::outbox.delivery_state])) THEN 1
    ELSE 0
END)),
  constraint delivery_rows_budget CHECK (((retry_base >= 0) AND (retry_base <= attempt))),
  constraint delivery_rows_endpoint_id_event_id_pk PRIMARY KEY (endpoint_id, event_id),
  constraint delivery_rows_finished CHECK (((state = ANY (ARRAY['delivered'::outbox.delivery_state, 'dead'::outbox.delivery_state, 'canceled'::outbox.delivery_state])) = (finished_at IS NOT NULL))),
  constraint delivery_rows_lease CHECK ((((state = 'sending'::outbox.delivery_state) = (lease IS NOT NULL)) AND ((lease IS NULL) = (leased_until IS NULL)))),
  constraint delivery_rows_reason CHECK (((state <> ALL (ARRAY['dead'::outbox.delivery_state, 'canceled'::outbox.delivery_state])) OR (reason IS NOT NULL)))
);

create table outbox.endpoint_health (
  endpoint_id bigint not null,
  failures integer default 0 not null,
  early_failures integer default 0 not null,
  failing_since timestamp with time zone,
  not_before timestamp with time zone,
  probe_at timestamp with time zone,
  probes integer default 0 not null,
  probing boolean default false not null,
  nearest_event_id bigint,
  tries_needed integer default 1 not null,
  relapses integer default 0 not null,
  doubted_at timestamp with time zone,
  slow_start_limit integer,
  next_slot_at timestamp with time zone,
  key_cursor text,
  constraint endpoint_health_early_failures CHECK (((early_failures >= 0) AND (early_failures <= failures))),
  constraint endpoint_health_failures CHECK (((failures >= 0) AND ((failures = 0) = (failing_since IS NULL)))),
  constraint endpoint_health_pkey PRIMARY KEY (endpoint_id),
  constraint endpoint_health_probes CHECK (((probes >= 0) AND ((probe_at IS NOT NULL) OR ((probes = 0) AND (NOT probing))))),
  constraint endpoint_health_relapses CHECK ((relapses >= 0)),
  constraint endpoint_health_slow_start_limit CHECK ((slow_start_limit >= 1)),
  constraint endpoint_health_tries_needed CHECK ((tries_needed >= 1))
);

create table outbox.endpoint_secrets (
  id bigint generated always as identity not null,
  endpoint_id bigint not null,
  signing outbox.signing not null,
  sealed bytea not null,
  public_key text,
  created_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone,
  constraint endpoint_secrets_endpoint_id_endpoints_id_fk FOREIGN KEY (endpoint_id) REFERENCES outbox.endpoints(id),
  constraint endpoint_secrets_pkey PRIMARY KEY (id)
);

create table outbox.endpoints (
  id bigint generated always as identity not null,
  nonce integer default ((floor((random() * ('4294967296'::bigint)::double precision)) - ('2147483648'::bigint)::double precision))::integer not null,
  name text,
  kind outbox.endpoint_kind default 'push'::outbox.endpoint_kind not null,
  url text not null,
  description text,
  event_types text[],
  tenant text,
  changed_tenant boolean default false not null,
  sealed_headers bytea,
  signing outbox.signing default 'hmac'::outbox.signing not null,
  ordering outbox.ordering default 'none'::outbox.ordering not null,
  format outbox.webhook_format default 'standard'::outbox.webhook_format not null,
  max_in_flight integer default 32 not null,
  rate_per_second double precision,
  timeout_seconds double precision,
  retry_schedule double precision[],
  expires_after_idle_seconds integer,
  sequence boolean default false not null,
  state outbox.endpoint_state default 'active'::outbox.endpoint_state not null,
  disabled_reason outbox.disabled_reason,
  version integer default 1 not null,
  events_after bigint default 0 not null,
  created_snapshot pg_snapshot default pg_current_snapshot() not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  updated_at timestamp with time zone default clock_timestamp() not null,
  deleted_at timestamp with time zone,
  constraint endpoints_deleted CHECK (((deleted_at IS NULL) OR (state = 'disabled'::outbox.endpoint_state))),
  constraint endpoints_event_types CHECK (((cardinality(event_types) >= 1) AND (cardinality(event_types) <= 100))),
  constraint endpoints_max_in_flight CHECK (((max_in_flight >= 1) AND (max_in_flight <= 1000))),
  constraint endpoints_name CHECK ((name ~ '^[A-Za-z0-9._-]{1,100}$'::text)),
  constraint endpoints_pkey PRIMARY KEY (id),
  constraint endpoints_rate CHECK (((rate_per_second > (0)::double precision) AND (rate_per_second <= (10000)::double precision))),
  constraint endpoints_reason CHECK (((state = 'disabled'::outbox.endpoint_state) = (disabled_reason IS NOT NULL))),
  constraint endpoints_retry_schedule CHECK ((cardinality(retry_schedule) <= 50)),
  constraint endpoints_timeout CHECK (((timeout_seconds > (0)::double precision) AND (timeout_seconds <= (60)::double precision))),
  constraint endpoints_url CHECK (((length(url) <= 2048) AND (url ~ '^https?://'::text)))
);

create table outbox.events (
  id bigint generated always as identity not null,
  nonce integer default ((floor((random() * ('4294967296'::bigint)::double precision)) - ('2147483648'::bigint)::double precision))::integer not null,
  type text not null,
  data json not null,
  key text,
  tenant text,
  occurred_at timestamp with time zone default clock_timestamp() not null,
  xid xid8 default pg_current_xact_id() not null,
  actor text,
  traceparent text,
  constraint events_pkey PRIMARY KEY (id)
) partition by RANGE (id);

create table outbox.expiry (
  id smallint default 1 not null,
  first_id bigint not null,
  until_id bigint not null,
  generation integer not null,
  step outbox.expiry_step default 'events'::outbox.expiry_step not null,
  xid xid8 default pg_current_xact_id() not null,
  next_block bigint default 0 not null,
  constraint expiry_one CHECK ((id = 1)),
  constraint expiry_pkey PRIMARY KEY (id)
);

create table outbox.failed_cron_run (
  id smallint default 1 not null,
  version text not null,
  started_at timestamp with time zone not null,
  failed_at timestamp with time zone not null,
  failure text not null,
  constraint failed_cron_run_one CHECK ((id = 1)),
  constraint failed_cron_run_pkey PRIMARY KEY (id)
);

create table outbox.fanout (
  event_id bigint not null,
  constraint fanout_pkey PRIMARY KEY (event_id)
);

create table outbox.function_files (
  name text not null,
  sha256 text not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  constraint function_files_pkey PRIMARY KEY (name)
);

create table outbox.held_senders (
  address text not null,
  sender text not null,
  since timestamp with time zone default clock_timestamp() not null,
  seen_at timestamp with time zone default clock_timestamp() not null,
  constraint held_senders_pkey PRIMARY KEY (address)
);

create table outbox.history (
  id smallint default 1 not null,
  folded_at timestamp with time zone not null,
  sampled_at timestamp with time zone not null,
  cleaned_at timestamp with time zone not null,
  broken_checks text[] default '{}'::text[] not null,
  waited_seconds double precision default 0 not null,
  grown_minutes integer default 0 not null,
  constraint history_one CHECK ((id = 1)),
  constraint history_pkey PRIMARY KEY (id)
);

create table outbox.idempotency_keys (
  scope text not null,
  key text not null,
  fingerprint text not null,
  claimed_at timestamp with time zone not null,
  constraint idempotency_keys_scope_key_pk PRIMARY KEY (scope, key)
);

create table outbox.idempotency_steps (
  scope text not null,
  key text not null,
  step text not null,
  answer json not null,
  constraint idempotency_steps_scope_key_idempotency_keys_scope_key_fk FOREIGN KEY (scope, key) REFERENCES outbox.idempotency_keys(scope, key) ON DELETE CASCADE,
  constraint idempotency_steps_scope_key_step_pk PRIMARY KEY (scope, key, step)
);

create table outbox.identity (
  id smallint default 1 not null,
  facts jsonb not null,
  addresses text[] not null,
  bound_by text not null,
  bound_at timestamp with time zone default clock_timestamp() not null,
  epoch bigint default 0 not null,
  witnessed_epoch bigint,
  adopted_as text,
  adopted_at timestamp with time zone,
  constraint identity_adopted CHECK (((adopted_as = ANY (ARRAY['replacement'::text, 'new'::text])) AND ((adopted_as IS NULL) = (adopted_at IS NULL)))),
  constraint identity_one CHECK ((id = 1)),
  constraint identity_pkey PRIMARY KEY (id)
);

create table outbox.last_cron_run (
  id smallint default 1 not null,
  version text not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone not null,
  delivered integer not null,
  failed integer not null,
  stopped text not null,
  constraint last_cron_run_one CHECK ((id = 1)),
  constraint last_cron_run_pkey PRIMARY KEY (id)
);

create table outbox.listeners (
  name text not null,
  version text not null,
  since timestamp with time zone default clock_timestamp() not null,
  seen_at timestamp with time zone default clock_timestamp() not null,
  awake boolean not null,
  in_flight integer not null,
  constraint listeners_pkey PRIMARY KEY (name)
);

create table outbox.migrations (
  name text not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  constraint migrations_pkey PRIMARY KEY (name)
);

create table outbox.partitions (
  first_id bigint not null,
  until_id bigint not null,
  generation integer default 0 not null,
  opened_at timestamp with time zone,
  closed_at timestamp with time zone,
  ids_before double precision default 0 not null,
  reduced_at timestamp with time zone,
  constraint partitions_pkey PRIMARY KEY (first_id)
);

create table outbox.pull_sessions (
  endpoint_id bigint not null,
  holder text not null,
  held_until timestamp with time zone not null,
  pulled_at timestamp with time zone not null,
  constraint pull_sessions_pkey PRIMARY KEY (endpoint_id)
);

create table outbox.rate_buckets (
  name text not null,
  tokens double precision not null,
  filled_at timestamp with time zone default clock_timestamp() not null,
  constraint rate_buckets_pkey PRIMARY KEY (name)
);

create table outbox.replay_parts (
  replay_id bigint not null,
  endpoint_id bigint not null,
  event_ids bigint[] not null,
  looked_to integer default 0 not null,
  stepped_at timestamp with time zone default clock_timestamp() not null,
  constraint replay_parts_replay_id_endpoint_id_pk PRIMARY KEY (replay_id, endpoint_id),
  constraint replay_parts_replay_id_replays_id_fk FOREIGN KEY (replay_id) REFERENCES outbox.replays(id) ON DELETE CASCADE
);

create table outbox.replays (
  id bigint generated always as identity not null,
  nonce integer default ((floor((random() * ('4294967296'::bigint)::double precision)) - ('2147483648'::bigint)::double precision))::integer not null,
  endpoint_id bigint,
  since timestamp with time zone not null,
  until timestamp with time zone not null,
  event_types text[],
  scope outbox.replay_scope not null,
  rate_per_second double precision,
  state outbox.replay_state default 'running'::outbox.replay_state not null,
  looked_to bigint default 0 not null,
  replayed bigint default 0 not null,
  stepped_at timestamp with time zone default clock_timestamp() not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  finished_at timestamp with time zone,
  token_hash bytea,
  expires_at timestamp with time zone,
  tenant text,
  filter jsonb,
  pinned integer,
  skipped integer default 0 not null,
  constraint replays_endpoint_id_endpoints_id_fk FOREIGN KEY (endpoint_id) REFERENCES outbox.endpoints(id),
  constraint replays_finished CHECK (((state = ANY (ARRAY['previewed'::outbox.replay_state, 'running'::outbox.replay_state])) = (finished_at IS NULL))),
  constraint replays_pinned CHECK (
CASE
    WHEN (token_hash IS NULL) THEN ((state <> 'previewed'::outbox.replay_state) AND (endpoint_id IS NOT NULL) AND (rate_per_second IS NOT NULL))
    ELSE ((expires_at IS NOT NULL) AND (pinned IS NOT NULL))
END),
  constraint replays_pkey PRIMARY KEY (id),
  constraint replays_range CHECK ((since <= until)),
  constraint replays_rate CHECK ((rate_per_second > (0)::double precision)),
  constraint replays_token_hash_unique UNIQUE (token_hash)
);

create table outbox.sequences (
  endpoint_id bigint not null,
  last_number bigint default 0 not null,
  constraint sequences_pkey PRIMARY KEY (endpoint_id)
);

-- Sequences

create sequence outbox.api_keys_id_seq as bigint start 1 increment 1 cache 1;
create sequence outbox.audit_id_seq as bigint start 1 increment 1 cache 1;
create sequence outbox.endpoint_secrets_id_seq as bigint start 1 increment 1 cache 1;
create sequence outbox.endpoints_id_seq as bigint start 1 increment 1 cache 1;
create sequence outbox.events_id_seq as bigint start 1 increment 1 cache 1;
create sequence outbox.replays_id_seq as bigint start 1 increment 1 cache 1;

-- Indexes

CREATE INDEX attempt_rows_by_time ON ONLY outbox.attempt_rows USING brin (started_at) WITH (pages_per_range='32', autosummarize='true');
CREATE INDEX attempt_rows_late ON ONLY outbox.attempt_rows USING btree (interrupted_at) WHERE (interrupted_at IS NOT NULL);
CREATE INDEX audit_by_endpoint ON outbox.audit USING btree (endpoint_id, id);
CREATE INDEX delivered_at_once_by_time ON ONLY outbox.delivered_at_once USING brin (started_at) WITH (pages_per_range='32', autosummarize='true');
CREATE INDEX delivery_rows_dead ON outbox.delivery_rows USING btree (endpoint_id, event_id) WHERE (state = 'dead'::outbox.delivery_state);
CREATE INDEX delivery_rows_failed ON outbox.delivery_rows USING btree (endpoint_id, reason, event_id) WHERE (reason IS NOT NULL);
CREATE INDEX delivery_rows_leases ON outbox.delivery_rows USING btree (leased_until) WHERE (state = 'sending'::outbox.delivery_state);
CREATE INDEX delivery_rows_open_by_key ON outbox.delivery_rows USING btree (endpoint_id, ordering_key, event_id) WHERE ((ordering_key IS NOT NULL) AND (state = ANY (ARRAY['pending'::outbox.delivery_state, 'sending'::outbox.delivery_state])));
CREATE INDEX delivery_rows_pending ON outbox.delivery_rows USING btree (endpoint_id, due_at, event_id) WHERE (state = 'pending'::outbox.delivery_state);
CREATE INDEX endpoint_secrets_by_endpoint ON outbox.endpoint_secrets USING btree (endpoint_id, id);
CREATE INDEX endpoints_by_tenant ON outbox.endpoints USING btree (tenant, id) WHERE (tenant IS NOT NULL);
CREATE INDEX endpoints_by_type ON outbox.endpoints USING gin (event_types) WITH (fastupdate='false') WHERE (tenant IS NULL);
CREATE INDEX endpoints_of_all_types ON outbox.endpoints USING btree (id) WHERE ((tenant IS NULL) AND (event_types IS NULL));
CREATE INDEX endpoints_of_any_tenant ON outbox.endpoints USING btree (id) WHERE ((tenant IS NULL) OR changed_tenant);
CREATE INDEX events_by_key ON ONLY outbox.events USING btree (key, id) WHERE (key IS NOT NULL);
CREATE INDEX events_by_tenant ON ONLY outbox.events USING btree (tenant, id) WHERE (tenant IS NOT NULL);
CREATE INDEX events_by_type ON ONLY outbox.events USING btree (type, id);
CREATE INDEX idempotency_keys_by_age ON outbox.idempotency_keys USING btree (claimed_at);
CREATE INDEX rate_buckets_by_age ON outbox.rate_buckets USING btree (filled_at);
CREATE INDEX replays_by_endpoint ON outbox.replays USING btree (endpoint_id, id);
CREATE INDEX replays_previewed ON outbox.replays USING btree (expires_at) WHERE (state = 'previewed'::outbox.replay_state);
CREATE INDEX replays_running ON outbox.replays USING btree (id) WHERE (state = 'running'::outbox.replay_state);
CREATE UNIQUE INDEX delivery_numbers_by_event ON outbox.delivery_numbers USING btree (event_id, endpoint_id);
CREATE UNIQUE INDEX endpoint_secrets_one_endless ON outbox.endpoint_secrets USING btree (endpoint_id) WHERE (expires_at IS NULL);
CREATE UNIQUE INDEX endpoints_by_name ON outbox.endpoints USING btree (COALESCE(tenant, ''::text), name) WHERE ((name IS NOT NULL) AND (deleted_at IS NULL));
CREATE UNIQUE INDEX replays_one_per_endpoint ON outbox.replays USING btree (endpoint_id) WHERE ((state = 'running'::outbox.replay_state) AND (token_hash IS NULL));

-- Views

create view outbox.attempts as
 SELECT attempt_rows.endpoint_id,
    attempt_rows.event_id,
    attempt_rows.number,
    attempt_rows.sender,
    attempt_rows.started_at,
    attempt_rows.duration_ms,
    attempt_rows.response_status,
    attempt_rows.error,
    attempt_rows.response_body
   FROM outbox.attempt_rows
UNION ALL
 SELECT delivered_at_once.endpoint_id,
    delivered_at_once.event_id,
    1 AS number,
    delivered_at_once.sender,
    delivered_at_once.started_at,
    delivered_at_once.duration_ms,
    delivered_at_once.response_status,
    NULL::text AS error,
    delivered_at_once.response_body
   FROM outbox.delivered_at_once;
create view outbox.deliveries as
 SELECT delivery_rows.endpoint_id,
    delivery_rows.event_id,
    delivery_rows.state,
    delivery_rows.attempt,
    delivery_rows.retry_base,
    delivery_rows.due_at,
    delivery_rows.lease,
    delivery_rows.leased_until,
    delivery_rows.ordering_key,
    delivery_rows.reason,
    delivery_rows.created_at,
    delivery_rows.finished_at
   FROM outbox.delivery_rows
UNION ALL
 SELECT d.endpoint_id,
    d.event_id,
    'delivered'::outbox.delivery_state AS state,
    1 AS attempt,
    0 AS retry_base,
    d.created_at AS due_at,
    NULL::text AS lease,
    NULL::timestamp with time zone AS leased_until,
    NULL::text AS ordering_key,
    NULL::text AS reason,
    d.created_at,
    (d.started_at + ((d.duration_ms)::double precision * '00:00:00.001'::interval)) AS finished_at
   FROM outbox.delivered_at_once d
  WHERE (NOT (EXISTS ( SELECT
           FROM outbox.delivery_rows r
          WHERE ((r.endpoint_id = d.endpoint_id) AND (r.event_id = d.event_id)))))
UNION ALL
 SELECT g.endpoint_id,
    e.id AS event_id,
    'sending'::outbox.delivery_state AS state,
    1 AS attempt,
    0 AS retry_base,
    g.created_at AS due_at,
    g.lease,
    g.leased_until,
    NULL::text AS ordering_key,
    NULL::text AS reason,
    g.created_at,
    NULL::timestamp with time zone AS finished_at
   FROM (outbox.delivery_groups g
     CROSS JOIN LATERAL unnest(g.event_ids) e(id));
create view outbox.watches as
 SELECT id,
    relation,
    options,
    watched_at
   FROM outbox.captures() c(id, relation, options, watched_at, owner)
  WHERE (relation IS NOT NULL);

-- Functions (in drizzle/functions)

-- outbox.add_partitions() returns integer security definer
-- outbox.adopt(as_what text, seen jsonb, max_rows integer, OUT outcome text, OUT canceled integer, OUT paused integer) returns record security definer
-- outbox.at(moment timestamp with time zone) returns text stable
-- outbox.attach_partition(parent text, first_id bigint, until_id bigint, generation integer) returns void
-- outbox.base_type(type oid) returns oid stable
-- outbox.begin_expiry(max_age interval, types text[], days double precision[]) returns text
-- outbox.bounded(value text, max_bytes integer) returns text immutable
-- outbox.cancel_waiting(max_rows integer, reason text) returns integer security definer
-- outbox.capture_body(watch_id bigint, relation regclass, operation text, options json, is_direct boolean, has_condition boolean) returns text stable
-- outbox.capture_drift() returns TABLE(relation regclass, problem text, mend text) stable
-- outbox.capture_drift_of(watch_id bigint, relation regclass, options json) returns TABLE(problem text, mend text) stable
-- outbox.capture_fallback(watch_id bigint, relation regclass, operation text, options json) returns text stable
-- outbox.capture_filter(relation regclass, operation text, options json, has_condition boolean) returns text stable
-- outbox.capture_health() returns TABLE(name text, value double precision, healthy boolean, advice text) stable security definer
-- outbox.capture_id(relation regclass) returns bigint
-- outbox.capture_path(relation regclass) returns text stable
-- outbox.capture_triggers() returns TABLE(relation regclass, operation text, healthy boolean, message text) stable security definer
-- outbox.captured_columns(relation regclass, options json) returns TABLE(name text, known boolean, place smallint, column_name name, type oid, nullable boolean, is_virtual boolean, old_value text, new_value text, differs text, when_differs text) stable
-- outbox.captures() returns TABLE(id bigint, relation regclass, options json, watched_at timestamp with time zone, owner oid) stable
-- outbox.changed_sql(relation regclass, options json) returns text stable
-- outbox.check_columns(relation regclass, option text, names text[]) returns void
-- outbox.check_expression(relation regclass, option text, expression text, type regtype) returns void
-- outbox.check_expressions(relation regclass, options json) returns void
-- outbox.check_namesakes(relation regclass, types json, has_default_type boolean, has_default_key boolean) returns void
-- outbox.check_watch_options(relation regclass, operations text[], types json, type_sql text, possible_types text[], columns text[], except_columns text[], when_changed text[], fields json, data text) returns void
-- outbox.check_watchable(relation regclass, only_own_rows boolean) returns void
-- outbox.clean_history(minutes_before timestamp with time zone, hours_before timestamp with time zone) returns void
-- outbox.columns_are(relation regclass, row_type oid, numbers smallint[], names name[], types oid[], computed smallint[]) returns boolean immutable
-- outbox.columns_are_sql(relation regclass, options json) returns text stable
-- outbox.compile_watch(relation regclass, options json, watched_at timestamp with time zone) returns void
-- outbox.compiled_options(watch_id bigint, relation regclass, options json, inside text[], field_types json) returns json stable
-- outbox.computed_expression(relation regclass, options json, expression text) returns text stable
-- outbox.context(setting text) returns text stable
-- outbox.create_capture(watch_id bigint, relation regclass, operation text, options json, is_direct boolean) returns boolean
-- outbox.create_capture_function(watch_id bigint, relation regclass, operation text, options json, is_direct boolean, has_condition boolean) returns void
-- outbox.create_capture_trigger(watch_id bigint, relation regclass, operation text, filter text) returns void
-- outbox.create_endpoint_health() returns trigger security definer
-- outbox.create_explanation(watch_id bigint, relation regclass, options json) returns void
-- outbox.create_partition(parent text, first_id bigint, generation integer) returns void
-- outbox.current_options(relation regclass, options json) returns json stable
-- outbox.data_at(data json, path text[]) returns text immutable
-- outbox.data_sql(relation regclass, operation text, options json, changed text DEFAULT NULL::text) returns text stable
-- outbox.database_facts() returns jsonb stable security definer
-- outbox.default_key(relation regclass, options json) returns text stable
-- outbox.default_key_lookup(relation regclass, options json, wanted text) returns text stable
-- outbox.delay_ms(begun_at timestamp with time zone, occurred_at double precision) returns integer stable
-- outbox.delivery_dead() returns trigger security definer
-- outbox.delivery_reason(d outbox.deliveries, h outbox.endpoint_health) returns text stable
-- outbox.described_fields(relation regclass, options json) returns json stable
-- outbox.differs_sql(type oid, collation_id oid, old_value text, new_value text) returns text stable
-- outbox.drop_capture(relation regclass, kept_id bigint DEFAULT NULL::bigint, kept_operations text[] DEFAULT '{}'::text[]) returns boolean
-- outbox.drop_left_over(watch_id bigint) returns SETOF text
-- outbox.emit(type outbox.event_type_text, data jsonb, key text DEFAULT NULL::text, tenant text DEFAULT NULL::text) returns text
-- outbox.emit(type text, data json, key text DEFAULT NULL::text, tenant text DEFAULT NULL::text) returns text
-- outbox.emit_failed(type text, sqlstate text, key text, tenant text) returns text
-- outbox.emit_text(type text, data text, key text DEFAULT NULL::text, tenant text DEFAULT NULL::text) returns text
-- outbox.endpoint_breaker() returns trigger security definer
-- outbox.endpoint_changed() returns trigger security definer
-- outbox.endpoint_disabled() returns trigger security definer
-- outbox.endpoint_id(id bigint, nonce integer) returns text immutable
-- outbox.endpoint_resumed() returns trigger security definer
-- outbox.event_id(id bigint, nonce integer) returns text immutable
-- outbox.event_type(type text) returns text immutable
-- outbox.event_types() returns TABLE(type text, relation text, operations text[], fields json) stable security definer
-- outbox.event_types_of(watched regclass, options json, is_trusted boolean) returns TABLE(type text, relation text, operations text[], fields json) stable
-- outbox.expire(max_age interval, types text[], days double precision[]) returns text security definer
-- outbox.expire_deliveries(job outbox.expiry) returns void
-- outbox.expire_events(job outbox.expiry, types text[], days double precision[]) returns text
-- outbox.expire_history(job outbox.expiry) returns void
-- outbox.expire_records(job outbox.expiry, parent text, next_step outbox.expiry_step) returns void
-- outbox.explain(event text) returns TABLE(endpoint text, url text, verdict text, delivery_state outbox.delivery_state, reason text) stable
-- outbox.explain_conditions(relation regclass, options json, wanted text) returns TABLE(operation text, passes boolean, problem text) stable
-- outbox.explain_own_row(relation regclass, key text) returns TABLE(operation text, passes boolean, problem text) stable
-- outbox.explain_row(table_name text, key text) returns TABLE(passed boolean, message text) stable security definer
-- outbox.expression_for(expression text, operation text) returns text immutable
-- outbox.expression_words(expression text) returns TABLE(word text, place bigint) immutable
-- outbox.failure_words(d outbox.deliveries) returns text stable
-- outbox.field_types(relation regclass, options json) returns json stable
-- outbox.first_due(lane bigint, keeps_order boolean) returns timestamp with time zone stable
-- outbox.first_event(from_id bigint, OUT id bigint, OUT occurred_at timestamp with time zone) returns record stable
-- outbox.fold_attempts(keep interval, max_tallies integer, OUT folded integer) returns integer security definer
-- outbox.forget_failures(endpoint bigint) returns void
-- outbox.frozen_options(relation regclass, options json) returns json stable
-- outbox.full_name(relation regclass) returns text stable
-- outbox.full_watch_options(relation regclass, operations text[], type text, types json, type_sql text, possible_types text[], columns text[], except_columns text[], when_changed text[], condition text, key text, tenant text, fields json, data text) returns json
-- outbox.grant_roles() returns void
-- outbox.grant_watching(role regrole) returns void
-- outbox.hand_over_capture(watch_id bigint, keeper regrole) returns void
-- outbox.health_after(health outbox.endpoint_health, max_in_flight integer, successes integer, accepted_try integer, failed_tries integer[], throttled boolean, excused boolean, pause double precision, nearest bigint[], failed_events bigint[], failures_to_open integer[], probe_schedule double precision[], jitter double precision, slow_start integer, doubt_seconds double precision) returns outbox.endpoint_health
-- outbox.held_reason() returns text stable security definer
-- outbox.identify(address text, sender text) returns text security definer
-- outbox.identify_witnessed(address text, sender text, seen jsonb, counts boolean, OUT verdict text, OUT lineage text, OUT epoch bigint) returns record security definer
-- outbox.identity_verdict(bound jsonb, now jsonb, is_known_address boolean) returns text immutable
-- outbox.is_trusted(role oid) returns boolean stable
-- outbox.json_object_sql(names text[], expressions text[]) returns text immutable
-- outbox.keep_options(watch_id bigint, options json, watched_at timestamp with time zone) returns void
-- outbox.key_columns(relation regclass, options json) returns TABLE(name name, place integer, type oid) stable
-- outbox.last_event(up_to bigint, OUT id bigint, OUT occurred_at timestamp with time zone) returns record stable
-- outbox.last_event_before(moment timestamp with time zone) returns bigint stable
-- outbox.last_event_until(moment timestamp with time zone) returns bigint stable
-- outbox.late_capture(watch_id bigint, changed_table oid, operation text) returns text stable
-- outbox.late_event(watch_id bigint, changed_table oid, operation text, new_row anyelement, old_row anyelement) returns TABLE(type text, key text, tenant text, data json)
-- outbox.lend_create(keeper regrole) returns boolean
-- outbox.listener_is_polling() returns boolean
-- outbox.lock_probe(lane bigint, nearest bigint, until timestamp with time zone) returns tid
-- outbox.lock_replays(are_pinned boolean, max_rows integer) returns SETOF outbox.replays
-- outbox.longest_wait_seconds() returns double precision stable
-- outbox.lost_columns(relation regclass, options json) returns text stable
-- outbox.matches(event_types text[], type text) returns boolean immutable
-- outbox.may_compile(table_owner oid, options_owner oid) returns boolean stable
-- outbox.may_record() returns boolean stable
-- outbox.missing_rights(relation regclass) returns text stable
-- outbox.missing_writing_rights(role oid) returns text stable
-- outbox.must_identify() returns boolean stable security definer
-- outbox.must_notify() returns boolean
-- outbox.must_stay(first_id bigint, until_id bigint, types text[], days double precision[]) returns TABLE(event_id bigint) stable
-- outbox.next_due(maintains boolean) returns double precision stable
-- outbox.number_deliveries(endpoint_ids bigint[], event_ids bigint[]) returns TABLE(endpoint_id bigint, event_id bigint, number bigint)
-- outbox.oldest_transaction_seconds() returns double precision stable security definer
-- outbox.oldest_unfanned_seconds() returns double precision stable
-- outbox.oldest_writer_seconds() returns double precision stable security definer
-- outbox.open_keys(lane bigint, after text, key_limit integer) returns TABLE(ordering_key text, place integer, oldest tid, state outbox.delivery_state, due_at timestamp with time zone) stable
-- outbox.open_next_partition(max_age interval) returns boolean security definer
-- outbox.partition_bytes(p outbox.partitions) returns bigint stable
-- outbox.partition_name(parent text, first_id bigint, generation integer) returns text immutable
-- outbox.patterns(type text) returns text[] immutable
-- outbox.pinned_settings(relation regclass, options json) returns text stable
-- outbox.raise_alarms() returns void
-- outbox.recompile_watches() returns TABLE(relation regclass, recompiled boolean)
-- outbox.record(type text, data json, key text, tenant text) returns text security definer
-- outbox.record_events(types text[], data json[], keys text[], tenants text[]) returns TABLE(id text, occurred_at timestamp with time zone) security definer
-- outbox.record_test(endpoint_id bigint, OUT id bigint, OUT nonce integer) returns record security definer
-- outbox.refuse_audit_change() returns trigger
-- outbox.refuse_lost(table_name text, columns text) returns text stable
-- outbox.refuse_watch(problem text, hint text DEFAULT 'Nothing was changed.'::text) returns void
-- outbox.renamed_expression(relation regclass, options json, expression text) returns text stable
-- outbox.repair() returns TABLE(relation regclass, repaired boolean, message text)
-- outbox.role_rights() returns TABLE(role text, kind text, object text, privileges text) stable
-- outbox.row_words(expression text) returns TABLE(word text, place bigint, row_name text, column_name text) immutable
-- outbox.run_idempotent(scope text, keys text[], fingerprint text, step text, begins boolean, statement text, parameters text[]) returns text
-- outbox.sample_backlog(at timestamp with time zone) returns void
-- outbox.schema_version(OUT version integer, OUT works_with integer) returns record immutable
-- outbox.secret_changed() returns trigger security definer
-- outbox.shown_change_sql(relation regclass, options json, changed text) returns text stable
-- outbox.sqlstate_reason(sqlstate text) returns text immutable
-- outbox.stored_key_sql(relation regclass, options json) returns text stable
-- outbox.tell_operators(type text, data json, key text, tenant text) returns void
-- outbox.trigger_condition(trigger_id oid) returns text stable
-- outbox.type_description(name text, type oid, nullable boolean) returns json stable
-- outbox.uninstall() returns void
-- outbox.unwatch(relation regclass) returns boolean
-- outbox.wake() returns void
-- outbox.was_delivered_at_once(endpoint bigint, event bigint) returns boolean stable
-- outbox.watch(relation regclass, operations text[] DEFAULT '{insert,update,delete,truncate}'::text[], type text DEFAULT NULL::text, types json DEFAULT NULL::json, type_sql text DEFAULT NULL::text, possible_types text[] DEFAULT NULL::text[], columns text[] DEFAULT NULL::text[], except_columns text[] DEFAULT NULL::text[], when_changed text[] DEFAULT NULL::text[], condition text DEFAULT NULL::text, key text DEFAULT NULL::text, tenant text DEFAULT NULL::text, fields json DEFAULT NULL::json, data text DEFAULT NULL::text, only_own_rows boolean DEFAULT false) returns void
-- outbox.watched_types(relation regclass, operations text[], type text, types json, type_sql text, possible_types text[]) returns json
-- outbox.watching_functions() returns SETOF regprocedure stable

-- Triggers

CREATE TRIGGER audit_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON outbox.audit FOR EACH STATEMENT EXECUTE FUNCTION outbox.refuse_audit_change();
CREATE TRIGGER create_endpoint_health AFTER INSERT ON outbox.endpoints FOR EACH ROW EXECUTE FUNCTION outbox.create_endpoint_health();
CREATE TRIGGER delivery_born_dead AFTER INSERT ON outbox.delivery_rows FOR EACH ROW WHEN ((new.state = 'dead'::outbox.delivery_state)) EXECUTE FUNCTION outbox.delivery_dead();
CREATE TRIGGER delivery_dies AFTER UPDATE ON outbox.delivery_rows FOR EACH ROW WHEN (((new.state = 'dead'::outbox.delivery_state) AND (old.state <> 'dead'::outbox.delivery_state))) EXECUTE FUNCTION outbox.delivery_dead();
CREATE TRIGGER endpoint_changed BEFORE INSERT OR UPDATE ON outbox.endpoints FOR EACH ROW EXECUTE FUNCTION outbox.endpoint_changed();
CREATE TRIGGER endpoint_disabled AFTER UPDATE ON outbox.endpoints FOR EACH ROW WHEN (((new.state = 'disabled'::outbox.endpoint_state) AND (old.state <> 'disabled'::outbox.endpoint_state) AND (new.deleted_at IS NULL))) EXECUTE FUNCTION outbox.endpoint_disabled();
CREATE TRIGGER endpoint_failing AFTER UPDATE ON outbox.endpoint_health FOR EACH ROW WHEN (((old.probe_at IS NULL) AND (new.probe_at IS NOT NULL))) EXECUTE FUNCTION outbox.endpoint_breaker();
CREATE TRIGGER endpoint_recovered AFTER UPDATE ON outbox.endpoint_health FOR EACH ROW WHEN (((old.probe_at IS NOT NULL) AND (new.probe_at IS NULL) AND (new.doubted_at IS NOT NULL))) EXECUTE FUNCTION outbox.endpoint_breaker();
CREATE TRIGGER endpoint_resumed AFTER UPDATE ON outbox.endpoints FOR EACH ROW WHEN (((new.state = 'active'::outbox.endpoint_state) AND ((old.state <> 'active'::outbox.endpoint_state) OR (new.url <> old.url)))) EXECUTE FUNCTION outbox.endpoint_resumed();
CREATE TRIGGER secret_changed AFTER INSERT OR DELETE OR UPDATE ON outbox.endpoint_secrets FOR EACH ROW EXECUTE FUNCTION outbox.secret_changed();

-- Grants

grant update on column outbox.api_keys.last_used_at to outbox_functions;
grant update on column outbox.endpoint_secrets.expires_at to outbox_functions;
grant update on column outbox.endpoint_secrets.sealed to outbox_functions;
grant update on column outbox.endpoints.disabled_reason to outbox_listener;
grant update on column outbox.endpoints.state to outbox_listener;
grant execute on function outbox.add_partitions() to outbox_functions;
grant execute on function outbox.add_partitions() to outbox_listener;
grant execute on function outbox.adopt(text,jsonb,integer) to outbox_functions;
grant execute on function outbox.at(timestamp with time zone) to outbox_functions;
grant execute on function outbox.at(timestamp with time zone) to outbox_listener;
grant execute on function outbox.at(timestamp with time zone) to public;
grant execute on function outbox.attach_partition(text,bigint,bigint,integer) to public;
grant execute on function outbox.base_type(oid) to outbox_functions;
grant execute on function outbox.base_type(oid) to outbox_listener;
grant execute on function outbox.base_type(oid) to public;
grant execute on function outbox.bounded(text,integer) to outbox_functions;
grant execute on function outbox.bounded(text,integer) to outbox_listener;
grant execute on function outbox.bounded(text,integer) to public;
grant execute on function outbox.capture_body(bigint,regclass,text,json,boolean,boolean) to outbox_functions;
grant execute on function outbox.capture_body(bigint,regclass,text,json,boolean,boolean) to outbox_listener;
grant execute on function outbox.capture_body(bigint,regclass,text,json,boolean,boolean) to public;
grant execute on function outbox.capture_drift() to outbox_functions;
grant execute on function outbox.capture_drift() to outbox_listener;
grant execute on function outbox.capture_drift() to public;
grant execute on function outbox.capture_drift_of(bigint,regclass,json) to outbox_functions;
grant execute on function outbox.capture_drift_of(bigint,regclass,json) to outbox_listener;
grant execute on function outbox.capture_drift_of(bigint,regclass,json) to public;
grant execute on function outbox.capture_fallback(bigint,regclass,text,json) to outbox_functions;
grant execute on function outbox.capture_fallback(bigint,regclass,text,json) to outbox_listener;
grant execute on function outbox.capture_fallback(bigint,regclass,text,json) to public;
grant execute on function outbox.capture_filter(regclass,text,json,boolean) to outbox_functions;
grant execute on function outbox.capture_filter(regclass,text,json,boolean) to outbox_listener;
grant execute on function outbox.capture_filter(regclass,text,json,boolean) to public;
grant execute on function outbox.capture_health() to outbox_functions;
grant execute on function outbox.capture_health() to outbox_listener;
grant execute on function outbox.capture_id(regclass) to outbox_functions;
grant execute on function outbox.capture_id(regclass) to outbox_listener;
grant execute on function outbox.capture_id(regclass) to public;
grant execute on function outbox.capture_path(regclass) to outbox_functions;
grant execute on function outbox.capture_path(regclass) to outbox_listener;
grant execute on function outbox.capture_path(regclass) to public;
grant execute on function outbox.capture_triggers() to outbox_functions;
grant execute on function outbox.captured_columns(regclass,json) to outbox_functions;
grant execute on function outbox.captured_columns(regclass,json) to outbox_listener;
grant execute on function outbox.captured_columns(regclass,json) to public;
grant execute on function outbox.captures() to outbox_functions;
grant execute on function outbox.captures() to outbox_listener;
grant execute on function outbox.captures() to public;
grant execute on function outbox.changed_sql(regclass,json) to outbox_functions;
grant execute on function outbox.changed_sql(regclass,json) to outbox_listener;
grant execute on function outbox.changed_sql(regclass,json) to public;
grant execute on function outbox.check_columns(regclass,text,text[]) to outbox_functions;
grant execute on function outbox.check_columns(regclass,text,text[]) to outbox_listener;
grant execute on function outbox.check_columns(regclass,text,text[]) to public;
grant execute on function outbox.check_expression(regclass,text,text,regtype) to outbox_functions;
grant execute on function outbox.check_expression(regclass,text,text,regtype) to outbox_listener;
grant execute on function outbox.check_expression(regclass,text,text,regtype) to public;
grant execute on function outbox.check_expressions(regclass,json) to outbox_functions;
grant execute on function outbox.check_expressions(regclass,json) to outbox_listener;
grant execute on function outbox.check_expressions(regclass,json) to public;
grant execute on function outbox.check_namesakes(regclass,json,boolean,boolean) to outbox_functions;
grant execute on function outbox.check_namesakes(regclass,json,boolean,boolean) to outbox_listener;
grant execute on function outbox.check_namesakes(regclass,json,boolean,boolean) to public;
grant execute on function outbox.check_watch_options(regclass,text[],json,text,text[],text[],text[],text[],json,text) to outbox_functions;
grant execute on function outbox.check_watch_options(regclass,text[],json,text,text[],text[],text[],text[],json,text) to outbox_listener;
grant execute on function outbox.check_watch_options(regclass,text[],json,text,text[],text[],text[],text[],json,text) to public;
grant execute on function outbox.check_watchable(regclass,boolean) to outbox_functions;
grant execute on function outbox.check_watchable(regclass,boolean) to outbox_listener;
grant execute on function outbox.check_watchable(regclass,boolean) to public;
grant execute on function outbox.clean_history(timestamp with time zone,timestamp with time zone) to outbox_functions;
grant execute on function outbox.clean_history(timestamp with time zone,timestamp with time zone) to outbox_listener;
grant execute on function outbox.columns_are(regclass,oid,smallint[],name[],oid[],smallint[]) to outbox_functions;
grant execute on function outbox.columns_are(regclass,oid,smallint[],name[],oid[],smallint[]) to outbox_listener;
grant execute on function outbox.columns_are(regclass,oid,smallint[],name[],oid[],smallint[]) to public;
grant execute on function outbox.columns_are_sql(regclass,json) to outbox_functions;
grant execute on function outbox.columns_are_sql(regclass,json) to outbox_listener;
grant execute on function outbox.columns_are_sql(regclass,json) to public;
grant execute on function outbox.compile_watch(regclass,json,timestamp with time zone) to outbox_functions;
grant execute on function outbox.compile_watch(regclass,json,timestamp with time zone) to outbox_listener;
grant execute on function outbox.compile_watch(regclass,json,timestamp with time zone) to public;
grant execute on function outbox.compiled_options(bigint,regclass,json,text[],json) to outbox_functions;
grant execute on function outbox.compiled_options(bigint,regclass,json,text[],json) to outbox_listener;
grant execute on function outbox.compiled_options(bigint,regclass,json,text[],json) to public;
grant execute on function outbox.computed_expression(regclass,json,text) to outbox_functions;
grant execute on function outbox.computed_expression(regclass,json,text) to outbox_listener;
grant execute on function outbox.computed_expression(regclass,json,text) to public;
grant execute on function outbox.context(text) to outbox_functions;
grant execute on function outbox.context(text) to outbox_listener;
grant execute on function outbox.context(text) to public;
grant execute on function outbox.create_capture(bigint,regclass,text,json,boolean) to outbox_functions;
grant execute on function outbox.create_capture(bigint,regclass,text,json,boolean) to outbox_listener;
grant execute on function outbox.create_capture(bigint,regclass,text,json,boolean) to public;
grant execute on function outbox.create_capture_function(bigint,regclass,text,json,boolean,boolean) to outbox_functions;
grant execute on function outbox.create_capture_function(bigint,regclass,text,json,boolean,boolean) to outbox_listener;
grant execute on function outbox.create_capture_function(bigint,regclass,text,json,boolean,boolean) to public;
grant execute on function outbox.create_capture_trigger(bigint,regclass,text,text) to outbox_functions;
grant execute on function outbox.create_capture_trigger(bigint,regclass,text,text) to outbox_listener;
grant execute on function outbox.create_capture_trigger(bigint,regclass,text,text) to public;
grant execute on function outbox.create_explanation(bigint,regclass,json) to outbox_functions;
grant execute on function outbox.create_explanation(bigint,regclass,json) to outbox_listener;
grant execute on function outbox.create_explanation(bigint,regclass,json) to public;
grant execute on function outbox.create_partition(text,bigint,integer) to public;
grant execute on function outbox.current_options(regclass,json) to outbox_functions;
grant execute on function outbox.current_options(regclass,json) to outbox_listener;
grant execute on function outbox.current_options(regclass,json) to public;
grant execute on function outbox.data_at(json,text[]) to outbox_functions;
grant execute on function outbox.data_at(json,text[]) to outbox_listener;
grant execute on function outbox.data_at(json,text[]) to public;
grant execute on function outbox.data_sql(regclass,text,json,text) to outbox_functions;
grant execute on function outbox.data_sql(regclass,text,json,text) to outbox_listener;
grant execute on function outbox.data_sql(regclass,text,json,text) to public;
grant execute on function outbox.database_facts() to outbox_functions;
grant execute on function outbox.default_key(regclass,json) to outbox_functions;
grant execute on function outbox.default_key(regclass,json) to outbox_listener;
grant execute on function outbox.default_key(regclass,json) to public;
grant execute on function outbox.default_key_lookup(regclass,json,text) to outbox_functions;
grant execute on function outbox.default_key_lookup(regclass,json,text) to outbox_listener;
grant execute on function outbox.default_key_lookup(regclass,json,text) to public;
grant execute on function outbox.delay_ms(timestamp with time zone,double precision) to outbox_functions;
grant execute on function outbox.delay_ms(timestamp with time zone,double precision) to outbox_listener;
grant execute on function outbox.delay_ms(timestamp with time zone,double precision) to public;
grant execute on function outbox.delivery_reason(outbox.deliveries,outbox.endpoint_health) to outbox_functions;
grant execute on function outbox.delivery_reason(outbox.deliveries,outbox.endpoint_health) to outbox_listener;
grant execute on function outbox.delivery_reason(outbox.deliveries,outbox.endpoint_health) to public;
grant execute on function outbox.described_fields(regclass,json) to outbox_functions;
grant execute on function outbox.described_fields(regclass,json) to outbox_listener;
grant execute on function outbox.described_fields(regclass,json) to public;
grant execute on function outbox.differs_sql(oid,oid,text,text) to outbox_functions;
grant execute on function outbox.differs_sql(oid,oid,text,text) to outbox_listener;
grant execute on function outbox.differs_sql(oid,oid,text,text) to public;
grant execute on function outbox.drop_capture(regclass,bigint,text[]) to outbox_functions;
grant execute on function outbox.drop_capture(regclass,bigint,text[]) to outbox_listener;
grant execute on function outbox.drop_capture(regclass,bigint,text[]) to public;
grant execute on function outbox.drop_left_over(bigint) to outbox_functions;
grant execute on function outbox.drop_left_over(bigint) to outbox_listener;
grant execute on function outbox.drop_left_over(bigint) to public;
grant execute on function outbox.emit(outbox.event_type_text,jsonb,text,text) to outbox_emitter;
grant execute on function outbox.emit(outbox.event_type_text,jsonb,text,text) to outbox_functions;
grant execute on function outbox.emit(outbox.event_type_text,jsonb,text,text) to outbox_listener;
grant execute on function outbox.emit(outbox.event_type_text,jsonb,text,text) to public;
grant execute on function outbox.emit(text,json,text,text) to outbox_emitter;
grant execute on function outbox.emit(text,json,text,text) to outbox_functions;
grant execute on function outbox.emit(text,json,text,text) to outbox_listener;
grant execute on function outbox.emit(text,json,text,text) to public;
grant execute on function outbox.emit_failed(text,text,text,text) to outbox_emitter;
grant execute on function outbox.emit_failed(text,text,text,text) to outbox_functions;
grant execute on function outbox.emit_failed(text,text,text,text) to outbox_listener;
grant execute on function outbox.emit_failed(text,text,text,text) to public;
grant execute on function outbox.emit_text(text,text,text,text) to outbox_emitter;
grant execute on function outbox.emit_text(text,text,text,text) to outbox_functions;
grant execute on function outbox.emit_text(text,text,text,text) to outbox_listener;
grant execute on function outbox.emit_text(text,text,text,text) to public;
grant execute on function outbox.endpoint_id(bigint,integer) to outbox_functions;
grant execute on function outbox.endpoint_id(bigint,integer) to outbox_listener;
grant execute on function outbox.endpoint_id(bigint,integer) to public;
grant execute on function outbox.event_id(bigint,integer) to outbox_functions;
grant execute on function outbox.event_id(bigint,integer) to outbox_listener;
grant execute on function outbox.event_id(bigint,integer) to public;
grant execute on function outbox.event_type(text) to outbox_emitter;
grant execute on function outbox.event_type(text) to outbox_functions;
grant execute on function outbox.event_type(text) to outbox_listener;
grant execute on function outbox.event_type(text) to public;
grant execute on function outbox.event_types() to outbox_functions;
grant execute on function outbox.event_types_of(regclass,json,boolean) to outbox_functions;
grant execute on function outbox.event_types_of(regclass,json,boolean) to outbox_listener;
grant execute on function outbox.event_types_of(regclass,json,boolean) to public;
grant execute on function outbox.expire(interval,text[],double precision[]) to outbox_functions;
grant execute on function outbox.expire(interval,text[],double precision[]) to outbox_listener;
grant execute on function outbox.explain(text) to outbox_functions;
grant execute on function outbox.explain(text) to outbox_listener;
grant execute on function outbox.explain(text) to public;
grant execute on function outbox.explain_conditions(regclass,json,text) to outbox_functions;
grant execute on function outbox.explain_conditions(regclass,json,text) to outbox_listener;
grant execute on function outbox.explain_conditions(regclass,json,text) to public;
grant execute on function outbox.explain_own_row(regclass,text) to outbox_functions;
grant execute on function outbox.explain_own_row(regclass,text) to outbox_listener;
grant execute on function outbox.explain_own_row(regclass,text) to public;
grant execute on function outbox.explain_row(text,text) to outbox_functions;
grant execute on function outbox.expression_for(text,text) to outbox_functions;
grant execute on function outbox.expression_for(text,text) to outbox_listener;
grant execute on function outbox.expression_for(text,text) to public;
grant execute on function outbox.expression_words(text) to outbox_functions;
grant execute on function outbox.expression_words(text) to outbox_listener;
grant execute on function outbox.expression_words(text) to public;
grant execute on function outbox.failure_words(outbox.deliveries) to outbox_functions;
grant execute on function outbox.failure_words(outbox.deliveries) to outbox_listener;
grant execute on function outbox.failure_words(outbox.deliveries) to public;
grant execute on function outbox.field_types(regclass,json) to outbox_functions;
grant execute on function outbox.field_types(regclass,json) to outbox_listener;
grant execute on function outbox.field_types(regclass,json) to public;
grant execute on function outbox.first_due(bigint,boolean) to outbox_functions;
grant execute on function outbox.first_due(bigint,boolean) to outbox_listener;
grant execute on function outbox.first_due(bigint,boolean) to public;
grant execute on function outbox.first_event(bigint) to outbox_functions;
grant execute on function outbox.first_event(bigint) to outbox_listener;
grant execute on function outbox.first_event(bigint) to public;
grant execute on function outbox.fold_attempts(interval,integer) to outbox_functions;
grant execute on function outbox.fold_attempts(interval,integer) to outbox_listener;
grant execute on function outbox.forget_failures(bigint) to outbox_functions;
grant execute on function outbox.forget_failures(bigint) to outbox_listener;
grant execute on function outbox.forget_failures(bigint) to public;
grant execute on function outbox.frozen_options(regclass,json) to outbox_functions;
grant execute on function outbox.frozen_options(regclass,json) to outbox_listener;
grant execute on function outbox.frozen_options(regclass,json) to public;
grant execute on function outbox.full_name(regclass) to outbox_functions;
grant execute on function outbox.full_name(regclass) to outbox_listener;
grant execute on function outbox.full_name(regclass) to public;
grant execute on function outbox.full_watch_options(regclass,text[],text,json,text,text[],text[],text[],text[],text,text,text,json,text) to outbox_functions;
grant execute on function outbox.full_watch_options(regclass,text[],text,json,text,text[],text[],text[],text[],text,text,text,json,text) to outbox_listener;
grant execute on function outbox.full_watch_options(regclass,text[],text,json,text,text[],text[],text[],text[],text,text,text,json,text) to public;
grant execute on function outbox.hand_over_capture(bigint,regrole) to outbox_functions;
grant execute on function outbox.hand_over_capture(bigint,regrole) to outbox_listener;
grant execute on function outbox.hand_over_capture(bigint,regrole) to public;
grant execute on function outbox.health_after(outbox.endpoint_health,integer,integer,integer,integer[],boolean,boolean,double precision,bigint[],bigint[],integer[],double precision[],double precision,integer,double precision) to outbox_functions;
grant execute on function outbox.health_after(outbox.endpoint_health,integer,integer,integer,integer[],boolean,boolean,double precision,bigint[],bigint[],integer[],double precision[],double precision,integer,double precision) to outbox_listener;
grant execute on function outbox.health_after(outbox.endpoint_health,integer,integer,integer,integer[],boolean,boolean,double precision,bigint[],bigint[],integer[],double precision[],double precision,integer,double precision) to public;
grant execute on function outbox.held_reason() to outbox_functions;
grant execute on function outbox.held_reason() to outbox_listener;
grant execute on function outbox.identify(text,text) to outbox_functions;
grant execute on function outbox.identify(text,text) to outbox_listener;
grant execute on function outbox.identify_witnessed(text,text,jsonb,boolean) to outbox_functions;
grant execute on function outbox.identify_witnessed(text,text,jsonb,boolean) to outbox_listener;
grant execute on function outbox.identity_verdict(jsonb,jsonb,boolean) to outbox_functions;
grant execute on function outbox.identity_verdict(jsonb,jsonb,boolean) to outbox_listener;
grant execute on function outbox.identity_verdict(jsonb,jsonb,boolean) to public;
grant execute on function outbox.is_trusted(oid) to outbox_functions;
grant execute on function outbox.is_trusted(oid) to outbox_listener;
grant execute on function outbox.is_trusted(oid) to public;
grant execute on function outbox.json_object_sql(text[],text[]) to outbox_functions;
grant execute on function outbox.json_object_sql(text[],text[]) to outbox_listener;
grant execute on function outbox.json_object_sql(text[],text[]) to public;
grant execute on function outbox.keep_options(bigint,json,timestamp with time zone) to outbox_functions;
grant execute on function outbox.keep_options(bigint,json,timestamp with time zone) to outbox_listener;
grant execute on function outbox.keep_options(bigint,json,timestamp with time zone) to public;
grant execute on function outbox.key_columns(regclass,json) to outbox_functions;
grant execute on function outbox.key_columns(regclass,json) to outbox_listener;
grant execute on function outbox.key_columns(regclass,json) to public;
grant execute on function outbox.last_event(bigint) to outbox_functions;
grant execute on function outbox.last_event(bigint) to outbox_listener;
grant execute on function outbox.last_event(bigint) to public;
grant execute on function outbox.last_event_before(timestamp with time zone) to outbox_functions;
grant execute on function outbox.last_event_before(timestamp with time zone) to outbox_listener;
grant execute on function outbox.last_event_before(timestamp with time zone) to public;
grant execute on function outbox.last_event_until(timestamp with time zone) to outbox_functions;
grant execute on function outbox.last_event_until(timestamp with time zone) to outbox_listener;
grant execute on function outbox.last_event_until(timestamp with time zone) to public;
grant execute on function outbox.late_capture(bigint,oid,text) to outbox_functions;
grant execute on function outbox.late_capture(bigint,oid,text) to outbox_listener;
grant execute on function outbox.late_capture(bigint,oid,text) to public;
grant execute on function outbox.late_event(bigint,oid,text,anyelement,anyelement) to outbox_functions;
grant execute on function outbox.late_event(bigint,oid,text,anyelement,anyelement) to outbox_listener;
grant execute on function outbox.late_event(bigint,oid,text,anyelement,anyelement) to public;
grant execute on function outbox.lend_create(regrole) to outbox_functions;
grant execute on function outbox.lend_create(regrole) to outbox_listener;
grant execute on function outbox.lend_create(regrole) to public;
grant execute on function outbox.listener_is_polling() to outbox_functions;
grant execute on function outbox.listener_is_polling() to outbox_listener;
grant execute on function outbox.lock_probe(bigint,bigint,timestamp with time zone) to outbox_functions;
grant execute on function outbox.lock_probe(bigint,bigint,timestamp with time zone) to outbox_listener;
grant execute on function outbox.lock_probe(bigint,bigint,timestamp with time zone) to public;
grant execute on function outbox.lock_replays(boolean,integer) to outbox_functions;
grant execute on function outbox.lock_replays(boolean,integer) to outbox_listener;
grant execute on function outbox.lock_replays(boolean,integer) to public;
grant execute on function outbox.longest_wait_seconds() to outbox_functions;
grant execute on function outbox.longest_wait_seconds() to outbox_listener;
grant execute on function outbox.lost_columns(regclass,json) to outbox_functions;
grant execute on function outbox.lost_columns(regclass,json) to outbox_listener;
grant execute on function outbox.lost_columns(regclass,json) to public;
grant execute on function outbox.matches(text[],text) to outbox_functions;
grant execute on function outbox.matches(text[],text) to outbox_listener;
grant execute on function outbox.matches(text[],text) to public;
grant execute on function outbox.may_compile(oid,oid) to outbox_functions;
grant execute on function outbox.may_compile(oid,oid) to outbox_listener;
grant execute on function outbox.may_compile(oid,oid) to public;
grant execute on function outbox.may_record() to outbox_functions;
grant execute on function outbox.may_record() to outbox_listener;
grant execute on function outbox.may_record() to public;
grant execute on function outbox.missing_rights(regclass) to outbox_functions;
grant execute on function outbox.missing_rights(regclass) to outbox_listener;
grant execute on function outbox.missing_rights(regclass) to public;
grant execute on function outbox.missing_writing_rights(oid) to outbox_functions;
grant execute on function outbox.missing_writing_rights(oid) to outbox_listener;
grant execute on function outbox.missing_writing_rights(oid) to public;
grant execute on function outbox.must_identify() to outbox_functions;
grant execute on function outbox.must_identify() to outbox_listener;
grant execute on function outbox.must_notify() to outbox_functions;
grant execute on function outbox.must_notify() to outbox_listener;
grant execute on function outbox.must_notify() to public;
grant execute on function outbox.next_due(boolean) to outbox_functions;
grant execute on function outbox.next_due(boolean) to outbox_listener;
grant execute on function outbox.next_due(boolean) to public;
grant execute on function outbox.number_deliveries(bigint[],bigint[]) to outbox_functions;
grant execute on function outbox.number_deliveries(bigint[],bigint[]) to outbox_listener;
grant execute on function outbox.oldest_transaction_seconds() to outbox_functions;
grant execute on function outbox.oldest_transaction_seconds() to outbox_listener;
grant execute on function outbox.oldest_unfanned_seconds() to outbox_functions;
grant execute on function outbox.oldest_unfanned_seconds() to outbox_listener;
grant execute on function outbox.oldest_unfanned_seconds() to public;
grant execute on function outbox.oldest_writer_seconds() to outbox_functions;
grant execute on function outbox.open_keys(bigint,text,integer) to outbox_functions;
grant execute on function outbox.open_keys(bigint,text,integer) to outbox_listener;
grant execute on function outbox.open_keys(bigint,text,integer) to public;
grant execute on function outbox.open_next_partition(interval) to outbox_functions;
grant execute on function outbox.open_next_partition(interval) to outbox_listener;
grant execute on function outbox.partition_bytes(outbox.partitions) to outbox_functions;
grant execute on function outbox.partition_bytes(outbox.partitions) to outbox_listener;
grant execute on function outbox.partition_bytes(outbox.partitions) to public;
grant execute on function outbox.partition_name(text,bigint,integer) to outbox_functions;
grant execute on function outbox.partition_name(text,bigint,integer) to outbox_listener;
grant execute on function outbox.partition_name(text,bigint,integer) to public;
grant execute on function outbox.patterns(text) to outbox_functions;
grant execute on function outbox.patterns(text) to outbox_listener;
grant execute on function outbox.patterns(text) to public;
grant execute on function outbox.pinned_settings(regclass,json) to outbox_functions;
grant execute on function outbox.pinned_settings(regclass,json) to outbox_listener;
grant execute on function outbox.pinned_settings(regclass,json) to public;
grant execute on function outbox.raise_alarms() to outbox_functions;
grant execute on function outbox.raise_alarms() to outbox_listener;
grant execute on function outbox.recompile_watches() to public;
grant execute on function outbox.record(text,json,text,text) to outbox_emitter;
grant execute on function outbox.record(text,json,text,text) to outbox_functions;
grant execute on function outbox.record(text,json,text,text) to outbox_listener;
grant execute on function outbox.record(text,json,text,text) to public;
grant execute on function outbox.record_events(text[],json[],text[],text[]) to outbox_functions;
grant execute on function outbox.record_test(bigint) to outbox_functions;
grant execute on function outbox.refuse_audit_change() to public;
grant execute on function outbox.refuse_lost(text,text) to outbox_functions;
grant execute on function outbox.refuse_lost(text,text) to outbox_listener;
grant execute on function outbox.refuse_lost(text,text) to public;
grant execute on function outbox.refuse_watch(text,text) to outbox_functions;
grant execute on function outbox.refuse_watch(text,text) to outbox_listener;
grant execute on function outbox.refuse_watch(text,text) to public;
grant execute on function outbox.renamed_expression(regclass,json,text) to outbox_functions;
grant execute on function outbox.renamed_expression(regclass,json,text) to outbox_listener;
grant execute on function outbox.renamed_expression(regclass,json,text) to public;
grant execute on function outbox.repair() to public;
grant execute on function outbox.role_rights() to outbox_functions;
grant execute on function outbox.role_rights() to outbox_listener;
grant execute on function outbox.role_rights() to public;
grant execute on function outbox.row_words(text) to outbox_functions;
grant execute on function outbox.row_words(text) to outbox_listener;
grant execute on function outbox.row_words(text) to public;
grant execute on function outbox.run_idempotent(text,text[],text,text,boolean,text,text[]) to outbox_functions;
grant execute on function outbox.sample_backlog(timestamp with time zone) to outbox_functions;
grant execute on function outbox.sample_backlog(timestamp with time zone) to outbox_listener;
grant execute on function outbox.schema_version() to outbox_functions;
grant execute on function outbox.schema_version() to outbox_listener;
grant execute on function outbox.schema_version() to public;
grant execute on function outbox.shown_change_sql(regclass,json,text) to outbox_functions;
grant execute on function outbox.shown_change_sql(regclass,json,text) to outbox_listener;
grant execute on function outbox.shown_change_sql(regclass,json,text) to public;
grant execute on function outbox.sqlstate_reason(text) to outbox_functions;
grant execute on function outbox.sqlstate_reason(text) to outbox_listener;
grant execute on function outbox.sqlstate_reason(text) to public;
grant execute on function outbox.stored_key_sql(regclass,json) to outbox_functions;
grant execute on function outbox.stored_key_sql(regclass,json) to outbox_listener;
grant execute on function outbox.stored_key_sql(regclass,json) to public;
grant execute on function outbox.tell_operators(text,json,text,text) to outbox_functions;
grant execute on function outbox.tell_operators(text,json,text,text) to outbox_listener;
grant execute on function outbox.trigger_condition(oid) to outbox_functions;
grant execute on function outbox.trigger_condition(oid) to outbox_listener;
grant execute on function outbox.trigger_condition(oid) to public;
grant execute on function outbox.type_description(text,oid,boolean) to outbox_functions;
grant execute on function outbox.type_description(text,oid,boolean) to outbox_listener;
grant execute on function outbox.type_description(text,oid,boolean) to public;
grant execute on function outbox.unwatch(regclass) to outbox_functions;
grant execute on function outbox.unwatch(regclass) to outbox_listener;
grant execute on function outbox.unwatch(regclass) to public;
grant execute on function outbox.wake() to outbox_functions;
grant execute on function outbox.wake() to outbox_listener;
grant execute on function outbox.wake() to public;
grant execute on function outbox.was_delivered_at_once(bigint,bigint) to outbox_functions;
grant execute on function outbox.was_delivered_at_once(bigint,bigint) to outbox_listener;
grant execute on function outbox.was_delivered_at_once(bigint,bigint) to public;
grant execute on function outbox.watch(regclass,text[],text,json,text,text[],text[],text[],text[],text,text,text,json,text,boolean) to outbox_functions;
grant execute on function outbox.watch(regclass,text[],text,json,text,text[],text[],text[],text[],text,text,text,json,text,boolean) to outbox_listener;
grant execute on function outbox.watch(regclass,text[],text,json,text,text[],text[],text[],text[],text,text,text,json,text,boolean) to public;
grant execute on function outbox.watched_types(regclass,text[],text,json,text,text[]) to outbox_functions;
grant execute on function outbox.watched_types(regclass,text[],text,json,text,text[]) to outbox_listener;
grant execute on function outbox.watched_types(regclass,text[],text,json,text,text[]) to public;
grant execute on function outbox.watching_functions() to outbox_functions;
grant execute on function outbox.watching_functions() to outbox_listener;
grant execute on function outbox.watching_functions() to public;
grant usage on schema outbox to outbox_emitter;
grant usage on schema outbox to outbox_functions;
grant usage on schema outbox to outbox_listener;
grant usage on schema outbox to public;
grant usage on sequence outbox.endpoint_secrets_id_seq to outbox_functions;
grant usage on sequence outbox.endpoints_id_seq to outbox_functions;
grant select on sequence outbox.events_id_seq to outbox_functions;
grant select on sequence outbox.events_id_seq to outbox_listener;
grant delete, insert, select on table outbox.api_keys to outbox_functions;
grant select on table outbox.attempt_minutes to outbox_functions;
grant insert, select, update on table outbox.attempt_rows to outbox_functions;
grant insert, select, update on table outbox.attempt_rows to outbox_listener;
grant insert, select on table outbox.attempt_tallies to outbox_functions;
grant insert, select on table outbox.attempt_tallies to outbox_listener;
grant select on table outbox.attempts to outbox_functions;
grant select on table outbox.attempts to outbox_listener;
grant insert, select on table outbox.audit to outbox_functions;
grant select on table outbox.backlog_minutes to outbox_functions;
grant insert, select on table outbox.delivered_at_once to outbox_listener;
grant insert, select, update on table outbox.delivered_at_once to outbox_functions;
grant select on table outbox.deliveries to outbox_functions;
grant select on table outbox.deliveries to outbox_listener;
grant delete, insert, select, update on table outbox.delivery_groups to outbox_functions;
grant delete, insert, select, update on table outbox.delivery_groups to outbox_listener;
grant insert, select on table outbox.delivery_numbers to outbox_functions;
grant insert, select on table outbox.delivery_numbers to outbox_listener;
grant delete, insert, select, update on table outbox.delivery_rows to outbox_functions;
grant delete, insert, select, update on table outbox.delivery_rows to outbox_listener;
grant select, update on table outbox.endpoint_health to outbox_functions;
grant select, update on table outbox.endpoint_health to outbox_listener;
grant insert, select on table outbox.endpoint_secrets to outbox_functions;
grant select on table outbox.endpoint_secrets to outbox_listener;
grant insert, select, update on table outbox.endpoints to outbox_functions;
grant select on table outbox.endpoints to outbox_listener;
grant select on table outbox.events to outbox_functions;
grant select on table outbox.events to outbox_listener;
grant select on table outbox.expiry to outbox_functions;
grant select on table outbox.expiry to outbox_listener;
grant insert, select, update on table outbox.failed_cron_run to outbox_functions;
grant delete, select on table outbox.fanout to outbox_functions;
grant delete, select on table outbox.fanout to outbox_listener;
grant select on table outbox.function_files to outbox_functions;
grant select on table outbox.function_files to outbox_listener;
grant select on table outbox.held_senders to outbox_functions;
grant select on table outbox.held_senders to outbox_listener;
grant select on table outbox.history to outbox_functions;
grant delete, insert, select, update on table outbox.idempotency_keys to outbox_functions;
grant delete, insert, select on table outbox.idempotency_steps to outbox_functions;
grant select on table outbox.identity to outbox_functions;
grant insert, select, update on table outbox.last_cron_run to outbox_functions;
grant select on table outbox.last_cron_run to outbox_listener;
grant delete, insert, select, update on table outbox.listeners to outbox_listener;
grant select on table outbox.listeners to outbox_functions;
grant select on table outbox.migrations to outbox_functions;
grant select on table outbox.partitions to outbox_functions;
grant select on table outbox.partitions to outbox_listener;
grant insert, select, update on table outbox.pull_sessions to outbox_functions;
grant select on table outbox.pull_sessions to outbox_listener;
grant delete, insert, select, update on table outbox.rate_buckets to outbox_functions;
grant insert, select, update on table outbox.replay_parts to outbox_functions;
grant select, update on table outbox.replay_parts to outbox_listener;
grant delete, insert, select, update on table outbox.replays to outbox_functions;
grant select, update on table outbox.replays to outbox_listener;
grant insert, select, update on table outbox.sequences to outbox_functions;
grant insert, select, update on table outbox.sequences to outbox_listener;
grant select on table outbox.watches to outbox_functions;
