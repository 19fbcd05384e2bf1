-- Rows of the audit are only ever added, even by the owner.
CREATE OR REPLACE FUNCTION outbox.refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
    MESSAGE = TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME || ' can only be added to';
END $$;

CREATE OR REPLACE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outbox.audit
FOR EACH STATEMENT EXECUTE FUNCTION outbox.refuse_audit_change();
