-- Watchlists: registrations, messages and PASSporTs are compared too; a search for SIP URIs that ends; alerts to be published.

-- +goose Up
ALTER TABLE calltrail.watchlist_hit ADD COLUMN kind text NOT NULL DEFAULT 'call' CHECK (kind IN ('call', 'registration', 'message'));
COMMENT ON TABLE calltrail.watchlist_hit IS 'Calls, registrations and messages in which an entry of a watchlist was found: one row for each of them, entry and role, whatever the number of revisions. Append-only; it goes with its day.';
COMMENT ON COLUMN calltrail.watchlist_hit.kind IS 'What it was found in: call, registration, message';
COMMENT ON COLUMN calltrail.watchlist_hit.call_uid IS 'Call; of a registration or message, which have none, its record_id';
COMMENT ON COLUMN calltrail.watchlist_hit.role IS 'As what. Calls: caller, callee, asserted, connected, diverted, passport_orig, request_uri, sip_contact, caller_agent, callee_agent. Registrations: aor, sip_contact, user_agent. Messages: caller, callee, asserted, request_uri, caller_agent. All: a role of calltrail.endpoint';
COMMENT ON COLUMN calltrail.watchlist_hit.call_at IS 'When the call began, or the registration or message was; for an address, when its use began';

-- What a trigger asks before anything else: one look-up for each kind and each length.
CREATE INDEX watchlist_entry_digits ON calltrail.watchlist_entry (length(value)) WHERE removed_at IS NULL AND kind = 'number_prefix';
CREATE INDEX watchlist_entry_length ON calltrail.watchlist_entry (family(net), masklen(net)) WHERE removed_at IS NULL AND net IS NOT NULL;
-- Few calls have a PASSporT, or on a network with STIR few have none: all of them are looked at.
CREATE INDEX call_record_passport ON calltrail.call_record (started_at) WHERE passport_orig IS NOT NULL;

ALTER TABLE calltrail.setting ADD COLUMN watchlist_alerts boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN calltrail.setting.watchlist_alerts IS 'New hits of watchlists are queued for publishing; calltrail store sets it by its configuration (watchlist.alerts_topic)';

CREATE TABLE calltrail.watchlist_alert (
    hit_id   bigint PRIMARY KEY,
    day      date   NOT NULL,
    call_uid uuid   NOT NULL,
    entry_id bigint NOT NULL,
    role     text   NOT NULL
);

COMMENT ON TABLE calltrail.watchlist_alert IS 'Hits that are still to be published. Queued in the transaction that stores the hit, taken off once Kafka has acknowledged them: what is in here after a crash is published again, under the same hit_id.';
COMMENT ON COLUMN calltrail.watchlist_alert.hit_id IS 'Hit; the identity of its alert';
COMMENT ON COLUMN calltrail.watchlist_alert.day IS 'Key of the hit: day';
COMMENT ON COLUMN calltrail.watchlist_alert.call_uid IS 'Key of the hit: call, registration or message';
COMMENT ON COLUMN calltrail.watchlist_alert.entry_id IS 'Key of the hit: entry';
COMMENT ON COLUMN calltrail.watchlist_alert.role IS 'Key of the hit: role';

