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
ALTER TABLE "outbox"."idempotency_steps" ADD CONSTRAINT "idempotency_steps_scope_key_idempotency_keys_scope_key_fk" FOREIGN KEY ("scope","key") REFERENCES "outbox"."idempotency_keys"("scope","key") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "outbox"."idempotency_keys" USING btree ("claimed_at");--> statement-breakpoint
CREATE INDEX "rate_buckets_by_age" ON "outbox"."rate_buckets" USING btree ("filled_at");