-- What is old goes, a span of days after the other, and leaves a signed certificate for every run of numbers that went
-- (024). What a legal hold names stays where it is, with the signed head that proves it. docs/retention.md.

-- +goose Up
ALTER TABLE calltrail.setting
    ADD COLUMN retention_days        integer NOT NULL DEFAULT 730 CHECK (retention_days BETWEEN 1 AND 36500),
    ADD COLUMN retention_grace_days  integer NOT NULL DEFAULT 7 CHECK (retention_grace_days BETWEEN 0 AND 366),
    ADD COLUMN retention_notice_days integer NOT NULL DEFAULT 7 CHECK (retention_notice_days BETWEEN 0 AND 366);

COMMENT ON COLUMN calltrail.setting.retention_days IS 'Days that records are kept at least, counted from their UTC day. Who deletes cannot change it; the owner can';
COMMENT ON COLUMN calltrail.setting.retention_grace_days IS 'Days beyond these before anything is deleted';
COMMENT ON COLUMN calltrail.setting.retention_notice_days IS 'Days between the notice of a deletion and the deletion';

CREATE TABLE calltrail.hold (
    hold_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_ref  text        NOT NULL CHECK (case_ref <> '' AND octet_length(case_ref) <= 255),
    kind      text        NOT NULL CHECK (kind IN ('number', 'number_prefix', 'address', 'subscriber', 'call', 'window')),
    value     text        CHECK (octet_length(value) <= 255),
    from_time timestamptz,
    to_time   timestamptz,
    reason    text        NOT NULL CHECK (reason <> '' AND octet_length(reason) <= 1024),
    placed_by text        NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (from_time < to_time),
    CHECK ((value IS NULL) = (kind = 'window')),
    CHECK (kind <> 'window' OR num_nonnulls(from_time, to_time) = 2)
);

COMMENT ON TABLE calltrail.hold IS 'Legal holds: what must not be deleted, whatever its age. Append-only; a release is a row of hold_release. Ask the view holds.';
COMMENT ON COLUMN calltrail.hold.hold_id IS 'Number of the hold';
COMMENT ON COLUMN calltrail.hold.case_ref IS 'Case it was ordered in';
COMMENT ON COLUMN calltrail.hold.kind IS 'What value is: number (E.164, or a user part as sent), number_prefix, address (also a prefix), subscriber, call (call_uid or group_uid); window: everything of that time';
COMMENT ON COLUMN calltrail.hold.value IS 'What is held; NULL of kind window';
COMMENT ON COLUMN calltrail.hold.from_time IS 'Only what began then or later; NULL: whenever';
COMMENT ON COLUMN calltrail.hold.to_time IS 'Only what began before; NULL: whenever, in the future too';
COMMENT ON COLUMN calltrail.hold.reason IS 'Order or letter, in words';
COMMENT ON COLUMN calltrail.hold.placed_by IS 'Who placed it: account of the database';
COMMENT ON COLUMN calltrail.hold.placed_at IS 'When, by the database''s clock';

