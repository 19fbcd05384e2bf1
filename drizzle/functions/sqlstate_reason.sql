-- What a SQLSTATE means, in words that hold for any expression. Postgres's own message may show a value.
CREATE OR REPLACE FUNCTION outbox.sqlstate_reason(sqlstate text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('SQLSTATE %s: %s', sqlstate, CASE
    WHEN sqlstate = '42501' THEN 'the role that watched the table lacks a right on something that is read'
    WHEN sqlstate = '42P01' THEN 'a table is gone, or has another name'
    WHEN sqlstate = '42703' THEN 'a column is gone, or has another name'
    WHEN sqlstate IN ('42883', '42725') THEN 'a function or operator is gone, or is not found by this name'
    WHEN sqlstate IN ('42704', '3F000') THEN 'a type or schema is gone, or has another name'
    WHEN sqlstate = '42804' THEN 'a column has another type now'
    WHEN sqlstate = '22012' THEN 'division by zero'
    WHEN sqlstate LIKE '22%' THEN 'a value does not suit the expression'
    WHEN sqlstate LIKE '23%' THEN 'a constraint refuses a value'
    WHEN sqlstate LIKE '42%' THEN 'the expression is not valid any more'
    WHEN sqlstate LIKE '53%' OR sqlstate LIKE '54%' THEN 'a limit of Postgres was reached'
    WHEN sqlstate = 'P0001' THEN 'a function raised an error of its own'
    ELSE 'see the list of error codes in the manual of Postgres' END)
$$;
