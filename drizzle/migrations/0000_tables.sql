CREATE SCHEMA "outbox";
--> statement-breakpoint
CREATE TYPE "outbox"."delivery_state" AS ENUM('pending', 'sending', 'delivered', 'dead', 'canceled');--> statement-breakpoint
CREATE TYPE "outbox"."sender" AS ENUM('listener', 'cron', 'pull', 'edge');--> statement-breakpoint
CREATE TYPE "outbox"."disabled_reason" AS ENUM('gone', 'failing', 'manual', 'idle');--> statement-breakpoint
CREATE TYPE "outbox"."endpoint_kind" AS ENUM('push', 'pull');--> statement-breakpoint
CREATE TYPE "outbox"."endpoint_state" AS ENUM('active', 'paused', 'disabled');--> statement-breakpoint
CREATE TYPE "outbox"."ordering" AS ENUM('none', 'key');--> statement-breakpoint
CREATE TYPE "outbox"."signing" AS ENUM('hmac', 'ed25519');--> statement-breakpoint
CREATE TYPE "outbox"."webhook_format" AS ENUM('standard', 'slack');--> statement-breakpoint
CREATE TYPE "outbox"."expiry_step" AS ENUM('events', 'delivered', 'attempts', 'history', 'deliveries');--> statement-breakpoint
CREATE TYPE "outbox"."replay_scope" AS ENUM('dead', 'undelivered', 'all');--> statement-breakpoint
CREATE TYPE "outbox"."replay_state" AS ENUM('previewed', 'running', 'done', 'canceled');--> statement-breakpoint
CREATE DOMAIN "outbox"."event_type_text" AS text;--> statement-breakpoint
CREATE TABLE "outbox"."api_keys" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."api_keys_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"nonce" integer DEFAULT (floor(random() * 4294967296) - 2147483648)::integer NOT NULL,
	"name" text NOT NULL,
	"scope" text NOT NULL,
	"tenant" text,
	"hash" "bytea" NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"expires_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	CONSTRAINT "api_keys_hash_unique" UNIQUE("hash"),
	CONSTRAINT "api_keys_name" CHECK ("outbox"."api_keys"."name" ~ '^[A-Za-z0-9_-]{1,100}$'),
	CONSTRAINT "api_keys_scope" CHECK ("outbox"."api_keys"."scope" in ('admin', 'read')),
	CONSTRAINT "api_keys_hash" CHECK (octet_length("outbox"."api_keys"."hash") = 32)
);
--> statement-breakpoint
CREATE TABLE "outbox"."idempotency_keys" (
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"claimed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_scope_key_pk" PRIMARY KEY("scope","key")
);
--> statement-breakpoint
CREATE TABLE "outbox"."idempotency_steps" (
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"step" text NOT NULL,
	"answer" json NOT NULL,
	CONSTRAINT "idempotency_steps_scope_key_step_pk" PRIMARY KEY("scope","key","step")
);
--> statement-breakpoint
CREATE TABLE "outbox"."rate_buckets" (
	"name" text PRIMARY KEY NOT NULL,
	"tokens" double precision NOT NULL,
	"filled_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox"."audit" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."audit_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"who" text NOT NULL,
	"request_id" text NOT NULL,
	"action" text NOT NULL,
	"endpoint_id" bigint,
	"event_id" bigint,
	"replay_id" bigint,
	"changes" jsonb
);
--> statement-breakpoint
CREATE TABLE "outbox"."attempt_rows" (
	"endpoint_id" bigint NOT NULL,
	"event_id" bigint NOT NULL,
	"number" integer NOT NULL,
	"sender" "outbox"."sender" NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"duration_ms" integer,
	"response_status" integer,
	"error" text,
	"response_body" text,
	"interrupted_at" timestamp with time zone,
	CONSTRAINT "attempt_rows_endpoint_id_event_id_number_pk" PRIMARY KEY("endpoint_id","event_id","number"),
	CONSTRAINT "attempt_rows_number" CHECK ("outbox"."attempt_rows"."number" >= 1),
	CONSTRAINT "attempt_rows_duration" CHECK ("outbox"."attempt_rows"."duration_ms" >= 0),
	CONSTRAINT "attempt_rows_body" CHECK (octet_length("outbox"."attempt_rows"."response_body") <= 1024)
) PARTITION BY RANGE ("event_id");
--> statement-breakpoint
CREATE TABLE "outbox"."delivered_at_once" (
	"endpoint_id" bigint NOT NULL,
	"event_id" bigint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"duration_ms" integer NOT NULL,
	"sender" "outbox"."sender" NOT NULL,
	"response_status" smallint,
	"response_body" text,
	CONSTRAINT "delivered_at_once_endpoint_id_event_id_pk" PRIMARY KEY("endpoint_id","event_id")
) PARTITION BY RANGE ("event_id");
--> statement-breakpoint
CREATE TABLE "outbox"."delivery_groups" (
	"endpoint_id" bigint NOT NULL,
	"id" bigint NOT NULL,
	"event_ids" bigint[] NOT NULL,
	"lease" text NOT NULL,
	"leased_until" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "delivery_groups_endpoint_id_id_pk" PRIMARY KEY("endpoint_id","id")
);
--> statement-breakpoint
CREATE TABLE "outbox"."delivery_numbers" (
	"endpoint_id" bigint NOT NULL,
	"number" bigint NOT NULL,
	"event_id" bigint NOT NULL,
	CONSTRAINT "delivery_numbers_endpoint_id_number_pk" PRIMARY KEY("endpoint_id","number")
);
--> statement-breakpoint
CREATE TABLE "outbox"."delivery_rows" (
	"endpoint_id" bigint NOT NULL,
	"event_id" bigint NOT NULL,
	"state" "outbox"."delivery_state" NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"retry_base" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"lease" text,
	"leased_until" timestamp with time zone,
	"ordering_key" text,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "delivery_rows_endpoint_id_event_id_pk" PRIMARY KEY("endpoint_id","event_id"),
	CONSTRAINT "delivery_rows_lease" CHECK (("outbox"."delivery_rows"."state" = 'sending') = ("outbox"."delivery_rows"."lease" is not null) and ("outbox"."delivery_rows"."lease" is null) = ("outbox"."delivery_rows"."leased_until" is null)),
	CONSTRAINT "delivery_rows_attempt" CHECK ("outbox"."delivery_rows"."attempt" >= (case when "outbox"."delivery_rows"."state" in ('sending', 'delivered') then 1 else 0 end)),
	CONSTRAINT "delivery_rows_budget" CHECK ("outbox"."delivery_rows"."retry_base" between 0 and "outbox"."delivery_rows"."attempt"),
	CONSTRAINT "delivery_rows_finished" CHECK (("outbox"."delivery_rows"."state" in ('delivered', 'dead', 'canceled')) = ("outbox"."delivery_rows"."finished_at" is not null)),
	CONSTRAINT "delivery_rows_reason" CHECK ("outbox"."delivery_rows"."state" not in ('dead', 'canceled') or "outbox"."delivery_rows"."reason" is not null)
);
--> statement-breakpoint
CREATE TABLE "outbox"."sequences" (
	"endpoint_id" bigint PRIMARY KEY NOT NULL,
	"last_number" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox"."attempt_minutes" (
	"endpoint_id" bigint NOT NULL,
	"tenant" text NOT NULL,
	"minutes" smallint NOT NULL,
	"begins_at" timestamp with time zone NOT NULL,
	"sender" "outbox"."sender" NOT NULL,
	"outcome" text NOT NULL,
	"attempts" bigint NOT NULL,
	"durations" integer[],
	"duration_ms" bigint NOT NULL,
	"delays" integer[],
	"delay_ms" bigint NOT NULL,
	CONSTRAINT "attempt_minutes_pk" PRIMARY KEY("endpoint_id","tenant","minutes","begins_at","sender","outcome")
);
--> statement-breakpoint
CREATE TABLE "outbox"."attempt_tallies" (
	"endpoint_id" bigint NOT NULL,
	"sender" "outbox"."sender" NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"error" text,
	"attempts" integer NOT NULL,
	"durations_ms" integer[],
	"delays_ms" integer[]
);
--> statement-breakpoint
CREATE TABLE "outbox"."backlog_minutes" (
	"endpoint_id" bigint NOT NULL,
	"tenant" text NOT NULL,
	"begins_at" timestamp with time zone NOT NULL,
	"oldest_pending_seconds" double precision NOT NULL,
	CONSTRAINT "backlog_minutes_endpoint_id_tenant_begins_at_pk" PRIMARY KEY("endpoint_id","tenant","begins_at")
);
--> statement-breakpoint
CREATE TABLE "outbox"."history" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"folded_at" timestamp with time zone NOT NULL,
	"sampled_at" timestamp with time zone NOT NULL,
	"cleaned_at" timestamp with time zone NOT NULL,
	"broken_checks" text[] DEFAULT '{}' NOT NULL,
	"waited_seconds" double precision DEFAULT 0 NOT NULL,
	"grown_minutes" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "history_one" CHECK ("outbox"."history"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "outbox"."function_files" (
	"name" text PRIMARY KEY NOT NULL,
	"sha256" text NOT NULL,
	"applied_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox"."migrations" (
	"name" text PRIMARY KEY NOT NULL,
	"applied_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox"."endpoint_health" (
	"endpoint_id" bigint PRIMARY KEY NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"early_failures" integer DEFAULT 0 NOT NULL,
	"failing_since" timestamp with time zone,
	"not_before" timestamp with time zone,
	"probe_at" timestamp with time zone,
	"probes" integer DEFAULT 0 NOT NULL,
	"probing" boolean DEFAULT false NOT NULL,
	"nearest_event_id" bigint,
	"tries_needed" integer DEFAULT 1 NOT NULL,
	"relapses" integer DEFAULT 0 NOT NULL,
	"doubted_at" timestamp with time zone,
	"slow_start_limit" integer,
	"next_slot_at" timestamp with time zone,
	"key_cursor" text,
	CONSTRAINT "endpoint_health_early_failures" CHECK ("outbox"."endpoint_health"."early_failures" between 0 and "outbox"."endpoint_health"."failures"),
	CONSTRAINT "endpoint_health_relapses" CHECK ("outbox"."endpoint_health"."relapses" >= 0),
	CONSTRAINT "endpoint_health_tries_needed" CHECK ("outbox"."endpoint_health"."tries_needed" >= 1),
	CONSTRAINT "endpoint_health_failures" CHECK ("outbox"."endpoint_health"."failures" >= 0 and ("outbox"."endpoint_health"."failures" = 0) = ("outbox"."endpoint_health"."failing_since" is null)),
	CONSTRAINT "endpoint_health_slow_start_limit" CHECK ("outbox"."endpoint_health"."slow_start_limit" >= 1),
	CONSTRAINT "endpoint_health_probes" CHECK ("outbox"."endpoint_health"."probes" >= 0 and ("outbox"."endpoint_health"."probe_at" is not null or ("outbox"."endpoint_health"."probes" = 0 and not "outbox"."endpoint_health"."probing")))
);
--> statement-breakpoint
CREATE TABLE "outbox"."endpoint_secrets" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."endpoint_secrets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"endpoint_id" bigint NOT NULL,
	"signing" "outbox"."signing" NOT NULL,
	"sealed" "bytea" NOT NULL,
	"public_key" text,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"expires_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "outbox"."endpoints" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."endpoints_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"nonce" integer DEFAULT (floor(random() * 4294967296) - 2147483648)::integer NOT NULL,
	"name" text,
	"kind" "outbox"."endpoint_kind" DEFAULT 'push' NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"event_types" text[],
	"tenant" text,
	"changed_tenant" boolean DEFAULT false NOT NULL,
	"sealed_headers" "bytea",
	"signing" "outbox"."signing" DEFAULT 'hmac' NOT NULL,
	"ordering" "outbox"."ordering" DEFAULT 'none' NOT NULL,
	"format" "outbox"."webhook_format" DEFAULT 'standard' NOT NULL,
	"max_in_flight" integer DEFAULT 32 NOT NULL,
	"rate_per_second" double precision,
	"timeout_seconds" double precision,
	"retry_schedule" double precision[],
	"expires_after_idle_seconds" integer,
	"sequence" boolean DEFAULT false NOT NULL,
	"state" "outbox"."endpoint_state" DEFAULT 'active' NOT NULL,
	"disabled_reason" "outbox"."disabled_reason",
	"version" integer DEFAULT 1 NOT NULL,
	"events_after" bigint DEFAULT 0 NOT NULL,
	"created_snapshot" "pg_snapshot" DEFAULT pg_current_snapshot() NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "endpoints_name" CHECK ("outbox"."endpoints"."name" ~ '^[A-Za-z0-9._-]{1,100}$'),
	CONSTRAINT "endpoints_url" CHECK (length("outbox"."endpoints"."url") <= 2048 and "outbox"."endpoints"."url" ~ '^https?://'),
	CONSTRAINT "endpoints_reason" CHECK (("outbox"."endpoints"."state" = 'disabled') = ("outbox"."endpoints"."disabled_reason" is not null)),
	CONSTRAINT "endpoints_deleted" CHECK ("outbox"."endpoints"."deleted_at" is null or "outbox"."endpoints"."state" = 'disabled'),
	CONSTRAINT "endpoints_max_in_flight" CHECK ("outbox"."endpoints"."max_in_flight" between 1 and 1000),
	CONSTRAINT "endpoints_rate" CHECK ("outbox"."endpoints"."rate_per_second" > 0 and "outbox"."endpoints"."rate_per_second" <= 10000),
	CONSTRAINT "endpoints_timeout" CHECK ("outbox"."endpoints"."timeout_seconds" > 0 and "outbox"."endpoints"."timeout_seconds" <= 60),
	CONSTRAINT "endpoints_event_types" CHECK (cardinality("outbox"."endpoints"."event_types") between 1 and 100),
	CONSTRAINT "endpoints_retry_schedule" CHECK (cardinality("outbox"."endpoints"."retry_schedule") <= 50)
);
--> statement-breakpoint
CREATE TABLE "outbox"."events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"nonce" integer DEFAULT (floor(random() * 4294967296) - 2147483648)::integer NOT NULL,
	"type" text NOT NULL,
	"data" json NOT NULL,
	"key" text,
	"tenant" text,
	"occurred_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"actor" text,
	"traceparent" text
) PARTITION BY RANGE ("id");
--> statement-breakpoint
CREATE TABLE "outbox"."fanout" (
	"event_id" bigint PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox"."pull_sessions" (
	"endpoint_id" bigint PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"held_until" timestamp with time zone NOT NULL,
	"pulled_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox"."expiry" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"first_id" bigint NOT NULL,
	"until_id" bigint NOT NULL,
	"generation" integer NOT NULL,
	"step" "outbox"."expiry_step" DEFAULT 'events' NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"next_block" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "expiry_one" CHECK ("outbox"."expiry"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "outbox"."partitions" (
	"first_id" bigint PRIMARY KEY NOT NULL,
	"until_id" bigint NOT NULL,
	"generation" integer DEFAULT 0 NOT NULL,
	"opened_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"ids_before" double precision DEFAULT 0 NOT NULL,
	"reduced_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "outbox"."replay_parts" (
	"replay_id" bigint NOT NULL,
	"endpoint_id" bigint NOT NULL,
	"event_ids" bigint[] NOT NULL,
	"looked_to" integer DEFAULT 0 NOT NULL,
	"stepped_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "replay_parts_replay_id_endpoint_id_pk" PRIMARY KEY("replay_id","endpoint_id")
);
--> statement-breakpoint
CREATE TABLE "outbox"."replays" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."replays_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"nonce" integer DEFAULT (floor(random() * 4294967296) - 2147483648)::integer NOT NULL,
	"endpoint_id" bigint,
	"since" timestamp with time zone NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"event_types" text[],
	"scope" "outbox"."replay_scope" NOT NULL,
	"rate_per_second" double precision,
	"state" "outbox"."replay_state" DEFAULT 'running' NOT NULL,
	"looked_to" bigint DEFAULT 0 NOT NULL,
	"replayed" bigint DEFAULT 0 NOT NULL,
	"stepped_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"finished_at" timestamp with time zone,
	"token_hash" "bytea",
	"expires_at" timestamp with time zone,
	"tenant" text,
	"filter" jsonb,
	"pinned" integer,
	"skipped" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "replays_token_hash_unique" UNIQUE("token_hash"),
	CONSTRAINT "replays_range" CHECK ("outbox"."replays"."since" <= "outbox"."replays"."until"),
	CONSTRAINT "replays_rate" CHECK ("outbox"."replays"."rate_per_second" > 0),
	CONSTRAINT "replays_finished" CHECK (("outbox"."replays"."state" in ('previewed', 'running')) = ("outbox"."replays"."finished_at" is null)),
	CONSTRAINT "replays_pinned" CHECK (case when "outbox"."replays"."token_hash" is null
               then "outbox"."replays"."state" <> 'previewed' and "outbox"."replays"."endpoint_id" is not null and "outbox"."replays"."rate_per_second" is not null
               else "outbox"."replays"."expires_at" is not null and "outbox"."replays"."pinned" is not null end)
);
--> statement-breakpoint
CREATE TABLE "outbox"."failed_cron_run" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"version" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"failed_at" timestamp with time zone NOT NULL,
	"failure" text NOT NULL,
	CONSTRAINT "failed_cron_run_one" CHECK ("outbox"."failed_cron_run"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "outbox"."held_senders" (
	"address" text PRIMARY KEY NOT NULL,
	"sender" text NOT NULL,
	"since" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"seen_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox"."identity" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"facts" jsonb NOT NULL,
	"addresses" text[] NOT NULL,
	"bound_by" text NOT NULL,
	"bound_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"epoch" bigint DEFAULT 0 NOT NULL,
	"witnessed_epoch" bigint,
	"adopted_as" text,
	"adopted_at" timestamp with time zone,
	CONSTRAINT "identity_one" CHECK ("outbox"."identity"."id" = 1),
	CONSTRAINT "identity_adopted" CHECK ("outbox"."identity"."adopted_as" in ('replacement', 'new') and ("outbox"."identity"."adopted_as" is null) = ("outbox"."identity"."adopted_at" is null))
);
--> statement-breakpoint
CREATE TABLE "outbox"."last_cron_run" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"version" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone NOT NULL,
	"delivered" integer NOT NULL,
	"failed" integer NOT NULL,
	"stopped" text NOT NULL,
	CONSTRAINT "last_cron_run_one" CHECK ("outbox"."last_cron_run"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "outbox"."listeners" (
	"name" text PRIMARY KEY NOT NULL,
	"version" text NOT NULL,
	"since" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"seen_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"awake" boolean NOT NULL,
	"in_flight" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "outbox"."idempotency_steps" ADD CONSTRAINT "idempotency_steps_scope_key_idempotency_keys_scope_key_fk" FOREIGN KEY ("scope","key") REFERENCES "outbox"."idempotency_keys"("scope","key") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox"."endpoint_secrets" ADD CONSTRAINT "endpoint_secrets_endpoint_id_endpoints_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "outbox"."endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox"."replay_parts" ADD CONSTRAINT "replay_parts_replay_id_replays_id_fk" FOREIGN KEY ("replay_id") REFERENCES "outbox"."replays"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox"."replays" ADD CONSTRAINT "replays_endpoint_id_endpoints_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "outbox"."endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "outbox"."idempotency_keys" USING btree ("claimed_at");--> statement-breakpoint
CREATE INDEX "rate_buckets_by_age" ON "outbox"."rate_buckets" USING btree ("filled_at");--> statement-breakpoint
CREATE INDEX "audit_by_endpoint" ON "outbox"."audit" USING btree ("endpoint_id","id");--> statement-breakpoint
CREATE INDEX "attempt_rows_by_time" ON "outbox"."attempt_rows" USING brin ("started_at") WITH (pages_per_range=32,autosummarize=true);--> statement-breakpoint
CREATE INDEX "attempt_rows_late" ON "outbox"."attempt_rows" USING btree ("interrupted_at") WHERE "outbox"."attempt_rows"."interrupted_at" is not null;--> statement-breakpoint
CREATE INDEX "delivered_at_once_by_time" ON "outbox"."delivered_at_once" USING brin ("started_at") WITH (pages_per_range=32,autosummarize=true);--> statement-breakpoint
CREATE UNIQUE INDEX "delivery_numbers_by_event" ON "outbox"."delivery_numbers" USING btree ("event_id","endpoint_id");--> statement-breakpoint
CREATE INDEX "delivery_rows_pending" ON "outbox"."delivery_rows" USING btree ("endpoint_id","due_at","event_id") WHERE "outbox"."delivery_rows"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "delivery_rows_leases" ON "outbox"."delivery_rows" USING btree ("leased_until") WHERE "outbox"."delivery_rows"."state" = 'sending';--> statement-breakpoint
CREATE INDEX "delivery_rows_dead" ON "outbox"."delivery_rows" USING btree ("endpoint_id","event_id") WHERE "outbox"."delivery_rows"."state" = 'dead';--> statement-breakpoint
CREATE INDEX "delivery_rows_failed" ON "outbox"."delivery_rows" USING btree ("endpoint_id","reason","event_id") WHERE "outbox"."delivery_rows"."reason" is not null;--> statement-breakpoint
CREATE INDEX "delivery_rows_open_by_key" ON "outbox"."delivery_rows" USING btree ("endpoint_id","ordering_key","event_id") WHERE "outbox"."delivery_rows"."ordering_key" is not null and "outbox"."delivery_rows"."state" in ('pending', 'sending');--> statement-breakpoint
CREATE INDEX "endpoint_secrets_by_endpoint" ON "outbox"."endpoint_secrets" USING btree ("endpoint_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "endpoint_secrets_one_endless" ON "outbox"."endpoint_secrets" USING btree ("endpoint_id") WHERE "outbox"."endpoint_secrets"."expires_at" is null;--> statement-breakpoint
CREATE INDEX "endpoints_by_tenant" ON "outbox"."endpoints" USING btree ("tenant","id") WHERE "outbox"."endpoints"."tenant" is not null;--> statement-breakpoint
CREATE INDEX "endpoints_of_any_tenant" ON "outbox"."endpoints" USING btree ("id") WHERE "outbox"."endpoints"."tenant" is null or "outbox"."endpoints"."changed_tenant";--> statement-breakpoint
CREATE INDEX "endpoints_by_type" ON "outbox"."endpoints" USING gin ("event_types") WITH (fastupdate=false) WHERE "outbox"."endpoints"."tenant" is null;--> statement-breakpoint
CREATE INDEX "endpoints_of_all_types" ON "outbox"."endpoints" USING btree ("id") WHERE "outbox"."endpoints"."tenant" is null and "outbox"."endpoints"."event_types" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "endpoints_by_name" ON "outbox"."endpoints" USING btree (coalesce("tenant", ''),"name") WHERE "outbox"."endpoints"."name" is not null and "outbox"."endpoints"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "events_by_key" ON "outbox"."events" USING btree ("key","id") WHERE "outbox"."events"."key" is not null;--> statement-breakpoint
CREATE INDEX "events_by_tenant" ON "outbox"."events" USING btree ("tenant","id") WHERE "outbox"."events"."tenant" is not null;--> statement-breakpoint
CREATE INDEX "events_by_type" ON "outbox"."events" USING btree ("type","id");--> statement-breakpoint
CREATE INDEX "replays_running" ON "outbox"."replays" USING btree ("id") WHERE "outbox"."replays"."state" = 'running';--> statement-breakpoint
CREATE INDEX "replays_previewed" ON "outbox"."replays" USING btree ("expires_at") WHERE "outbox"."replays"."state" = 'previewed';--> statement-breakpoint
CREATE UNIQUE INDEX "replays_one_per_endpoint" ON "outbox"."replays" USING btree ("endpoint_id") WHERE "outbox"."replays"."state" = 'running' and "outbox"."replays"."token_hash" is null;--> statement-breakpoint
CREATE INDEX "replays_by_endpoint" ON "outbox"."replays" USING btree ("endpoint_id","id");--> statement-breakpoint
CREATE VIEW "outbox"."attempts" AS (select endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, error, response_body
from outbox.attempt_rows
union all
select endpoint_id, event_id, 1, sender, started_at, duration_ms, response_status, null, response_body
from outbox.delivered_at_once);--> statement-breakpoint
CREATE VIEW "outbox"."deliveries" AS (select endpoint_id, event_id, state, attempt, retry_base, due_at, lease, leased_until, ordering_key, reason, created_at, finished_at
from outbox.delivery_rows
union all
select d.endpoint_id, d.event_id, 'delivered', 1, 0, d.created_at, null, null, null, null, d.created_at,
       d.started_at + d.duration_ms * interval '1 ms'
from outbox.delivered_at_once d
where not exists (select from outbox.delivery_rows r where r.endpoint_id = d.endpoint_id and r.event_id = d.event_id)
union all
select g.endpoint_id, e.id, 'sending', 1, 0, g.created_at, g.lease, g.leased_until, null, null, g.created_at, null
from outbox.delivery_groups g
cross join lateral unnest(g.event_ids) as e (id));--> statement-breakpoint
-- Its rows shrink and go within milliseconds: room to shrink in their page, and a vacuum by number, not by share.
ALTER TABLE "outbox"."delivery_groups" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);--> statement-breakpoint
-- Its rows go within a minute: a vacuum by number, so that it does not grow.
ALTER TABLE "outbox"."attempt_tallies" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);