CREATE TABLE calltrail.hold_release (
    hold_id     bigint      PRIMARY KEY REFERENCES calltrail.hold,
    reason      text        NOT NULL CHECK (reason <> '' AND octet_length(reason) <= 1024),
    released_by text        NOT NULL,
    released_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE calltrail.hold_release IS 'Holds that were released. Append-only.';
COMMENT ON COLUMN calltrail.hold_release.hold_id IS 'Hold';
COMMENT ON COLUMN calltrail.hold_release.reason IS 'Order or letter, in words';
COMMENT ON COLUMN calltrail.hold_release.released_by IS 'Who released it: account of the database';
COMMENT ON COLUMN calltrail.hold_release.released_at IS 'When, by the database''s clock';

CREATE VIEW calltrail.holds AS
SELECT h.hold_id, h.case_ref, h.kind, h.value, h.from_time, h.to_time, h.reason, h.placed_by, h.placed_at, r.reason AS release_reason, r.released_by, r.released_at
  FROM calltrail.hold h LEFT JOIN calltrail.hold_release r USING (hold_id);

COMMENT ON VIEW calltrail.holds IS 'Legal holds with their releases; in force is what has no released_at.';
COMMENT ON COLUMN calltrail.holds.hold_id IS 'Number of the hold';
COMMENT ON COLUMN calltrail.holds.case_ref IS 'Case it was ordered in';
COMMENT ON COLUMN calltrail.holds.kind IS 'What value is, as in hold';
COMMENT ON COLUMN calltrail.holds.value IS 'What is held; NULL of kind window';
COMMENT ON COLUMN calltrail.holds.from_time IS 'Only what began then or later; NULL: whenever';
COMMENT ON COLUMN calltrail.holds.to_time IS 'Only what began before; NULL: whenever';
COMMENT ON COLUMN calltrail.holds.reason IS 'Order or letter, in words';
COMMENT ON COLUMN calltrail.holds.placed_by IS 'Who placed it';
COMMENT ON COLUMN calltrail.holds.placed_at IS 'When';
COMMENT ON COLUMN calltrail.holds.release_reason IS 'Why it was released; NULL: it is in force';
COMMENT ON COLUMN calltrail.holds.released_by IS 'Who released it';
COMMENT ON COLUMN calltrail.holds.released_at IS 'When it was released; NULL: it is in force';

CREATE TABLE calltrail.retention_notice (
    notice_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_day date        NOT NULL,
    end_day   date        NOT NULL CHECK (end_day > first_day),
    announced jsonb       NOT NULL,
    digest    text        NOT NULL,
    given_by  text        NOT NULL,
    given_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE calltrail.retention_notice IS 'Notices that a span of days will be deleted. Append-only. Nothing is deleted without one that is old enough and announced it.';
COMMENT ON COLUMN calltrail.retention_notice.notice_id IS 'Number of the notice';
COMMENT ON COLUMN calltrail.retention_notice.first_day IS 'First day of the span';
COMMENT ON COLUMN calltrail.retention_notice.end_day IS 'First day after it';
COMMENT ON COLUMN calltrail.retention_notice.announced IS 'What it announces: first_day, end_day; records that go, held records that stay, items of quarantine that go; numbers: of each chain, as sensor and epoch, the runs that go. A deletion takes this or less';
COMMENT ON COLUMN calltrail.retention_notice.digest IS 'SHA-256 of the text of announced, in hex: SELECT encode(sha256(convert_to(announced::text, ''UTF8'')), ''hex''). It stands in the audit, too';
COMMENT ON COLUMN calltrail.retention_notice.given_by IS 'Who gave it: account of the database';
COMMENT ON COLUMN calltrail.retention_notice.given_at IS 'When, by the database''s clock';

CREATE TABLE calltrail.retention_run (
    run_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_day    date        NOT NULL,
    end_day      date        NOT NULL,
    deleted      jsonb       NOT NULL,
    held         bigint      NOT NULL,
    certificates integer     NOT NULL,
    notice_id    bigint      NOT NULL REFERENCES calltrail.retention_notice,
    run_by       text        NOT NULL,
    run_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE calltrail.retention_run IS 'Deletions that were made, one row a span of days. Append-only. What exactly went stands in deletion_certificate.';
COMMENT ON COLUMN calltrail.retention_run.run_id IS 'Number of the deletion';
COMMENT ON COLUMN calltrail.retention_run.first_day IS 'First day of the span';
COMMENT ON COLUMN calltrail.retention_run.end_day IS 'First day after it';
COMMENT ON COLUMN calltrail.retention_run.deleted IS 'Rows that went, by table';
COMMENT ON COLUMN calltrail.retention_run.held IS 'Records that stayed: held, or a signed head that proves a held one';
COMMENT ON COLUMN calltrail.retention_run.certificates IS 'Deletion certificates it left';
COMMENT ON COLUMN calltrail.retention_run.notice_id IS 'Notice that announced it, or more: what was held since stayed';
COMMENT ON COLUMN calltrail.retention_run.run_by IS 'Who ran it: account of the database';
COMMENT ON COLUMN calltrail.retention_run.run_at IS 'When, by the database''s clock';

CREATE TABLE calltrail.backup_removal (
    removal_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path       text        NOT NULL CHECK (path <> '' AND length(path) <= 4096),
    written_at timestamptz NOT NULL,
    octets     bigint      NOT NULL CHECK (octets >= 0),
    removed_by text        NOT NULL,
    removed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE calltrail.backup_removal IS 'Copies of the database that were too old and were removed from the folders of retention.backups. Append-only.';
COMMENT ON COLUMN calltrail.backup_removal.removal_id IS 'Number given when it was written down';
COMMENT ON COLUMN calltrail.backup_removal.path IS 'Path of the file on the host where calltrail retention run was started';
COMMENT ON COLUMN calltrail.backup_removal.written_at IS 'When it was last written';
COMMENT ON COLUMN calltrail.backup_removal.octets IS 'Its size';
COMMENT ON COLUMN calltrail.backup_removal.removed_by IS 'Who removed it: account of the database';
COMMENT ON COLUMN calltrail.backup_removal.removed_at IS 'When, by the database''s clock; the file is removed at once when this is committed, and is named again when that failed';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.backup_removal FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.backup_removal EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.hold FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.hold_release FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.retention_notice FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.retention_run FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.hold EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.hold_release EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.retention_notice EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.retention_run EXECUTE FUNCTION calltrail.refuse_change();

ALTER TABLE calltrail.audit DROP CONSTRAINT audit_action_check, ADD CONSTRAINT audit_action_check
    CHECK (action IN ('registered', 'approved', 'refused', 'rows_raised', 'closed', 'emergency', 'second_approval', 'opened', 'asked', 'answered', 'failed', 'officer', 'person_added', 'person_removed', 'hold', 'hold_released', 'retention'));

-- Entries of one day lie together: what a span's deletion looks for is found in a few kilobytes of index, which cost the loader nothing.
CREATE INDEX entry_day ON calltrail.entry USING brin (day) WITH (autosummarize = on);

-- +goose StatementBegin
-- What was done is written in another transaction where the connection for it is set up (calltrail access init); a site without
-- it has the append-only tables.
CREATE FUNCTION calltrail.audit_deed(action text, detail text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_foreign_server WHERE srvname = 'calltrail_audit') THEN
        PERFORM calltrail.audit_remote(jsonb_build_object('action', $1, 'detail', $2));
    END IF;
END
$$;

-- Written down before the file is removed: what could not be written down stays.
CREATE FUNCTION calltrail.remove_backup(path text, written_at timestamptz, octets bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    id bigint;
BEGIN
    INSERT INTO calltrail.backup_removal (path, written_at, octets, removed_by) VALUES ($1, $2, $3, session_user) RETURNING removal_id INTO id;
    PERFORM calltrail.audit_deed('retention', format('a copy of the database, written on %s, is removed; backup_removal %s names it', ($2 AT TIME ZONE 'UTC')::date, id));
    RETURN id;
END
$$;

CREATE FUNCTION calltrail.add_hold(case_ref text, kind text, value text, from_time timestamptz, to_time timestamptz, reason text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v   text := nullif(btrim($3), '');
    id  bigint;
BEGIN
    IF coalesce(btrim($1), '') = '' OR coalesce(btrim($6), '') = '' THEN
        RAISE EXCEPTION 'hold: the case and the reason are wanted' USING ERRCODE = 'invalid_parameter_value';
    ELSIF coalesce($2, '') NOT IN ('number', 'number_prefix', 'address', 'subscriber', 'call', 'window') THEN
        RAISE EXCEPTION 'hold: number, number_prefix, address, subscriber, call or window is wanted' USING ERRCODE = 'invalid_parameter_value';
    ELSIF ($2 = 'window') <> (v IS NULL) THEN
        RAISE EXCEPTION 'hold: % needs %', $2, CASE $2 WHEN 'window' THEN 'its times and no value' ELSE 'a value' END USING ERRCODE = 'invalid_parameter_value';
    ELSIF $2 = 'window' AND num_nonnulls($4, $5) < 2 OR $4 >= $5 THEN
        RAISE EXCEPTION 'hold: a time that ends after it begins is wanted' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    BEGIN
        v := CASE $2 WHEN 'address' THEN v::cidr::text WHEN 'call' THEN v::uuid::text ELSE v END;
    EXCEPTION WHEN invalid_text_representation THEN
        RAISE EXCEPTION 'hold: the value is no %', CASE $2 WHEN 'address' THEN 'address or prefix' ELSE 'identity of a call' END USING ERRCODE = 'invalid_parameter_value';
    END;
    -- A deletion that has begun has not seen it: this waits for its end, so that a hold that stands was asked by all that follow.
    PERFORM pg_advisory_xact_lock(hashtextextended('calltrail.retention', 0));
    INSERT INTO calltrail.hold (case_ref, kind, value, from_time, to_time, reason, placed_by) VALUES (btrim($1), $2, v, $4, $5, btrim($6), session_user) RETURNING hold_id INTO id;
    PERFORM calltrail.audit_deed('hold', format('hold %s of case %s is placed; it is so when hold has it', id, btrim($1)));
    RETURN id;
END
$$;

CREATE FUNCTION calltrail.release_hold(hold_id bigint, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(btrim($2), '') = '' THEN
        RAISE EXCEPTION 'hold: the reason of the release is wanted' USING ERRCODE = 'invalid_parameter_value';
    ELSIF NOT EXISTS (SELECT FROM calltrail.hold h WHERE h.hold_id = $1) THEN
        RAISE EXCEPTION 'hold: there is no hold %', $1 USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO calltrail.hold_release (hold_id, reason, released_by) VALUES ($1, btrim($2), session_user);
    PERFORM calltrail.audit_deed('hold_released', format('hold %s is released; it is so when hold_release has it', $1));
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'hold: % was released before', $1 USING ERRCODE = 'invalid_parameter_value';
END
$$;

-- What is held of the days from the first up to, and without, the second. A call is held whole: all its revisions and legs, when one is.
CREATE FUNCTION calltrail.held(first_day date, end_day date) RETURNS TABLE (day date, record_id uuid)
    LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
    WITH active AS MATERIALIZED (
        SELECT * FROM calltrail.holds h WHERE h.released_at IS NULL
    ), touched AS MATERIALIZED (
        -- A leg may have begun on the day before or after.
        SELECT r.call_uid, r.group_uid
          FROM active h
          JOIN calltrail.call_record r ON r.day >= $1 - 2 AND r.day < $2 + 2 AND (h.from_time IS NULL OR r.started_at >= h.from_time) AND (h.to_time IS NULL OR r.started_at < h.to_time)
         WHERE CASE h.kind
               WHEN 'call' THEN r.call_uid = h.value::uuid OR r.group_uid = h.value::uuid
               WHEN 'number' THEN h.value IN (r.caller_e164, r.callee_e164, r.asserted_e164, r.connected_e164, r.caller_user, r.callee_user) OR '+' || ltrim(r.passport_orig, '+') = h.value
                    OR r.redirects @> jsonb_build_array(jsonb_build_object('e164', h.value))
               WHEN 'number_prefix' THEN starts_with(r.caller_e164, h.value) OR starts_with(r.callee_e164, h.value) OR starts_with(r.asserted_e164, h.value) OR starts_with(r.connected_e164, h.value)
                    OR starts_with(r.caller_user, h.value) OR starts_with(r.callee_user, h.value) OR starts_with('+' || ltrim(r.passport_orig, '+'), h.value)
                    OR EXISTS (SELECT FROM jsonb_array_elements(r.redirects) d WHERE starts_with(d ->> 'e164', h.value))
               WHEN 'address' THEN EXISTS (SELECT FROM calltrail.endpoint e WHERE e.day = r.day AND e.record_id = r.record_id AND e.ip <<= h.value::inet)
               WHEN 'subscriber' THEN EXISTS (SELECT FROM calltrail.call_subscriber s JOIN calltrail.assignment a ON a.assignment_id = s.assignment_id WHERE s.record_id = r.record_id AND a.subscriber = h.value)
               ELSE true END
    ), event AS (
        SELECT g.day, g.record_id, g.at, ARRAY[g.aor_e164, g.aor_user] AS numbers FROM calltrail.registration g WHERE g.day >= $1 AND g.day < $2
        UNION ALL
        SELECT m.day, m.record_id, m.at, ARRAY[m.caller_e164, m.callee_e164, m.asserted_e164, m.caller_user, m.callee_user] FROM calltrail.message m WHERE m.day >= $1 AND m.day < $2
    ), record AS (
        SELECT r.day, r.record_id FROM calltrail.call_record r
         WHERE r.day >= $1 AND r.day < $2 AND (r.call_uid IN (SELECT t.call_uid FROM touched t) OR r.group_uid IN (SELECT t.group_uid FROM touched t WHERE t.group_uid IS NOT NULL))
        UNION
        SELECT e.day, e.record_id
          FROM active h
          JOIN event e ON (h.from_time IS NULL OR e.at >= h.from_time) AND (h.to_time IS NULL OR e.at < h.to_time)
         WHERE CASE h.kind
               WHEN 'call' THEN e.record_id = h.value::uuid
               WHEN 'number' THEN h.value = ANY (e.numbers)
               WHEN 'number_prefix' THEN EXISTS (SELECT FROM unnest(e.numbers) n WHERE starts_with(n, h.value))
               WHEN 'address' THEN EXISTS (SELECT FROM calltrail.endpoint p WHERE p.day = e.day AND p.record_id = e.record_id AND p.ip <<= h.value::inet)
               WHEN 'subscriber' THEN EXISTS (SELECT FROM calltrail.call_subscriber s JOIN calltrail.assignment a ON a.assignment_id = s.assignment_id WHERE s.record_id = e.record_id AND a.subscriber = h.value)
               ELSE true END
    )
    SELECT * FROM record
$$;

-- The signed heads that prove records: of each the first that covers its number.
CREATE FUNCTION calltrail.proving_heads(first_day date, end_day date) RETURNS TABLE (day date, record_id uuid)
    LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
    WITH kept AS MATERIALIZED (
        -- Also those of earlier days: their head may be of these.
        SELECT DISTINCT e.sensor, e.epoch, e.seq FROM calltrail.held('2000-01-01', $2) k JOIN calltrail.entry e ON e.day = k.day AND e.record_id = k.record_id
    ), mark AS (
        SELECT kept.sensor, kept.epoch, kept.seq, NULL::date AS day, NULL::uuid AS record_id FROM kept
        UNION ALL
        SELECT v.sensor, v.head_epoch, v.head_seq, v.day, v.record_id FROM calltrail.coverage v WHERE v.head_signature IS NOT NULL AND EXISTS (SELECT FROM kept)
    ), counted AS (
        -- How many kept numbers each head covers: it is the first for some when it covers more than the one before.
        SELECT m.*, count(*) FILTER (WHERE m.record_id IS NULL) OVER (PARTITION BY m.sensor, m.epoch ORDER BY m.seq, m.record_id IS NOT NULL, m.day, m.record_id ROWS UNBOUNDED PRECEDING) AS n
          FROM mark m
    ), head AS (
        SELECT c.*, lag(c.n, 1, 0::bigint) OVER (PARTITION BY c.sensor, c.epoch ORDER BY c.seq, c.day, c.record_id) AS before FROM counted c WHERE c.record_id IS NOT NULL
    )
    SELECT h.day, h.record_id FROM head h WHERE h.n > h.before AND h.day >= $1 AND h.day < $2
$$;

CREATE FUNCTION calltrail.retention_limit(keep_days integer) RETURNS date
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date - greatest($1, s.retention_days) - s.retention_grace_days FROM calltrail.setting s
$$;

-- The tables that go with their day, in an order in which they may be locked.
CREATE FUNCTION calltrail.day_tables() RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.relname::text FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
     WHERE c.relnamespace = 'calltrail'::regnamespace AND pg_get_partkeydef(c.oid) = 'RANGE (day)' ORDER BY 1
$$;

-- What goes of a span when these records stay. Numbers that have their certificate are among it: records that came back from a copy of
-- the database go by the same notice.
CREATE FUNCTION calltrail.announcement(first_day date, end_day date, days date[], ids uuid[]) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH item AS (
        SELECT q.sensor, coalesce(q.epoch, 0) AS epoch, q.seq FROM calltrail.quarantine q WHERE (q.received_at AT TIME ZONE 'UTC')::date >= $1 AND (q.received_at AT TIME ZONE 'UTC')::date < $2
    ), gone AS (
        SELECT e.sensor, e.epoch, e.seq FROM calltrail.entry e
         WHERE e.day >= $1 AND e.day < $2 AND NOT EXISTS (SELECT FROM unnest($3, $4) AS k(day, record_id) WHERE k.day = e.day AND k.record_id = e.record_id)
        UNION
        SELECT e.sensor, e.epoch, e.seq FROM item JOIN calltrail.entry e ON e.sensor = item.sensor AND e.epoch = item.epoch AND e.seq = item.seq AND e.outcome = 'quarantined'
    ), numbered AS (
        SELECT g.*, g.seq - row_number() OVER (PARTITION BY g.sensor, g.epoch ORDER BY g.seq) AS island FROM gone g
    ), run AS (
        SELECT n.sensor, n.epoch, int8range(min(n.seq), max(n.seq), '[]') AS numbers FROM numbered n GROUP BY n.sensor, n.epoch, n.island
    ), chain AS (
        SELECT r.sensor, r.epoch, range_agg(r.numbers) AS numbers FROM run r GROUP BY 1, 2
    )
    SELECT jsonb_build_object('first_day', $1, 'end_day', $2, 'records', (SELECT count(*) FROM calltrail.record_body b WHERE b.day >= $1 AND b.day < $2) - cardinality($4),
           'held', cardinality($4), 'quarantined', (SELECT count(*) FROM item), 'numbers', (SELECT coalesce(jsonb_object_agg(format('%s %s', c.sensor, c.epoch), c.numbers::text), '{}') FROM chain c))
$$;

CREATE FUNCTION calltrail.announcement_digest(announced jsonb) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT encode(sha256(convert_to($1::text, 'UTF8')), 'hex') $$;

-- The oldest notice that announced all of this. It may have announced more: what is held since stays.
CREATE FUNCTION calltrail.covering_notice(announced jsonb) RETURNS calltrail.retention_notice
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.* FROM calltrail.retention_notice n
     WHERE n.first_day = ($1 ->> 'first_day')::date AND n.end_day = ($1 ->> 'end_day')::date AND n.digest = calltrail.announcement_digest(n.announced)
       AND (n.announced ->> 'records')::bigint >= ($1 ->> 'records')::bigint AND (n.announced ->> 'quarantined')::bigint >= ($1 ->> 'quarantined')::bigint
       AND NOT EXISTS (SELECT FROM jsonb_each_text($1 -> 'numbers') AS c(chain, numbers)
                        WHERE NOT c.numbers::int8multirange <@ coalesce(n.announced #>> ARRAY['numbers', c.chain], '{}')::int8multirange)
     ORDER BY n.given_at, n.notice_id LIMIT 1
$$;

CREATE FUNCTION calltrail.retention_plan(keep_days integer DEFAULT 0)
    RETURNS TABLE (first_day date, end_day date, rows jsonb, records bigint, held bigint, quarantined bigint, announced jsonb, notice_id bigint, digest text, noticed_at timestamptz, due boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p    calltrail.partition;
    t    text;
    n    bigint;
    days date[];
    ids  uuid[];
    cutoff date := calltrail.retention_limit($1);
BEGIN
    FOR p IN SELECT x.* FROM calltrail.partition x WHERE x.end_day <= cutoff ORDER BY x.first_day LOOP
        first_day := p.first_day;
        end_day := p.end_day;
        rows := '{}';
        records := 0;
        FOR t IN SELECT * FROM calltrail.day_tables() LOOP
            EXECUTE format('SELECT count(*) FROM calltrail.%I', t || '_' || to_char(p.first_day, 'YYYYMMDD')) INTO n;
            rows := rows || jsonb_build_object(t, n);
            IF t = 'record_body' THEN
                records := n;
            END IF;
        END LOOP;
        SELECT coalesce(array_agg(k.day), '{}'), coalesce(array_agg(k.record_id), '{}') INTO days, ids
          FROM (SELECT * FROM calltrail.held(p.first_day, p.end_day) UNION SELECT * FROM calltrail.proving_heads(p.first_day, p.end_day)) k;
        announced := calltrail.announcement(p.first_day, p.end_day, days, ids);
        held := announced -> 'held';
        quarantined := announced -> 'quarantined';
        SELECT x.notice_id, x.digest, x.given_at INTO notice_id, digest, noticed_at FROM calltrail.covering_notice(announced) x;
        SELECT noticed_at <= clock_timestamp() - s.retention_notice_days * interval '24 hours' INTO due FROM calltrail.setting s;
        due := coalesce(due, false);
        -- What is left of a span whose records are all held is no work.
        IF records > held OR quarantined > 0 OR records = 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION calltrail.give_notice(first_day date, keep_days integer DEFAULT 0) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    plan record;
    id   bigint;
BEGIN
    SELECT * INTO plan FROM calltrail.retention_plan($2) x WHERE x.first_day = $1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'retention: the days from % on are not old enough, or nothing of them is left', $1 USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO calltrail.retention_notice (first_day, end_day, announced, digest, given_by)
    VALUES (plan.first_day, plan.end_day, plan.announced, calltrail.announcement_digest(plan.announced), session_user) RETURNING notice_id INTO id;
    PERFORM calltrail.audit_deed('retention', format('notice %s: days %s to %s will be deleted, digest %s; it is so when retention_notice has it', id, plan.first_day, plan.end_day - 1, calltrail.announcement_digest(plan.announced)));
    RETURN id;
END
$$;

-- First half: what goes, as runs of numbers to be signed for. It holds the span against writers until the transaction ends.
CREATE FUNCTION calltrail.retention_begin(first_day date, keep_days integer DEFAULT 0)
    RETURNS TABLE (sensor text, epoch bigint, from_seq bigint, to_seq bigint, hash_before bytea, hash_last bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
#variable_conflict use_column
DECLARE
    p         calltrail.partition;
    t         text;
    announced jsonb;
    notice    calltrail.retention_notice;
BEGIN
    -- Under a snapshot from the transaction's beginning a hold that was placed since could not be seen.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'retention: a transaction that is READ COMMITTED is wanted, this one is %', upper(current_setting('transaction_isolation'))
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT x.* INTO p FROM calltrail.partition x WHERE x.first_day = $1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'retention: no partition begins on %', $1 USING ERRCODE = 'invalid_parameter_value';
    ELSIF p.end_day > calltrail.retention_limit($2) THEN
        RAISE EXCEPTION 'retention: the days from % to % are not old enough: what is older than % may go', p.first_day, p.end_day - 1, calltrail.retention_limit($2)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('calltrail.retention', 0));
    FOR t IN SELECT * FROM calltrail.day_tables() LOOP
        EXECUTE format('LOCK TABLE calltrail.%I IN SHARE ROW EXCLUSIVE MODE', t || '_' || to_char(p.first_day, 'YYYYMMDD'));
    END LOOP;
    -- Made by the owner, so nobody else can have put something into them. One of this name that is there already is an error.
    CREATE TEMPORARY TABLE calltrail_kept (day date, record_id uuid, PRIMARY KEY (record_id, day)) ON COMMIT DROP;
    CREATE TEMPORARY TABLE calltrail_run (sensor text, epoch bigint, from_seq bigint, to_seq bigint, hash_before bytea, hash_last bytea) ON COMMIT DROP;
    INSERT INTO pg_temp.calltrail_kept SELECT * FROM calltrail.held(p.first_day, p.end_day) UNION SELECT * FROM calltrail.proving_heads(p.first_day, p.end_day);
    SELECT calltrail.announcement(p.first_day, p.end_day, coalesce(array_agg(k.day), '{}'), coalesce(array_agg(k.record_id), '{}')) INTO announced FROM pg_temp.calltrail_kept k;
    notice := calltrail.covering_notice(announced);
    IF NOT EXISTS (SELECT FROM calltrail.setting s WHERE notice.given_at <= clock_timestamp() - s.retention_notice_days * interval '24 hours') THEN
        RAISE EXCEPTION 'retention: no notice that is old enough announces all that would go of the days from % on', p.first_day
            USING ERRCODE = 'insufficient_privilege', HINT = 'Run: calltrail retention plan --notice. What came, or was released, since a notice needs a new one.';
    END IF;
    CREATE TEMPORARY TABLE calltrail_span ON COMMIT DROP AS SELECT p.first_day, notice.notice_id, notice.digest;
    INSERT INTO pg_temp.calltrail_run
    WITH chain AS (
        SELECT left(c.chain, -1 - length(x.epoch)) AS sensor, x.epoch::bigint AS epoch, c.numbers::int8multirange AS numbers
          FROM jsonb_each_text(announced -> 'numbers') AS c(chain, numbers), LATERAL substring(c.chain FROM '[0-9]+$') AS x(epoch)
    ), run AS (
        -- What came back from a copy of the database has its certificate already.
        SELECT c.sensor, c.epoch, lower(n) AS from_seq, upper(n) - 1 AS to_seq
          FROM chain c, unnest(c.numbers - coalesce((SELECT range_agg(int8range(d.from_seq, d.to_seq, '[]')) FROM calltrail.deletion_certificate d
                                                      WHERE d.sensor = c.sensor AND d.epoch = c.epoch AND d.from_seq < upper(c.numbers) AND d.to_seq >= lower(c.numbers)), '{}')) AS n
    )
    SELECT r.sensor, r.epoch, r.from_seq, r.to_seq,
           -- Zeros: the number before never came, so nobody can tell; verify compares nothing behind a gap.
           coalesce(b.hash, CASE WHEN r.from_seq = 1 THEN l.genesis END, decode(repeat('00', 32), 'hex')), e.hash
      FROM run r
      JOIN calltrail.entry e ON e.sensor = r.sensor AND e.epoch = r.epoch AND e.seq = r.to_seq
      LEFT JOIN calltrail.entry b ON b.sensor = r.sensor AND b.epoch = r.epoch AND b.seq = r.from_seq - 1
      LEFT JOIN calltrail.ledger l ON l.sensor = r.sensor AND l.epoch = r.epoch;
    RETURN QUERY SELECT * FROM pg_temp.calltrail_run r ORDER BY 1, 2, 3;
END
$$;

-- Second half: takes the certificates, which must be of exactly these runs, and deletes. Whether their signatures hold is for
-- calltrail verify to say: this database has no word in it.
CREATE FUNCTION calltrail.retention_finish(first_day date, certificates text[]) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
#variable_conflict use_column
DECLARE
    p       calltrail.partition;
    t       text;
    part    text;
    old     text;
    before  bigint;
    stay    bigint;
    n       bigint;
    held    bigint;
    notice  bigint;
    digest  text;
    deleted jsonb := '{}';
BEGIN
    IF (SELECT count(*) FROM pg_class c WHERE c.oid IN (to_regclass('pg_temp.calltrail_kept'), to_regclass('pg_temp.calltrail_run'), to_regclass('pg_temp.calltrail_span')) AND c.relowner = current_user::regrole) <> 3 THEN
        RAISE EXCEPTION 'retention_finish: retention_begin comes first, in the same transaction' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    -- What is old enough, noticed and not held was asked of those days and of no others.
    IF NOT EXISTS (SELECT FROM pg_temp.calltrail_span s WHERE s.first_day = $1) THEN
        RAISE EXCEPTION 'retention_finish: another span was begun than that from % on', $1 USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT s.notice_id, s.digest INTO notice, digest FROM pg_temp.calltrail_span s;
    SELECT x.* INTO p FROM calltrail.partition x WHERE x.first_day = $1;
    CREATE TEMPORARY TABLE calltrail_signed ON COMMIT DROP AS
    SELECT c ->> 'sensor' AS sensor, (c ->> 'epoch')::bigint AS epoch, (c ->> 'from_seq')::bigint AS from_seq, (c ->> 'to_seq')::bigint AS to_seq,
           decode(c ->> 'hash_before', 'hex') AS hash_before, decode(c ->> 'hash_last', 'hex') AS hash_last, x.line
      FROM unnest($2) AS x(line), LATERAL (SELECT x.line::jsonb) AS j(c);
    IF EXISTS (SELECT s.sensor, s.epoch, s.from_seq, s.to_seq, s.hash_before, s.hash_last FROM pg_temp.calltrail_signed s EXCEPT ALL SELECT * FROM pg_temp.calltrail_run)
       OR EXISTS (SELECT * FROM pg_temp.calltrail_run EXCEPT ALL SELECT s.sensor, s.epoch, s.from_seq, s.to_seq, s.hash_before, s.hash_last FROM pg_temp.calltrail_signed s) THEN
        RAISE EXCEPTION 'retention_finish: the certificates are not of the runs of numbers that go' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO calltrail.deletion_certificate (sensor, epoch, from_seq, to_seq, certificate) SELECT s.sensor, s.epoch, s.from_seq, s.to_seq, s.line FROM pg_temp.calltrail_signed s;
    SELECT count(*) INTO held FROM pg_temp.calltrail_kept;

    -- What names the records by their day, without going with it.
    ALTER TABLE calltrail.call_subscriber DISABLE TRIGGER append_only;
    DELETE FROM calltrail.call_subscriber s WHERE s.day >= p.first_day AND s.day < p.end_day AND NOT EXISTS (SELECT FROM pg_temp.calltrail_kept k WHERE k.day = s.day AND k.record_id = s.record_id);
    GET DIAGNOSTICS n = ROW_COUNT;
    ALTER TABLE calltrail.call_subscriber ENABLE TRIGGER append_only;
    deleted := deleted || jsonb_build_object('call_subscriber', n);
    DELETE FROM calltrail.watchlist_alert a WHERE a.day >= p.first_day AND a.day < p.end_day;
    GET DIAGNOSTICS n = ROW_COUNT;
    deleted := deleted || jsonb_build_object('watchlist_alert', n);
    ALTER TABLE calltrail.quarantine DISABLE TRIGGER append_only;
    DELETE FROM calltrail.quarantine q WHERE (q.received_at AT TIME ZONE 'UTC')::date >= p.first_day AND (q.received_at AT TIME ZONE 'UTC')::date < p.end_day;
    GET DIAGNOSTICS n = ROW_COUNT;
    ALTER TABLE calltrail.quarantine ENABLE TRIGGER append_only;
    deleted := deleted || jsonb_build_object('quarantine', n);

    -- The partitions: dropped, or made anew with what stays.
    FOR t IN SELECT * FROM calltrail.day_tables() LOOP
        part := t || '_' || to_char(p.first_day, 'YYYYMMDD');
        old := part || '_old';
        EXECUTE format('SELECT count(*) FROM calltrail.%I', part) INTO before;
        EXECUTE format('ALTER TABLE calltrail.%I DETACH PARTITION calltrail.%I', t, part);
        stay := 0;
        IF held > 0 THEN
            EXECUTE format('ALTER TABLE calltrail.%I RENAME TO %I', part, old);
            PERFORM calltrail.make_partition(t, p.first_day, p.end_day);
            -- Into the partition itself: the triggers of the parent would take them for news.
            EXECUTE format('INSERT INTO calltrail.%I SELECT o.* FROM calltrail.%I o JOIN pg_temp.calltrail_kept k ON k.day = o.day AND k.record_id = o.record_id', part, old);
            GET DIAGNOSTICS stay = ROW_COUNT;
            EXECUTE format('SELECT count(*) FROM calltrail.%I o WHERE (o.day, o.record_id) IN (SELECT k.day, k.record_id FROM pg_temp.calltrail_kept k)', old) INTO n;
            IF n <> stay THEN
                RAISE EXCEPTION 'retention_finish: % of % held rows of % were kept', stay, n, t;
            END IF;
            EXECUTE format('DROP TABLE calltrail.%I', old);
        ELSE
            EXECUTE format('DROP TABLE calltrail.%I', part);
        END IF;
        deleted := deleted || jsonb_build_object(t, before - stay);
    END LOOP;
    IF held = 0 THEN
        DELETE FROM calltrail.partition x WHERE x.first_day = p.first_day;
    END IF;
    INSERT INTO calltrail.retention_run (first_day, end_day, deleted, held, certificates, notice_id, run_by) VALUES (p.first_day, p.end_day, deleted, held, cardinality($2), notice, session_user);
    DROP TABLE pg_temp.calltrail_kept;
    DROP TABLE pg_temp.calltrail_span;
    DROP TABLE pg_temp.calltrail_run;
    DROP TABLE pg_temp.calltrail_signed;
    PERFORM calltrail.audit_deed('retention', format('days %s to %s are deleted as notice %s of digest %s announced, %s held records stay, %s certificates; it is so when retention_run says it', p.first_day, p.end_day - 1, notice, digest, held, cardinality($2)));
    RETURN jsonb_build_object('deleted', deleted, 'held', held, 'certificates', cardinality($2), 'notice_id', notice, 'digest', digest);
END
$$;

-- Who had which address: whole lineages that ended before the limit, that no record which is left names, and no hold.
CREATE FUNCTION calltrail.retention_assignments(keep_days integer DEFAULT 0) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    cutoff timestamptz := calltrail.retention_limit($1)::timestamp AT TIME ZONE 'UTC';
    n      bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN -- as in retention_begin
        RAISE EXCEPTION 'retention: a transaction that is READ COMMITTED is wanted, this one is %', upper(current_setting('transaction_isolation'))
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('calltrail.retention', 0));
    CREATE TEMPORARY TABLE calltrail_ended ON COMMIT DROP AS
    SELECT a.assignment_id
      FROM calltrail.assignment a
     WHERE a.lineage IN (SELECT l.lineage FROM calltrail.assignment l GROUP BY l.lineage
                         HAVING bool_and(coalesce(upper(l.during), l.last_seen_at) < cutoff AND l.last_seen_at < cutoff))
       AND NOT EXISTS (SELECT FROM calltrail.assignment l JOIN calltrail.call_subscriber s ON s.assignment_id = l.assignment_id WHERE l.lineage = a.lineage)
       AND NOT EXISTS (SELECT FROM calltrail.assignment l
                         JOIN calltrail.holds h ON h.released_at IS NULL AND (h.from_time IS NULL OR coalesce(upper(l.during), l.last_seen_at) >= h.from_time)
                              AND (h.to_time IS NULL OR lower(l.during) < h.to_time)
                        WHERE l.lineage = a.lineage
                          AND CASE h.kind WHEN 'subscriber' THEN l.subscriber = h.value
                                          WHEN 'address' THEN l.address && h.value::inet OR l.inside_address && h.value::inet
                                          ELSE h.kind = 'window' END);
    ALTER TABLE calltrail.assignment DISABLE TRIGGER append_only;
    ALTER TABLE calltrail.assignment_receipt DISABLE TRIGGER append_only;
    DELETE FROM calltrail.assignment_receipt r USING pg_temp.calltrail_ended x WHERE r.assignment_id = x.assignment_id;
    DELETE FROM calltrail.assignment_due d USING pg_temp.calltrail_ended x WHERE d.assignment_id = x.assignment_id;
    DELETE FROM calltrail.assignment a USING pg_temp.calltrail_ended x WHERE a.assignment_id = x.assignment_id;
    GET DIAGNOSTICS n = ROW_COUNT;
    ALTER TABLE calltrail.assignment_receipt ENABLE TRIGGER append_only;
    ALTER TABLE calltrail.assignment ENABLE TRIGGER append_only;
    DROP TABLE pg_temp.calltrail_ended;
    RETURN n;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.audit_deed(text, text) IS 'Writes down in the audit what was done with holds and deletions, where the audit is set up';
COMMENT ON FUNCTION calltrail.remove_backup(text, timestamptz, bigint) IS 'Writes down that a copy of the database is removed: path, when it was written, octets; returns the number. calltrail retention run calls it before it removes the file';
COMMENT ON FUNCTION calltrail.add_hold(text, text, text, timestamptz, timestamptz, text) IS 'Places a legal hold and returns its number: case, kind (number, number_prefix, address, subscriber, call, window), value, times or NULL, reason';
COMMENT ON FUNCTION calltrail.release_hold(bigint, text) IS 'Releases a legal hold, with the reason; the next deletion takes what only it held';
COMMENT ON FUNCTION calltrail.held(date, date) IS 'Records of the days from the first up to, and without, the second that a legal hold in force names: with a call all its revisions and legs';
COMMENT ON FUNCTION calltrail.proving_heads(date, date) IS 'Coverage events of these days whose signed heads are the first that cover a held record, of these or earlier days: they stay with it';
COMMENT ON FUNCTION calltrail.retention_limit(integer) IS 'First day that must be kept: today''s UTC date less the period (the longer of that given and that of setting) and the grace';
COMMENT ON FUNCTION calltrail.day_tables() IS 'Tables that are partitioned by day';
COMMENT ON FUNCTION calltrail.announcement(date, date, date[], uuid[]) IS 'What goes of a span of days when the records of these days and identities stay, as a notice announces it';
COMMENT ON FUNCTION calltrail.announcement_digest(jsonb) IS 'SHA-256 of the text of an announcement, in hex';
COMMENT ON FUNCTION calltrail.covering_notice(jsonb) IS 'The oldest notice that announced all of this, or more; NULL: none did';
COMMENT ON FUNCTION calltrail.retention_plan(integer) IS 'Spans of days that are old enough to go, with the rows of each table, how many records there are and how many of them stay because they are held, items of quarantine received in these days, what a notice would announce; the first notice that announced all that goes now, its digest, when it was given, and whether that is long enough ago';
COMMENT ON FUNCTION calltrail.give_notice(date, integer) IS 'Gives notice that the span that begins on this day will be deleted; returns the number of the notice';
COMMENT ON FUNCTION calltrail.retention_begin(date, integer) IS 'Begins the deletion of a span: checks that it is old enough and that a notice announced it, holds writers off, and returns the runs of numbers that go, to be signed for. calltrail retention run calls it';
COMMENT ON FUNCTION calltrail.retention_finish(date, text[]) IS 'Ends it in the same transaction: takes a certificate for each run, deletes, keeps what is held, writes retention_run';
COMMENT ON FUNCTION calltrail.retention_assignments(integer) IS 'Deletes the assignments of addresses that ended before the limit, and that neither a record that is left nor a hold names; returns how many rows';
REVOKE ALL ON FUNCTION calltrail.audit_deed(text, text), calltrail.remove_backup(text, timestamptz, bigint), calltrail.add_hold(text, text, text, timestamptz, timestamptz, text), calltrail.release_hold(bigint, text), calltrail.held(date, date), calltrail.proving_heads(date, date),
    calltrail.retention_limit(integer), calltrail.day_tables(), calltrail.announcement(date, date, date[], uuid[]), calltrail.announcement_digest(jsonb), calltrail.covering_notice(jsonb), calltrail.retention_plan(integer), calltrail.give_notice(date, integer), calltrail.retention_begin(date, integer),
    calltrail.retention_finish(date, text[]), calltrail.retention_assignments(integer) FROM PUBLIC;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.hold) OR EXISTS (SELECT FROM calltrail.retention_run) OR EXISTS (SELECT FROM calltrail.backup_removal) THEN
        RAISE EXCEPTION 'calltrail.hold, calltrail.retention_run or calltrail.backup_removal holds rows: evidence is not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP INDEX calltrail.entry_day;
DROP FUNCTION calltrail.retention_assignments(integer);
DROP FUNCTION calltrail.retention_finish(date, text[]);
DROP FUNCTION calltrail.retention_begin(date, integer);
DROP FUNCTION calltrail.give_notice(date, integer);
DROP FUNCTION calltrail.retention_plan(integer);
DROP FUNCTION calltrail.covering_notice(jsonb);
DROP FUNCTION calltrail.announcement_digest(jsonb);
DROP FUNCTION calltrail.announcement(date, date, date[], uuid[]);
DROP FUNCTION calltrail.day_tables();
DROP FUNCTION calltrail.retention_limit(integer);
DROP FUNCTION calltrail.proving_heads(date, date);
DROP FUNCTION calltrail.held(date, date);
DROP FUNCTION calltrail.release_hold(bigint, text);
DROP FUNCTION calltrail.add_hold(text, text, text, timestamptz, timestamptz, text);
DROP FUNCTION calltrail.remove_backup(text, timestamptz, bigint);
DROP FUNCTION calltrail.audit_deed(text, text);
ALTER TABLE calltrail.audit DROP CONSTRAINT audit_action_check, ADD CONSTRAINT audit_action_check
    CHECK (action IN ('registered', 'approved', 'refused', 'rows_raised', 'closed', 'emergency', 'second_approval', 'opened', 'asked', 'answered', 'failed', 'officer', 'person_added', 'person_removed'));
DROP TABLE calltrail.backup_removal;
DROP TABLE calltrail.retention_run;
DROP TABLE calltrail.retention_notice;
DROP VIEW calltrail.holds;
DROP TABLE calltrail.hold_release;
DROP TABLE calltrail.hold;
ALTER TABLE calltrail.setting DROP COLUMN retention_notice_days, DROP COLUMN retention_grace_days, DROP COLUMN retention_days;
