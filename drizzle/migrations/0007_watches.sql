CREATE TABLE "outbox"."watches" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox"."watches_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"relation" "regclass" NOT NULL,
	"options" json NOT NULL,
	"watched_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "watches_relation" UNIQUE("relation")
);
