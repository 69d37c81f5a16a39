-- One row a call.

-- +goose Up
-- A revision is shown when there is none better: a final one, then the higher revision, then the one received later.
-- Written as an anti-join, a condition on any column (a number, a time) reaches the table's indexes, and only the few
-- rows that meet it are compared with their siblings; DISTINCT ON would sort everything first. A call's revisions have
-- one day, so siblings are looked for in one partition: see enable_partitionwise_join below.
CREATE VIEW calltrail.calls AS
SELECT r.*
  FROM calltrail.call_record r
 WHERE NOT EXISTS (
    SELECT
      FROM calltrail.call_record better
     WHERE better.day = r.day
       AND better.call_uid = r.call_uid
       AND (better.final, better.revision, better.received_at, better.record_id) > (r.final, r.revision, r.received_at, r.record_id)
 );

COMMENT ON VIEW calltrail.calls IS 'One row for each call leg: its newest revision (final before interim, then the highest, then the last received). The columns are those of call_record.';

-- +goose StatementBegin
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT a.attname, col_description(a.attrelid, a.attnum) AS text
          FROM pg_attribute a
         WHERE a.attrelid = 'calltrail.call_record'::regclass AND a.attnum > 0 AND NOT a.attisdropped
    LOOP
        EXECUTE format('COMMENT ON COLUMN calltrail.calls.%I IS %L', col.attname, col.text);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- Without this the planner compares the partitions of the view's two sides each with each, or hashes all of them for
-- one number. It is a setting of sessions, so the database gives it to each new one.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET enable_partitionwise_join = on', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'only the owner of the database can set enable_partitionwise_join = on for it: calltrail.calls will be slower';
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP VIEW calltrail.calls;
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I RESET enable_partitionwise_join', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
-- +goose StatementEnd
