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
ALTER TABLE "outbox"."endpoint_secrets" ADD COLUMN "public_key" text;--> statement-breakpoint
CREATE INDEX "audit_by_endpoint" ON "outbox"."audit" USING btree ("endpoint_id","id");--> statement-breakpoint
CREATE INDEX "attempts_by_time" ON "outbox"."attempts" USING brin ("started_at") WITH (pages_per_range=32,autosummarize=true);--> statement-breakpoint
CREATE UNIQUE INDEX "endpoint_secrets_one_endless" ON "outbox"."endpoint_secrets" USING btree ("endpoint_id") WHERE "outbox"."endpoint_secrets"."expires_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "replays_one_per_endpoint" ON "outbox"."replays" USING btree ("endpoint_id") WHERE "outbox"."replays"."state" = 'running';