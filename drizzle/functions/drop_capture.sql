-- Drops the generated functions of a watch, and with them its triggers.
CREATE OR REPLACE FUNCTION outbox.drop_capture(relation regclass) RETURNS void
LANGUAGE plpgsql SET client_min_messages = warning AS $$
DECLARE
  capture text;
BEGIN
  FOR capture IN
    SELECT format('outbox.capture_%s_%s', w.id, part)
    FROM outbox.watches w
    CROSS JOIN unnest('{insert,update,delete,truncate,explain,describe}'::text[]) AS part
    WHERE w.relation = drop_capture.relation
  LOOP
    -- CASCADE drops its triggers, on partitions too.
    EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', capture);
  END LOOP;
END $$;