-- Plain SQL without settings, so that the planner puts them into the query that asks.
-- +goose StatementBegin
CREATE FUNCTION calltrail.passport_number(orig text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN orig ~ '^\+?[1-9][0-9]{1,14}$' THEN '+' || pg_catalog.ltrim(orig, '+') END
$$;

-- With one @, no more than one : before it and no quotes there is one place where the user can be. It need not be right about
-- what is no SIP URI: it only says what sip_uri_key cannot give. No user has a quote, so that one can mean: look properly.
CREATE FUNCTION calltrail.sip_uri_user(uri text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN uri NOT LIKE '%"%' THEN
                    CASE WHEN uri LIKE '%@%@%' OR uri LIKE '%:%:%@%' THEN '"'
                         ELSE pg_catalog.split_part(pg_catalog.split_part(uri, '@', 1), ':', 2) END
                -- A display name in quotes before it, without an escape.
                WHEN uri LIKE '"%"%' AND uri NOT LIKE '"%"%"%' AND pg_catalog.strpos(uri, '\') = 0
                     AND pg_catalog.split_part(uri, '"', 3) NOT LIKE '%@%@%' AND pg_catalog.split_part(uri, '"', 3) NOT LIKE '%:%:%@%'
                THEN pg_catalog.split_part(pg_catalog.split_part(pg_catalog.split_part(uri, '"', 3), '@', 1), ':', 2)
                WHEN uri IS NOT NULL THEN '"' END
$$;

CREATE FUNCTION calltrail.watchlist_kind(of_call uuid, of_role text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN of_call IS NOT NULL THEN 'call' WHEN of_role LIKE 'message%' THEN 'message' ELSE 'registration' END
$$;

CREATE VIEW calltrail.watchlist_event AS
SELECT r.day, 'registration'::text AS kind, r.record_id, r.at, s.what, s.role, s.value
  FROM calltrail.registration r
 CROSS JOIN LATERAL (
       VALUES ('number', 'aor', r.aor_e164), ('number_prefix', 'aor', r.aor_e164), ('user_agent', 'user_agent', r.user_agent),
              ('sip_uri', 'aor', r.aor_user || '@' || lower(r.aor_host)), ('sip_uri', 'sip_contact', calltrail.sip_uri_key(r.contact))) AS s (what, role, value)
 WHERE s.value IS NOT NULL
UNION ALL
SELECT m.day, 'message', m.record_id, m.at, s.what, s.role, s.value
  FROM calltrail.message m
 CROSS JOIN LATERAL (
       VALUES ('number', 'caller', m.caller_e164), ('number', 'callee', m.callee_e164), ('number', 'asserted', m.asserted_e164),
              ('number_prefix', 'caller', m.caller_e164), ('number_prefix', 'callee', m.callee_e164), ('number_prefix', 'asserted', m.asserted_e164),
              ('user_agent', 'caller_agent', m.user_agent),
              ('sip_uri', 'caller', m.caller_user || '@' || lower(m.caller_host)), ('sip_uri', 'callee', m.callee_user || '@' || lower(m.callee_host)),
              ('sip_uri', 'asserted', calltrail.sip_uri_key(m.asserted_raw)), ('sip_uri', 'request_uri', calltrail.sip_uri_key(m.request_uri))) AS s (what, role, value)
 WHERE s.value IS NOT NULL;

-- Without this setting the planner would, of a long list, rather read all of it than see by an index that a kind is not there.
CREATE FUNCTION calltrail.watchlist_wanted(OUT kinds text[], OUT lengths integer[])
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
    SELECT (SELECT array_agg(k.kind) FROM unnest(ARRAY['number', 'number_prefix', 'sip_uri', 'user_agent']) AS k (kind)
             WHERE EXISTS (SELECT FROM calltrail.watchlist_entry e WHERE e.kind = k.kind AND e.removed_at IS NULL)),
           (SELECT array_agg(l.length) FROM generate_series(2, 16) AS l (length)
             WHERE EXISTS (SELECT FROM calltrail.watchlist_entry e WHERE length(e.value) = l.length AND e.kind = 'number_prefix' AND e.removed_at IS NULL))
$$;

CREATE FUNCTION calltrail.watchlist_networks(OUT lengths4 integer[], OUT lengths6 integer[])
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.watchlist_entry e WHERE family(e.net) = 4 AND e.net IS NOT NULL AND e.removed_at IS NULL) THEN
        lengths4 := array(SELECT l FROM generate_series(1, 32) AS l
            WHERE EXISTS (SELECT FROM calltrail.watchlist_entry e WHERE family(e.net) = 4 AND masklen(e.net) = l AND e.net IS NOT NULL AND e.removed_at IS NULL));
    END IF;
    IF EXISTS (SELECT FROM calltrail.watchlist_entry e WHERE family(e.net) = 6 AND e.net IS NOT NULL AND e.removed_at IS NULL) THEN
        lengths6 := array(SELECT l FROM generate_series(1, 128) AS l
            WHERE EXISTS (SELECT FROM calltrail.watchlist_entry e WHERE family(e.net) = 6 AND masklen(e.net) = l AND e.net IS NOT NULL AND e.removed_at IS NULL));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.watchlist_calls_landed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    kinds   text[];
    lengths integer[];
BEGIN
    -- Until commit. A search of what is stored takes the lock alone for a moment before it begins: so every record is
    -- either seen by that search or, because the next statement sees what was committed before, finds the entry here.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('calltrail.watchlist', 0));
    SELECT w.kinds, w.lengths INTO kinds, lengths FROM calltrail.watchlist_wanted() AS w;
    IF kinds IS NULL THEN
        RETURN NULL;
    END IF;

    -- Always in the order of the kinds and, of each, of the key: whoever inserts the same hits waits, and never in a circle.
    IF kinds && ARRAY['number', 'number_prefix'] THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at)
        WITH said AS MATERIALIZED (
            -- UNION ALL, because VALUES for each row is made ready anew for each row.
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'caller' AS role, n.caller_e164 AS number FROM news n WHERE n.caller_e164 IS NOT NULL
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'callee', n.callee_e164 FROM news n WHERE n.callee_e164 IS NOT NULL
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'asserted', n.asserted_e164 FROM news n WHERE n.asserted_e164 IS NOT NULL
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'connected', n.connected_e164 FROM news n WHERE n.connected_e164 IS NOT NULL
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'passport_orig', calltrail.passport_number(n.passport_orig) FROM news n WHERE n.passport_orig IS NOT NULL
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, d.role, d.number
              FROM news n CROSS JOIN LATERAL calltrail.watchlist_diverted(n.redirects) AS d WHERE n.redirects IS NOT NULL
        ), found AS (
            SELECT e.entry_id, s.*
              FROM said s JOIN calltrail.watchlist_entry e ON e.kind = 'number' AND e.value = s.number AND e.removed_at IS NULL AND e.valid @> s.started_at
            UNION ALL
            SELECT e.entry_id, s.*
              FROM said s CROSS JOIN LATERAL unnest(lengths) AS l (length)
              JOIN calltrail.watchlist_entry e ON e.kind = 'number_prefix' AND e.value = left(s.number, l.length) AND e.removed_at IS NULL AND e.valid @> s.started_at
        )
        SELECT f.day, f.entry_id, f.call_uid, f.record_id, f.role, f.number, f.started_at
          FROM found f ORDER BY f.day, f.call_uid, f.entry_id, f.role, f.revision
        ON CONFLICT DO NOTHING;
    END IF;
    IF 'sip_uri' = ANY (kinds) THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at)
        WITH known AS MATERIALIZED (
            SELECT split_part(e.value, '@', 1) AS who FROM calltrail.watchlist_entry e WHERE e.kind = 'sip_uri' AND e.removed_at IS NULL UNION ALL SELECT '"'
        ), said AS MATERIALIZED (
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'caller' AS role, n.caller_user || '@' || lower(n.caller_host) AS uri FROM news n
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'callee', n.callee_user || '@' || lower(n.callee_host) FROM news n
            UNION ALL
            -- The user alone says of nearly every header that it is on no list, without a regular expression.
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'asserted', calltrail.sip_uri_key(n.asserted_raw) FROM news n
             WHERE n.asserted_raw IS NOT NULL AND calltrail.sip_uri_user(n.asserted_raw) IN (SELECT k.who FROM known k)
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'connected', calltrail.sip_uri_key(n.connected_raw) FROM news n
             WHERE n.connected_raw IS NOT NULL AND calltrail.sip_uri_user(n.connected_raw) IN (SELECT k.who FROM known k)
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'request_uri', calltrail.sip_uri_key(n.request_uri) FROM news n
             WHERE n.request_uri IS NOT NULL AND calltrail.sip_uri_user(n.request_uri) IN (SELECT k.who FROM known k)
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'sip_contact', calltrail.sip_uri_key(n.sip_contact) FROM news n
             WHERE n.sip_contact IS NOT NULL AND calltrail.sip_uri_user(n.sip_contact) IN (SELECT k.who FROM known k)
            UNION ALL
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, 'passport_orig', calltrail.sip_uri_key(n.passport_orig) FROM news n
             WHERE n.passport_orig IS NOT NULL AND calltrail.sip_uri_user(n.passport_orig) IN (SELECT k.who FROM known k)
        )
        SELECT s.day, e.entry_id, s.call_uid, s.record_id, s.role, s.uri, s.started_at
          FROM said s JOIN calltrail.watchlist_entry e ON e.kind = 'sip_uri' AND e.value = s.uri AND e.removed_at IS NULL AND e.valid @> s.started_at
         ORDER BY s.day, s.call_uid, e.entry_id, s.role, s.revision
        ON CONFLICT DO NOTHING;
    END IF;
    IF 'user_agent' = ANY (kinds) THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at)
        WITH agent AS MATERIALIZED (
            -- A few dozen makes of telephone in thousands of records: each is compared once.
            SELECT a.agent, e.entry_id, e.valid
              FROM (SELECT n.sip_user_agent AS agent FROM news n UNION SELECT n.sip_server_agent FROM news n) AS a
              JOIN calltrail.watchlist_entry e ON e.kind = 'user_agent' AND lower(a.agent) LIKE e.pattern AND e.removed_at IS NULL
        )
        SELECT n.day, a.entry_id, n.call_uid, n.record_id, s.role, s.agent, n.started_at
          FROM news n
         CROSS JOIN LATERAL (VALUES ('caller_agent', n.sip_user_agent), ('callee_agent', n.sip_server_agent)) AS s (role, agent)
          JOIN agent a ON a.agent = s.agent AND a.valid @> n.started_at
         ORDER BY n.day, n.call_uid, a.entry_id, s.role, n.revision
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

