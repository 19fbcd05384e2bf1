CREATE SCHEMA "outbox";
--> statement-breakpoint
CREATE TYPE "outbox"."delivery_state" AS ENUM('pending', 'sending', 'delivered', 'dead', 'canceled');--> statement-breakpoint
CREATE TYPE "outbox"."disabled_reason" AS ENUM('gone', 'failing', 'manual');--> statement-breakpoint
CREATE TYPE "outbox"."endpoint_state" AS ENUM('active', 'paused', 'disabled');--> statement-breakpoint
CREATE TYPE "outbox"."ordering" AS ENUM('none', 'key');--> statement-breakpoint
CREATE TYPE "outbox"."sender" AS ENUM('listener', 'cron');--> statement-breakpoint
CREATE TYPE "outbox"."signing" AS ENUM('hmac', 'ed25519');--> statement-breakpoint
CREATE TYPE "public"."item_fee_kind" AS ENUM('heavy item', 'large item', 'fragile item');--> statement-breakpoint
CREATE TYPE "public"."order_status" AS ENUM('created', 'shipped', 'backorder', 'canceled');--> statement-breakpoint
CREATE TABLE "outbox"."attempts" (
	"endpoint_id" bigint NOT NULL,
	"event_id" bigint NOT NULL,
	"number" integer NOT NULL,
	"sender" "outbox"."sender" NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"duration_ms" integer,
	"response_status" integer,
	"error" text,
	"response_body" text,
	CONSTRAINT "attempts_endpoint_id_event_id_number_pk" PRIMARY KEY("endpoint_id","event_id","number"),
	CONSTRAINT "attempts_number" CHECK ("outbox"."attempts"."number" >= 1),
	CONSTRAINT "attempts_duration" CHECK ("outbox"."attempts"."duration_ms" >= 0),
	CONSTRAINT "attempts_body" CHECK (octet_length("outbox"."attempts"."response_body") <= 1024)
);
--> statement-breakpoint
CREATE TABLE "outbox"."deliveries" (
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
	CONSTRAINT "deliveries_endpoint_id_event_id_pk" PRIMARY KEY("endpoint_id","event_id"),
	CONSTRAINT "deliveries_lease" CHECK (("outbox"."deliveries"."state" = 'sending') = ("outbox"."deliveries"."lease" is not null) and ("outbox"."deliveries"."lease" is null) = ("outbox"."deliveries"."leased_until" is null)),
	CONSTRAINT "deliveries_attempt" CHECK ("outbox"."deliveries"."attempt" >= (case when "outbox"."deliveries"."state" in ('sending', 'delivered') then 1 else 0 end)),
	CONSTRAINT "deliveries_budget" CHECK ("outbox"."deliveries"."retry_base" between 0 and "outbox"."deliveries"."attempt"),
	CONSTRAINT "deliveries_finished" CHECK (("outbox"."deliveries"."state" in ('delivered', 'dead', 'canceled')) = ("outbox"."deliveries"."finished_at" is not null)),
	CONSTRAINT "deliveries_reason" CHECK ("outbox"."deliveries"."state" not in ('dead', 'canceled') or "outbox"."deliveries"."reason" is not null)
);
--> statement-breakpoint
CREATE TABLE "outbox"."endpoint_secrets" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."endpoint_secrets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"endpoint_id" bigint NOT NULL,
	"signing" "outbox"."signing" NOT NULL,
	"sealed" "bytea" NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"expires_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "outbox"."endpoints" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."endpoints_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"nonce" integer DEFAULT (floor(random() * 4294967296) - 2147483648)::integer NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"event_types" text[],
	"tenant" text,
	"sealed_headers" "bytea",
	"signing" "outbox"."signing" DEFAULT 'hmac' NOT NULL,
	"ordering" "outbox"."ordering" DEFAULT 'none' NOT NULL,
	"max_in_flight" integer DEFAULT 32 NOT NULL,
	"rate_per_second" double precision,
	"timeout_seconds" double precision,
	"retry_schedule" double precision[],
	"state" "outbox"."endpoint_state" DEFAULT 'active' NOT NULL,
	"disabled_reason" "outbox"."disabled_reason",
	"version" integer DEFAULT 1 NOT NULL,
	"events_after" bigint DEFAULT 0 NOT NULL,
	"created_snapshot" "pg_snapshot" DEFAULT pg_current_snapshot() NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp with time zone,
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
	"traceparent" text,
	CONSTRAINT "events_type" CHECK (octet_length("outbox"."events"."type") between 1 and 200),
	CONSTRAINT "events_key" CHECK (octet_length("outbox"."events"."key") <= 1000),
	CONSTRAINT "events_tenant" CHECK (octet_length("outbox"."events"."tenant") <= 1000)
);
--> statement-breakpoint
CREATE TABLE "outbox"."fanout" (
	"event_id" bigint PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox"."endpoint_health" (
	"endpoint_id" bigint PRIMARY KEY NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"failing_since" timestamp with time zone,
	"not_before" timestamp with time zone,
	"probe_at" timestamp with time zone,
	"slow_start_limit" integer,
	"next_slot_at" timestamp with time zone,
	CONSTRAINT "endpoint_health_failures" CHECK ("outbox"."endpoint_health"."failures" >= 0 and ("outbox"."endpoint_health"."failures" = 0) = ("outbox"."endpoint_health"."failing_since" is null)),
	CONSTRAINT "endpoint_health_slow_start_limit" CHECK ("outbox"."endpoint_health"."slow_start_limit" >= 1)
);
--> statement-breakpoint
CREATE TABLE "charges" (
	"id" bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "charges_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"client_id" bigint NOT NULL,
	"order_id" bigint NOT NULL,
	"amount_cents" bigint NOT NULL,
	"webhook_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "charges_one_per_order" UNIQUE("order_id"),
	CONSTRAINT "charges_amount" CHECK ("charges"."amount_cents" >= 0)
);
--> statement-breakpoint
CREATE TABLE "clients" (
	"id" bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "clients_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"email" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "fulfillment_fees" (
	"id" bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "fulfillment_fees_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"client_id" bigint NOT NULL,
	"amount_cents" bigint NOT NULL,
	CONSTRAINT "fulfillment_fees_one_per_client" UNIQUE("client_id"),
	CONSTRAINT "fulfillment_fees_amount" CHECK ("fulfillment_fees"."amount_cents" >= 0)
);
--> statement-breakpoint
CREATE TABLE "item_fees" (
	"id" bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "item_fees_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"item_id" bigint NOT NULL,
	"kind" "item_fee_kind" NOT NULL,
	"amount_cents" bigint NOT NULL,
	CONSTRAINT "item_fees_one_per_kind" UNIQUE("item_id","kind"),
	CONSTRAINT "item_fees_amount" CHECK ("item_fees"."amount_cents" >= 0)
);
--> statement-breakpoint
CREATE TABLE "items" (
	"id" bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "items_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"client_id" bigint NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"id" bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "notifications_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"client_id" bigint NOT NULL,
	"order_id" bigint NOT NULL,
	"message" text NOT NULL,
	"webhook_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "order_items" (
	"order_id" bigint NOT NULL,
	"item_id" bigint NOT NULL,
	CONSTRAINT "order_items_order_id_item_id_pk" PRIMARY KEY("order_id","item_id")
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (sequence name "orders_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"client_id" bigint NOT NULL,
	"status" "order_status" DEFAULT 'created' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_receipts" (
	"receiver" text NOT NULL,
	"webhook_id" text NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_receipts_receiver_webhook_id_pk" PRIMARY KEY("receiver","webhook_id")
);
--> statement-breakpoint
ALTER TABLE "outbox"."endpoint_secrets" ADD CONSTRAINT "endpoint_secrets_endpoint_id_endpoints_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "outbox"."endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fulfillment_fees" ADD CONSTRAINT "fulfillment_fees_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "item_fees" ADD CONSTRAINT "item_fees_item_id_items_id_fk" FOREIGN KEY ("item_id") REFERENCES "public"."items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "items" ADD CONSTRAINT "items_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_item_id_items_id_fk" FOREIGN KEY ("item_id") REFERENCES "public"."items"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "deliveries_pending" ON "outbox"."deliveries" USING btree ("endpoint_id","due_at","event_id") WHERE "outbox"."deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "deliveries_leases" ON "outbox"."deliveries" USING btree ("leased_until") WHERE "outbox"."deliveries"."state" = 'sending';--> statement-breakpoint
CREATE INDEX "deliveries_dead" ON "outbox"."deliveries" USING btree ("endpoint_id","event_id") WHERE "outbox"."deliveries"."state" = 'dead';--> statement-breakpoint
CREATE INDEX "deliveries_open_by_key" ON "outbox"."deliveries" USING btree ("endpoint_id","ordering_key","event_id") WHERE "outbox"."deliveries"."ordering_key" is not null and "outbox"."deliveries"."state" in ('pending', 'sending');--> statement-breakpoint
CREATE INDEX "endpoint_secrets_by_endpoint" ON "outbox"."endpoint_secrets" USING btree ("endpoint_id","id");--> statement-breakpoint
CREATE INDEX "endpoints_by_tenant" ON "outbox"."endpoints" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "events_by_key" ON "outbox"."events" USING btree ("key","id") WHERE "outbox"."events"."key" is not null;--> statement-breakpoint
CREATE INDEX "events_by_tenant" ON "outbox"."events" USING btree ("tenant","id") WHERE "outbox"."events"."tenant" is not null;--> statement-breakpoint
CREATE INDEX "events_by_type" ON "outbox"."events" USING btree ("type","id");--> statement-breakpoint
CREATE INDEX "events_by_time" ON "outbox"."events" USING brin ("occurred_at");--> statement-breakpoint
CREATE INDEX "charges_by_client" ON "charges" USING btree ("client_id","id");--> statement-breakpoint
CREATE INDEX "items_by_client" ON "items" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "notifications_by_order" ON "notifications" USING btree ("order_id","id");--> statement-breakpoint
CREATE INDEX "order_items_by_item" ON "order_items" USING btree ("item_id");--> statement-breakpoint
CREATE INDEX "orders_by_client" ON "orders" USING btree ("client_id","id");--> statement-breakpoint
CREATE INDEX "orders_by_status" ON "orders" USING btree ("status","id");