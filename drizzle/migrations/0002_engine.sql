CREATE TYPE "outbox"."replay_scope" AS ENUM('dead', 'undelivered', 'all');--> statement-breakpoint
CREATE TYPE "outbox"."replay_state" AS ENUM('running', 'done', 'canceled');--> statement-breakpoint
CREATE TABLE "outbox"."replays" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."replays_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"nonce" integer DEFAULT (floor(random() * 4294967296) - 2147483648)::integer NOT NULL,
	"endpoint_id" bigint NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"event_types" text[],
	"scope" "outbox"."replay_scope" NOT NULL,
	"rate_per_second" double precision NOT NULL,
	"state" "outbox"."replay_state" DEFAULT 'running' NOT NULL,
	"looked_to" bigint DEFAULT 0 NOT NULL,
	"replayed" bigint DEFAULT 0 NOT NULL,
	"stepped_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "replays_range" CHECK ("outbox"."replays"."since" <= "outbox"."replays"."until"),
	CONSTRAINT "replays_rate" CHECK ("outbox"."replays"."rate_per_second" > 0),
	CONSTRAINT "replays_finished" CHECK (("outbox"."replays"."state" = 'running') = ("outbox"."replays"."finished_at" is null))
);
--> statement-breakpoint
ALTER TABLE "outbox"."endpoint_health" ADD COLUMN "probes" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "outbox"."endpoint_health" ADD COLUMN "probing" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "outbox"."endpoint_health" ADD COLUMN "key_cursor" text;--> statement-breakpoint
ALTER TABLE "outbox"."replays" ADD CONSTRAINT "replays_endpoint_id_endpoints_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "outbox"."endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "replays_running" ON "outbox"."replays" USING btree ("id") WHERE "outbox"."replays"."state" = 'running';--> statement-breakpoint
CREATE INDEX "replays_by_endpoint" ON "outbox"."replays" USING btree ("endpoint_id","id");--> statement-breakpoint
ALTER TABLE "outbox"."endpoint_health" ADD CONSTRAINT "endpoint_health_probes" CHECK ("outbox"."endpoint_health"."probes" >= 0 and ("outbox"."endpoint_health"."probe_at" is not null or ("outbox"."endpoint_health"."probes" = 0 and not "outbox"."endpoint_health"."probing")));