-- The trigger of registration and of message: few, so that what they say may be read back.
CREATE FUNCTION calltrail.watchlist_events_landed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    kinds   text[];
    lengths integer[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('calltrail.watchlist', 0));
    SELECT w.kinds, w.lengths INTO kinds, lengths FROM calltrail.watchlist_wanted() AS w;
    IF kinds IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO calltrail.watchlist_hit (day, kind, entry_id, call_uid, record_id, role, matched, call_at)
    WITH said AS MATERIALIZED (
        SELECT v.* FROM news n CROSS JOIN LATERAL (SELECT * FROM calltrail.watchlist_event x WHERE x.day = n.day AND x.record_id = n.record_id AND x.what = ANY (kinds)) AS v
    ), found AS (
        SELECT e.entry_id, s.* FROM said s JOIN calltrail.watchlist_entry e ON e.kind = s.what AND e.value = s.value AND e.removed_at IS NULL AND e.valid @> s.at
         WHERE s.what IN ('number', 'sip_uri')
        UNION ALL
        SELECT e.entry_id, s.* FROM said s CROSS JOIN LATERAL unnest(lengths) AS l (length)
          JOIN calltrail.watchlist_entry e ON e.kind = 'number_prefix' AND e.value = left(s.value, l.length) AND e.removed_at IS NULL AND e.valid @> s.at
         WHERE s.what = 'number_prefix'
        UNION ALL
        SELECT e.entry_id, s.* FROM said s JOIN calltrail.watchlist_entry e ON e.kind = 'user_agent' AND lower(s.value) LIKE e.pattern AND e.removed_at IS NULL AND e.valid @> s.at
         WHERE s.what = 'user_agent'
    )
    SELECT f.day, f.kind, f.entry_id, f.record_id, f.record_id, f.role, f.value, f.at
      FROM found f ORDER BY f.day, f.record_id, f.entry_id, f.role
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.watchlist_addresses_landed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    lengths4 integer[];
    lengths6 integer[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('calltrail.watchlist', 0));
    SELECT w.lengths4, w.lengths6 INTO lengths4, lengths6 FROM calltrail.watchlist_networks() AS w;
    IF lengths4 IS NULL AND lengths6 IS NULL THEN
        RETURN NULL;
    END IF;
    -- A network contains an address when the address, cut to its length, is the network: one look-up for each length there is.
    INSERT INTO calltrail.watchlist_hit (day, kind, entry_id, call_uid, record_id, role, matched, call_at)
    SELECT n.day, calltrail.watchlist_kind(n.call_uid, r.role), e.entry_id, coalesce(n.call_uid, n.record_id), n.record_id, r.role, host(n.ip), n.first_at
      FROM news n
     CROSS JOIN LATERAL unnest(CASE family(n.ip) WHEN 4 THEN lengths4 ELSE lengths6 END) AS l (length)
      JOIN calltrail.watchlist_entry e ON e.net = network(set_masklen(n.ip, l.length)) AND e.removed_at IS NULL AND e.net IS NOT NULL AND e.valid @> n.first_at
     CROSS JOIN LATERAL unnest(n.roles) AS r (role)
     ORDER BY n.day, coalesce(n.call_uid, n.record_id), e.entry_id, r.role, n.first_at, n.record_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.watchlist_match_span(of_entries bigint[], from_day date, end_day date, of_job bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    kinds text[];
    e     record;
    n     bigint;
    total bigint := 0;
BEGIN
    SELECT array_agg(DISTINCT w.kind) INTO kinds FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL;

    -- Numbers and addresses by the indexes of the records; a range is asked for by itself, so that the planner knows how wide it is.
    IF kinds && ARRAY['number', 'number_prefix'] THEN
        CREATE TEMPORARY TABLE watchlist_found (day date, entry_id bigint, call_uid uuid, record_id uuid, role text, matched text, call_at timestamptz, revision integer) ON COMMIT DROP;
        INSERT INTO pg_temp.watchlist_found
        WITH w AS MATERIALIZED (
            SELECT w.entry_id, w.value, w.valid FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'number'
        )
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, 'caller', r.caller_e164, r.started_at, r.revision
          FROM w JOIN calltrail.call_record r ON r.caller_e164 = w.value AND w.valid @> r.started_at WHERE r.day >= from_day AND r.day < end_day
        UNION ALL
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, 'callee', r.callee_e164, r.started_at, r.revision
          FROM w JOIN calltrail.call_record r ON r.callee_e164 = w.value AND w.valid @> r.started_at WHERE r.day >= from_day AND r.day < end_day
        UNION ALL
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, 'asserted', r.asserted_e164, r.started_at, r.revision
          FROM w JOIN calltrail.call_record r ON r.asserted_e164 = w.value AND w.valid @> r.started_at WHERE r.day >= from_day AND r.day < end_day
        UNION ALL
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, 'connected', r.connected_e164, r.started_at, r.revision
          FROM w JOIN calltrail.call_record r ON r.connected_e164 = w.value AND w.valid @> r.started_at WHERE r.day >= from_day AND r.day < end_day;
        FOR e IN SELECT w.entry_id, w.value, w.valid, w.value || repeat('9', 15) AS last
                   FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'number_prefix' LOOP
            INSERT INTO pg_temp.watchlist_found
            SELECT r.day, e.entry_id, r.call_uid, r.record_id, 'caller', r.caller_e164, r.started_at, r.revision FROM calltrail.call_record r
             WHERE r.caller_e164 BETWEEN e.value AND e.last AND starts_with(r.caller_e164, e.value) AND e.valid @> r.started_at AND r.day >= from_day AND r.day < end_day
            UNION ALL
            SELECT r.day, e.entry_id, r.call_uid, r.record_id, 'callee', r.callee_e164, r.started_at, r.revision FROM calltrail.call_record r
             WHERE r.callee_e164 BETWEEN e.value AND e.last AND starts_with(r.callee_e164, e.value) AND e.valid @> r.started_at AND r.day >= from_day AND r.day < end_day
            UNION ALL
            SELECT r.day, e.entry_id, r.call_uid, r.record_id, 'asserted', r.asserted_e164, r.started_at, r.revision FROM calltrail.call_record r
             WHERE r.asserted_e164 BETWEEN e.value AND e.last AND starts_with(r.asserted_e164, e.value) AND e.valid @> r.started_at AND r.day >= from_day AND r.day < end_day
            UNION ALL
            SELECT r.day, e.entry_id, r.call_uid, r.record_id, 'connected', r.connected_e164, r.started_at, r.revision FROM calltrail.call_record r
             WHERE r.connected_e164 BETWEEN e.value AND e.last AND starts_with(r.connected_e164, e.value) AND e.valid @> r.started_at AND r.day >= from_day AND r.day < end_day;
        END LOOP;
        INSERT INTO pg_temp.watchlist_found
        WITH w AS MATERIALIZED (
            SELECT w.entry_id, w.kind, w.value, w.valid FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL
        ), d AS MATERIALIZED (
            SELECT r.day, r.call_uid, r.record_id, s.role, s.number, r.started_at, r.revision
              FROM calltrail.call_record r CROSS JOIN LATERAL calltrail.watchlist_diverted(r.redirects) AS s
             WHERE r.redirects IS NOT NULL AND r.day >= from_day AND r.day < end_day
            UNION ALL
            SELECT r.day, r.call_uid, r.record_id, 'passport_orig', calltrail.passport_number(r.passport_orig), r.started_at, r.revision
              FROM calltrail.call_record r
             WHERE r.passport_orig IS NOT NULL AND r.day >= from_day AND r.day < end_day
        )
        SELECT d.day, w.entry_id, d.call_uid, d.record_id, d.role, d.number, d.started_at, d.revision
          FROM d JOIN w ON w.kind = 'number' AND w.value = d.number AND w.valid @> d.started_at
        UNION ALL
        SELECT d.day, w.entry_id, d.call_uid, d.record_id, d.role, d.number, d.started_at, d.revision
          FROM d JOIN w ON w.kind = 'number_prefix' AND starts_with(d.number, w.value) AND w.valid @> d.started_at;

        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        SELECT f.day, f.entry_id, f.call_uid, f.record_id, f.role, f.matched, f.call_at, of_job
          FROM pg_temp.watchlist_found f ORDER BY f.day, f.call_uid, f.entry_id, f.role, f.revision
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
        DROP TABLE pg_temp.watchlist_found;
    END IF;

    -- No index has URIs and User-Agents: every record would pay for six more. All records are looked at, once for all entries.
    IF 'sip_uri' = ANY (kinds) THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        WITH w AS MATERIALIZED (
            SELECT w.entry_id, w.value, w.valid FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'sip_uri'
        ), known AS MATERIALIZED (
            SELECT split_part(w.value, '@', 1) AS who FROM w UNION ALL SELECT '"'
        ), said AS MATERIALIZED (
            SELECT r.day, r.record_id, r.call_uid, r.revision, r.started_at, s.role, s.uri
              FROM calltrail.call_record r
             CROSS JOIN LATERAL (
                   VALUES ('caller', r.caller_user || '@' || lower(r.caller_host)), ('callee', r.callee_user || '@' || lower(r.callee_host)),
                          ('asserted', calltrail.sip_uri_key(r.asserted_raw)), ('connected', calltrail.sip_uri_key(r.connected_raw)),
                          ('request_uri', calltrail.sip_uri_key(r.request_uri)), ('sip_contact', calltrail.sip_uri_key(r.sip_contact)),
                          ('passport_orig', calltrail.sip_uri_key(r.passport_orig))) AS s (role, uri)
             WHERE r.day >= from_day AND r.day < end_day
               -- The users, which are cheap, against a hash of the list's; the whole URIs of the few records that are left.
               AND (r.caller_user IN (SELECT k.who FROM known k) OR r.callee_user IN (SELECT k.who FROM known k)
                    OR calltrail.sip_uri_user(r.asserted_raw) IN (SELECT k.who FROM known k)
                    OR calltrail.sip_uri_user(r.connected_raw) IN (SELECT k.who FROM known k)
                    OR calltrail.sip_uri_user(r.request_uri) IN (SELECT k.who FROM known k)
                    OR calltrail.sip_uri_user(r.sip_contact) IN (SELECT k.who FROM known k)
                    OR calltrail.sip_uri_user(r.passport_orig) IN (SELECT k.who FROM known k))
        )
        SELECT s.day, w.entry_id, s.call_uid, s.record_id, s.role, s.uri, s.started_at, of_job
          FROM said s JOIN w ON w.value = s.uri AND w.valid @> s.started_at
         ORDER BY s.day, s.call_uid, w.entry_id, s.role, s.revision
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
    END IF;
    IF 'user_agent' = ANY (kinds) THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        WITH agent AS MATERIALIZED (
            SELECT a.agent, w.entry_id, w.valid
              FROM (SELECT r.sip_user_agent AS agent FROM calltrail.call_record r WHERE r.day >= from_day AND r.day < end_day
                    UNION SELECT r.sip_server_agent FROM calltrail.call_record r WHERE r.day >= from_day AND r.day < end_day) AS a
              JOIN calltrail.watchlist_entry w ON w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'user_agent' AND lower(a.agent) LIKE w.pattern
        )
        SELECT r.day, a.entry_id, r.call_uid, r.record_id, s.role, s.agent, r.started_at, of_job
          FROM calltrail.call_record r
         CROSS JOIN LATERAL (VALUES ('caller_agent', r.sip_user_agent), ('callee_agent', r.sip_server_agent)) AS s (role, agent)
          JOIN agent a ON a.agent = s.agent AND a.valid @> r.started_at
         WHERE r.day >= from_day AND r.day < end_day
         ORDER BY r.day, r.call_uid, a.entry_id, s.role, r.revision
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
    END IF;

    IF kinds && ARRAY['number', 'number_prefix', 'sip_uri', 'user_agent'] THEN
        INSERT INTO calltrail.watchlist_hit (day, kind, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        WITH w AS MATERIALIZED (
            SELECT w.entry_id, w.kind, w.value, w.pattern, w.valid FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL
        ), said AS MATERIALIZED (
            SELECT v.* FROM calltrail.watchlist_event v WHERE v.day >= from_day AND v.day < end_day AND v.what = ANY (kinds)
        ), agent AS MATERIALIZED (
            SELECT a.value, w.entry_id, w.valid
              FROM (SELECT DISTINCT s.value FROM said s WHERE s.what = 'user_agent') AS a JOIN w ON w.kind = 'user_agent' AND lower(a.value) LIKE w.pattern
        ), found AS (
            SELECT w.entry_id, s.* FROM said s JOIN w ON w.kind = s.what AND w.value = s.value AND w.valid @> s.at WHERE s.what IN ('number', 'sip_uri')
            UNION ALL
            SELECT w.entry_id, s.* FROM said s CROSS JOIN LATERAL generate_series(2, length(s.value)) AS l (length)
              JOIN w ON w.kind = 'number_prefix' AND w.value = left(s.value, l.length) AND w.valid @> s.at WHERE s.what = 'number_prefix'
            UNION ALL
            SELECT a.entry_id, s.* FROM said s JOIN agent a ON a.value = s.value AND a.valid @> s.at WHERE s.what = 'user_agent'
        )
        SELECT f.day, f.kind, f.entry_id, f.record_id, f.record_id, f.role, f.value, f.at, of_job
          FROM found f ORDER BY f.day, f.record_id, f.entry_id, f.role
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
    END IF;

    IF 'address' = ANY (kinds) OR 'prefix' = ANY (kinds) THEN
        CREATE TEMPORARY TABLE watchlist_used (day date, entry_id bigint, call_uid uuid, record_id uuid, roles text[], ip inet, first_at timestamptz) ON COMMIT DROP;
        INSERT INTO pg_temp.watchlist_used
        SELECT p.day, w.entry_id, p.call_uid, p.record_id, p.roles, p.ip, p.first_at
          FROM calltrail.watchlist_entry w JOIN calltrail.endpoint p ON p.ip = w.net::inet
         WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'address' AND w.valid @> p.first_at
           AND p.day >= from_day AND p.day < end_day;
        FOR e IN SELECT w.entry_id, w.valid, w.net::inet AS net, set_masklen(w.net::inet, masklen(w.net)) AS first,
                        set_masklen(broadcast(w.net), CASE family(w.net) WHEN 4 THEN 32 ELSE 128 END) AS last
                   FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'prefix' LOOP
            INSERT INTO pg_temp.watchlist_used
            SELECT p.day, e.entry_id, p.call_uid, p.record_id, p.roles, p.ip, p.first_at
              FROM calltrail.endpoint p
             WHERE p.ip >= e.first AND p.ip <= e.last AND p.ip <<= e.net AND e.valid @> p.first_at
               AND p.day >= from_day AND p.day < end_day;
        END LOOP;
        INSERT INTO calltrail.watchlist_hit (day, kind, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        SELECT u.day, calltrail.watchlist_kind(u.call_uid, r.role), u.entry_id, coalesce(u.call_uid, u.record_id), u.record_id, r.role, host(u.ip), u.first_at, of_job
          FROM pg_temp.watchlist_used u CROSS JOIN LATERAL unnest(u.roles) AS r (role)
         ORDER BY u.day, coalesce(u.call_uid, u.record_id), u.entry_id, r.role, u.first_at, u.record_id
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
        DROP TABLE pg_temp.watchlist_used;
    END IF;
    RETURN total;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.scam_scale(of_list text)
    RETURNS TABLE (calls bigint, victims bigint, days bigint, sources bigint, first_call timestamptz, last_call timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH hit AS (
        SELECT h.day, h.call_uid,
               bool_or(h.role IN ('caller', 'asserted', 'passport_orig', 'sip_contact', 'caller_agent', 'caller_signalling', 'via', 'contact', 'media_from_caller', 'media_to_caller')) AS calling,
               bool_or(h.role IN ('callee', 'connected', 'diverted', 'request_uri', 'callee_agent', 'callee_signalling', 'media_to_callee', 'media_from_callee')) AS called
          FROM calltrail.watchlist_entry e JOIN calltrail.watchlist_hit h USING (entry_id)
         WHERE e.list = $1 AND h.kind = 'call'
         GROUP BY h.day, h.call_uid
    )
    SELECT count(*),
           -- The other side. Of a call between two that are both on the list nobody is a victim.
           count(DISTINCT CASE WHEN h.calling AND NOT h.called THEN coalesce(c.callee_e164, c.callee_user)
                               WHEN h.called AND NOT h.calling THEN coalesce(c.caller_e164, c.caller_user) END),
           count(DISTINCT h.day), count(DISTINCT c.src_ip) FILTER (WHERE h.calling), min(c.started_at), max(c.started_at)
      FROM hit h JOIN calltrail.calls c ON c.day = h.day AND c.call_uid = h.call_uid
$$;

CREATE FUNCTION calltrail.watchlist_queue() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT s.watchlist_alerts FROM calltrail.setting s) THEN
        INSERT INTO calltrail.watchlist_alert (hit_id, day, call_uid, entry_id, role)
        SELECT f.hit_id, f.day, f.call_uid, f.entry_id, f.role FROM found f;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

COMMENT ON VIEW calltrail.watchlist_event IS 'What registrations and messages say that can be on a watchlist, a row for each; addresses are in endpoint.';
COMMENT ON COLUMN calltrail.watchlist_event.day IS 'Day of the event';
COMMENT ON COLUMN calltrail.watchlist_event.kind IS 'registration, message';
COMMENT ON COLUMN calltrail.watchlist_event.record_id IS 'Identity of the event';
COMMENT ON COLUMN calltrail.watchlist_event.at IS 'When it was';
COMMENT ON COLUMN calltrail.watchlist_event.what IS 'Kind of entry it is compared with: number, number_prefix, sip_uri, user_agent';
COMMENT ON COLUMN calltrail.watchlist_event.role IS 'Role of the hit';
COMMENT ON COLUMN calltrail.watchlist_event.value IS 'What it says there';
COMMENT ON FUNCTION calltrail.passport_number(text) IS 'The orig of a PASSporT (RFC 8225) as an E.164 number with +; NULL when it is a URI or anything else';
COMMENT ON FUNCTION calltrail.sip_uri_user(text) IS 'The user that sip_uri_key would give, where a quick look is enough; one quote when it is not. It may give a text where sip_uri_key gives NULL';
COMMENT ON FUNCTION calltrail.watchlist_kind(uuid, text) IS 'What an address of calltrail.endpoint belongs to, by its call_uid and a role: call, registration, message';
COMMENT ON FUNCTION calltrail.watchlist_wanted() IS 'The kinds of entries (but for addresses) that are on any list, NULL when none is; and the lengths of number prefixes, + included';
COMMENT ON FUNCTION calltrail.watchlist_networks() IS 'The lengths of the networks of IPv4 and IPv6 that are on any list; NULL when none is';
COMMENT ON FUNCTION calltrail.watchlist_events_landed() IS 'Trigger of registration and message: keeps a hit for each number, SIP URI and User-Agent of the new ones that is on a watchlist';
COMMENT ON FUNCTION calltrail.watchlist_queue() IS 'Trigger of watchlist_hit: queues new hits for publishing, when setting.watchlist_alerts says so';

CREATE TRIGGER watched AFTER INSERT ON calltrail.registration REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION calltrail.watchlist_events_landed();
CREATE TRIGGER watched AFTER INSERT ON calltrail.message REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION calltrail.watchlist_events_landed();
CREATE TRIGGER queue AFTER INSERT ON calltrail.watchlist_hit REFERENCING NEW TABLE AS found FOR EACH STATEMENT EXECUTE FUNCTION calltrail.watchlist_queue();

REVOKE ALL ON FUNCTION calltrail.watchlist_events_landed(), calltrail.watchlist_queue() FROM PUBLIC;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.watchlist_hit WHERE kind <> 'call' OR role = 'passport_orig') OR EXISTS (SELECT FROM calltrail.watchlist_alert) THEN
        RAISE EXCEPTION 'calltrail.watchlist_hit holds registrations, messages or PASSporTs, or watchlist_alert alerts that were not published: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TRIGGER queue ON calltrail.watchlist_hit;
DROP TRIGGER watched ON calltrail.message;
DROP TRIGGER watched ON calltrail.registration;

-- As they were in migration 016.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION calltrail.watchlist_calls_landed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    kinds   text[];
    lengths integer[];
BEGIN
    -- Until commit. A search of what is stored takes the lock alone for a moment before it begins: so every record is
    -- either seen by that search or, because the next statement sees what was committed before, finds the entry here.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('calltrail.watchlist', 0));
    SELECT array_agg(DISTINCT e.kind), array_agg(DISTINCT length(e.value)) FILTER (WHERE e.kind = 'number_prefix')
      INTO kinds, lengths
      FROM calltrail.watchlist_entry e WHERE e.removed_at IS NULL AND e.kind NOT IN ('address', 'prefix');

    -- Always in the order of the kinds and, of each, of the key: whoever inserts the same hits waits, and never in a circle.
    IF kinds && ARRAY['number', 'number_prefix'] THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at)
        WITH said AS MATERIALIZED (
            SELECT n.day, n.record_id, n.call_uid, n.revision, n.started_at, s.role, s.number
              FROM news n
             CROSS JOIN LATERAL (
                   VALUES ('caller', n.caller_e164), ('callee', n.callee_e164), ('asserted', n.asserted_e164), ('connected', n.connected_e164)
                   UNION ALL SELECT * FROM calltrail.watchlist_diverted(n.redirects)) AS s (role, number)
             WHERE s.number IS NOT NULL
        ), found AS (
            SELECT e.entry_id, s.*
              FROM said s JOIN calltrail.watchlist_entry e ON e.kind = 'number' AND e.value = s.number AND e.removed_at IS NULL AND e.valid @> s.started_at
            UNION ALL
            SELECT e.entry_id, s.*
              FROM said s CROSS JOIN LATERAL unnest(lengths) AS l (length)
              JOIN calltrail.watchlist_entry e ON e.kind = 'number_prefix' AND e.value = left(s.number, l.length) AND e.removed_at IS NULL AND e.valid @> s.started_at
        )
        SELECT f.day, f.entry_id, f.call_uid, f.record_id, f.role, f.number, f.started_at
          FROM found f ORDER BY f.day, f.call_uid, f.entry_id, f.role, f.revision
        ON CONFLICT DO NOTHING;
    END IF;
    IF 'sip_uri' = ANY (kinds) THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at)
        SELECT n.day, e.entry_id, n.call_uid, n.record_id, s.role, s.uri, n.started_at
          FROM news n
         CROSS JOIN LATERAL (
               VALUES ('caller', n.caller_user || '@' || lower(n.caller_host)), ('callee', n.callee_user || '@' || lower(n.callee_host)),
                      ('asserted', calltrail.sip_uri_key(n.asserted_raw)), ('connected', calltrail.sip_uri_key(n.connected_raw)),
                      ('request_uri', calltrail.sip_uri_key(n.request_uri)), ('sip_contact', calltrail.sip_uri_key(n.sip_contact))) AS s (role, uri)
          JOIN calltrail.watchlist_entry e ON e.kind = 'sip_uri' AND e.value = s.uri AND e.removed_at IS NULL AND e.valid @> n.started_at
         ORDER BY n.day, n.call_uid, e.entry_id, s.role, n.revision
        ON CONFLICT DO NOTHING;
    END IF;
    IF 'user_agent' = ANY (kinds) THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at)
        WITH agent AS MATERIALIZED (
            -- A few dozen makes of telephone in thousands of records: each is compared once.
            SELECT a.agent, e.entry_id, e.valid
              FROM (SELECT n.sip_user_agent AS agent FROM news n UNION SELECT n.sip_server_agent FROM news n) AS a
              JOIN calltrail.watchlist_entry e ON e.kind = 'user_agent' AND lower(a.agent) LIKE e.pattern AND e.removed_at IS NULL
        )
        SELECT n.day, a.entry_id, n.call_uid, n.record_id, s.role, s.agent, n.started_at
          FROM news n
         CROSS JOIN LATERAL (VALUES ('caller_agent', n.sip_user_agent), ('callee_agent', n.sip_server_agent)) AS s (role, agent)
          JOIN agent a ON a.agent = s.agent AND a.valid @> n.started_at
         ORDER BY n.day, n.call_uid, a.entry_id, s.role, n.revision
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.watchlist_addresses_landed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    lengths4 integer[];
    lengths6 integer[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('calltrail.watchlist', 0));
    -- A network contains an address when the address, cut to its length, is the network: one look-up for each length there is.
    SELECT array_agg(DISTINCT masklen(e.net)) FILTER (WHERE family(e.net) = 4), array_agg(DISTINCT masklen(e.net)) FILTER (WHERE family(e.net) = 6)
      INTO lengths4, lengths6
      FROM calltrail.watchlist_entry e WHERE e.removed_at IS NULL AND e.net IS NOT NULL;
    IF lengths4 IS NULL AND lengths6 IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at)
    SELECT n.day, e.entry_id, n.call_uid, n.record_id, r.role, host(n.ip), n.first_at
      FROM news n
     CROSS JOIN LATERAL unnest(CASE family(n.ip) WHEN 4 THEN lengths4 ELSE lengths6 END) AS l (length)
      JOIN calltrail.watchlist_entry e ON e.net = network(set_masklen(n.ip, l.length)) AND e.removed_at IS NULL AND e.net IS NOT NULL AND e.valid @> n.first_at
     CROSS JOIN LATERAL unnest(n.roles) AS r (role)
     WHERE n.call_uid IS NOT NULL
     ORDER BY n.day, n.call_uid, e.entry_id, r.role, n.first_at, n.record_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.watchlist_match_span(of_entries bigint[], from_day date, end_day date, of_job bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    kinds text[];
    e     record;
    n     bigint;
    total bigint := 0;
BEGIN
    SELECT array_agg(DISTINCT w.kind) INTO kinds FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL;

    -- Numbers and addresses by the indexes of the records; a range is asked for by itself, so that the planner knows how wide it is.
    IF kinds && ARRAY['number', 'number_prefix'] THEN
        CREATE TEMPORARY TABLE watchlist_found (day date, entry_id bigint, call_uid uuid, record_id uuid, role text, matched text, call_at timestamptz, revision integer) ON COMMIT DROP;
        INSERT INTO pg_temp.watchlist_found
        WITH w AS MATERIALIZED (
            SELECT w.entry_id, w.value, w.valid FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'number'
        )
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, 'caller', r.caller_e164, r.started_at, r.revision
          FROM w JOIN calltrail.call_record r ON r.caller_e164 = w.value AND w.valid @> r.started_at WHERE r.day >= from_day AND r.day < end_day
        UNION ALL
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, 'callee', r.callee_e164, r.started_at, r.revision
          FROM w JOIN calltrail.call_record r ON r.callee_e164 = w.value AND w.valid @> r.started_at WHERE r.day >= from_day AND r.day < end_day
        UNION ALL
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, 'asserted', r.asserted_e164, r.started_at, r.revision
          FROM w JOIN calltrail.call_record r ON r.asserted_e164 = w.value AND w.valid @> r.started_at WHERE r.day >= from_day AND r.day < end_day
        UNION ALL
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, 'connected', r.connected_e164, r.started_at, r.revision
          FROM w JOIN calltrail.call_record r ON r.connected_e164 = w.value AND w.valid @> r.started_at WHERE r.day >= from_day AND r.day < end_day;
        FOR e IN SELECT w.entry_id, w.value, w.valid, w.value || repeat('9', 15) AS last
                   FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'number_prefix' LOOP
            INSERT INTO pg_temp.watchlist_found
            SELECT r.day, e.entry_id, r.call_uid, r.record_id, 'caller', r.caller_e164, r.started_at, r.revision FROM calltrail.call_record r
             WHERE r.caller_e164 BETWEEN e.value AND e.last AND starts_with(r.caller_e164, e.value) AND e.valid @> r.started_at AND r.day >= from_day AND r.day < end_day
            UNION ALL
            SELECT r.day, e.entry_id, r.call_uid, r.record_id, 'callee', r.callee_e164, r.started_at, r.revision FROM calltrail.call_record r
             WHERE r.callee_e164 BETWEEN e.value AND e.last AND starts_with(r.callee_e164, e.value) AND e.valid @> r.started_at AND r.day >= from_day AND r.day < end_day
            UNION ALL
            SELECT r.day, e.entry_id, r.call_uid, r.record_id, 'asserted', r.asserted_e164, r.started_at, r.revision FROM calltrail.call_record r
             WHERE r.asserted_e164 BETWEEN e.value AND e.last AND starts_with(r.asserted_e164, e.value) AND e.valid @> r.started_at AND r.day >= from_day AND r.day < end_day
            UNION ALL
            SELECT r.day, e.entry_id, r.call_uid, r.record_id, 'connected', r.connected_e164, r.started_at, r.revision FROM calltrail.call_record r
             WHERE r.connected_e164 BETWEEN e.value AND e.last AND starts_with(r.connected_e164, e.value) AND e.valid @> r.started_at AND r.day >= from_day AND r.day < end_day;
        END LOOP;
        INSERT INTO pg_temp.watchlist_found
        WITH w AS MATERIALIZED (
            SELECT w.entry_id, w.kind, w.value, w.valid FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL
        ), d AS MATERIALIZED (
            SELECT r.day, r.call_uid, r.record_id, s.role, s.number, r.started_at, r.revision
              FROM calltrail.call_record r CROSS JOIN LATERAL calltrail.watchlist_diverted(r.redirects) AS s
             WHERE r.redirects IS NOT NULL AND r.day >= from_day AND r.day < end_day
        )
        SELECT d.day, w.entry_id, d.call_uid, d.record_id, d.role, d.number, d.started_at, d.revision
          FROM d JOIN w ON w.kind = 'number' AND w.value = d.number AND w.valid @> d.started_at
        UNION ALL
        SELECT d.day, w.entry_id, d.call_uid, d.record_id, d.role, d.number, d.started_at, d.revision
          FROM d JOIN w ON w.kind = 'number_prefix' AND starts_with(d.number, w.value) AND w.valid @> d.started_at;

        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        SELECT f.day, f.entry_id, f.call_uid, f.record_id, f.role, f.matched, f.call_at, of_job
          FROM pg_temp.watchlist_found f ORDER BY f.day, f.call_uid, f.entry_id, f.role, f.revision
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
        DROP TABLE pg_temp.watchlist_found;
    END IF;

    -- No index has URIs and User-Agents, which are rarely asked for: all records are looked at, once for all entries.
    IF 'sip_uri' = ANY (kinds) THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        WITH w AS MATERIALIZED (
            SELECT w.entry_id, w.value, w.valid FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'sip_uri'
        )
        SELECT r.day, w.entry_id, r.call_uid, r.record_id, s.role, s.uri, r.started_at, of_job
          FROM calltrail.call_record r
         CROSS JOIN LATERAL (
               VALUES ('caller', r.caller_user || '@' || lower(r.caller_host)), ('callee', r.callee_user || '@' || lower(r.callee_host)),
                      ('asserted', calltrail.sip_uri_key(r.asserted_raw)), ('connected', calltrail.sip_uri_key(r.connected_raw)),
                      ('request_uri', calltrail.sip_uri_key(r.request_uri)), ('sip_contact', calltrail.sip_uri_key(r.sip_contact))) AS s (role, uri)
          JOIN w ON w.value = s.uri AND w.valid @> r.started_at
         WHERE r.day >= from_day AND r.day < end_day
         ORDER BY r.day, r.call_uid, w.entry_id, s.role, r.revision
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
    END IF;
    IF 'user_agent' = ANY (kinds) THEN
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        WITH agent AS MATERIALIZED (
            SELECT a.agent, w.entry_id, w.valid
              FROM (SELECT r.sip_user_agent AS agent FROM calltrail.call_record r WHERE r.day >= from_day AND r.day < end_day
                    UNION SELECT r.sip_server_agent FROM calltrail.call_record r WHERE r.day >= from_day AND r.day < end_day) AS a
              JOIN calltrail.watchlist_entry w ON w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'user_agent' AND lower(a.agent) LIKE w.pattern
        )
        SELECT r.day, a.entry_id, r.call_uid, r.record_id, s.role, s.agent, r.started_at, of_job
          FROM calltrail.call_record r
         CROSS JOIN LATERAL (VALUES ('caller_agent', r.sip_user_agent), ('callee_agent', r.sip_server_agent)) AS s (role, agent)
          JOIN agent a ON a.agent = s.agent AND a.valid @> r.started_at
         WHERE r.day >= from_day AND r.day < end_day
         ORDER BY r.day, r.call_uid, a.entry_id, s.role, r.revision
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
    END IF;

    IF 'address' = ANY (kinds) OR 'prefix' = ANY (kinds) THEN
        CREATE TEMPORARY TABLE watchlist_used (day date, entry_id bigint, call_uid uuid, record_id uuid, roles text[], ip inet, first_at timestamptz) ON COMMIT DROP;
        INSERT INTO pg_temp.watchlist_used
        SELECT p.day, w.entry_id, p.call_uid, p.record_id, p.roles, p.ip, p.first_at
          FROM calltrail.watchlist_entry w JOIN calltrail.endpoint p ON p.ip = w.net::inet
         WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'address' AND w.valid @> p.first_at
           AND p.call_uid IS NOT NULL AND p.day >= from_day AND p.day < end_day;
        FOR e IN SELECT w.entry_id, w.valid, w.net::inet AS net, set_masklen(w.net::inet, masklen(w.net)) AS first,
                        set_masklen(broadcast(w.net), CASE family(w.net) WHEN 4 THEN 32 ELSE 128 END) AS last
                   FROM calltrail.watchlist_entry w WHERE w.entry_id = ANY (of_entries) AND w.removed_at IS NULL AND w.kind = 'prefix' LOOP
            INSERT INTO pg_temp.watchlist_used
            SELECT p.day, e.entry_id, p.call_uid, p.record_id, p.roles, p.ip, p.first_at
              FROM calltrail.endpoint p
             WHERE p.ip >= e.first AND p.ip <= e.last AND p.ip <<= e.net AND e.valid @> p.first_at
               AND p.call_uid IS NOT NULL AND p.day >= from_day AND p.day < end_day;
        END LOOP;
        INSERT INTO calltrail.watchlist_hit (day, entry_id, call_uid, record_id, role, matched, call_at, job_id)
        SELECT u.day, u.entry_id, u.call_uid, u.record_id, r.role, host(u.ip), u.first_at, of_job
          FROM pg_temp.watchlist_used u CROSS JOIN LATERAL unnest(u.roles) AS r (role)
         ORDER BY u.day, u.call_uid, u.entry_id, r.role, u.first_at, u.record_id
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
        DROP TABLE pg_temp.watchlist_used;
    END IF;
    RETURN total;
END
$$;

CREATE OR REPLACE FUNCTION calltrail.scam_scale(of_list text)
    RETURNS TABLE (calls bigint, victims bigint, days bigint, sources bigint, first_call timestamptz, last_call timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH hit AS (
        SELECT h.day, h.call_uid,
               bool_or(h.role IN ('caller', 'asserted', 'sip_contact', 'caller_agent', 'caller_signalling', 'via', 'contact', 'media_from_caller', 'media_to_caller')) AS calling,
               bool_or(h.role IN ('callee', 'connected', 'diverted', 'request_uri', 'callee_agent', 'callee_signalling', 'media_to_callee', 'media_from_callee')) AS called
          FROM calltrail.watchlist_entry e JOIN calltrail.watchlist_hit h USING (entry_id)
         WHERE e.list = $1
         GROUP BY h.day, h.call_uid
    )
    SELECT count(*),
           -- The other side. Of a call between two that are both on the list nobody is a victim.
           count(DISTINCT CASE WHEN h.calling AND NOT h.called THEN coalesce(c.callee_e164, c.callee_user)
                               WHEN h.called AND NOT h.calling THEN coalesce(c.caller_e164, c.caller_user) END),
           count(DISTINCT h.day), count(DISTINCT c.src_ip) FILTER (WHERE h.calling), min(c.started_at), max(c.started_at)
      FROM hit h JOIN calltrail.calls c ON c.day = h.day AND c.call_uid = h.call_uid
$$;
-- +goose StatementEnd

DROP FUNCTION calltrail.watchlist_queue();
DROP FUNCTION calltrail.watchlist_events_landed();
DROP FUNCTION calltrail.watchlist_networks();
DROP FUNCTION calltrail.watchlist_wanted();
DROP VIEW calltrail.watchlist_event;
DROP FUNCTION calltrail.watchlist_kind(uuid, text);
DROP FUNCTION calltrail.sip_uri_user(text);
DROP FUNCTION calltrail.passport_number(text);
DROP TABLE calltrail.watchlist_alert;
ALTER TABLE calltrail.setting DROP COLUMN watchlist_alerts;
DROP INDEX calltrail.call_record_passport;
DROP INDEX calltrail.watchlist_entry_length;
DROP INDEX calltrail.watchlist_entry_digits;
ALTER TABLE calltrail.watchlist_hit DROP COLUMN kind;
COMMENT ON TABLE calltrail.watchlist_hit IS 'Calls in which an entry of a watchlist was found: one row for each call, entry and role, whatever the number of revisions. Append-only; it goes with the day of its call.';
COMMENT ON COLUMN calltrail.watchlist_hit.call_uid IS 'Call';
COMMENT ON COLUMN calltrail.watchlist_hit.role IS 'As what: caller, callee, asserted, connected, diverted, request_uri, sip_contact, caller_agent, callee_agent, or a role of calltrail.endpoint';
COMMENT ON COLUMN calltrail.watchlist_hit.call_at IS 'When the call began; for an address, when its use began';
