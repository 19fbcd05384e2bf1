-- The value at a path of an event's data, as text. null where there is none, and where Postgres cannot read the data as
-- text: json keeps escapes of characters that it does not store.
CREATE OR REPLACE FUNCTION outbox.data_at(data json, path text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN data #>> path;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;
