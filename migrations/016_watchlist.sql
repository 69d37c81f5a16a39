-- Watchlists: numbers, addresses, SIP URIs and devices somebody looks for, and the calls they were found in.

-- +goose Up
CREATE TABLE calltrail.watchlist (
    list    text        PRIMARY KEY CHECK (list ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    version bigint      NOT NULL DEFAULT 0 CHECK (version >= 0),
    made_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE calltrail.watchlist IS 'Watchlists, each with the number of its last change. Whoever changes a list locks its row, so that changes take turns.';
COMMENT ON COLUMN calltrail.watchlist.list IS 'Name';
COMMENT ON COLUMN calltrail.watchlist.version IS 'Number of the last change: 1, 2, 3 …';
COMMENT ON COLUMN calltrail.watchlist.made_at IS 'When the first entry was added';

CREATE TABLE calltrail.watchlist_change (
    list     text        NOT NULL REFERENCES calltrail.watchlist,
    version  bigint      NOT NULL CHECK (version >= 1),
    at       timestamptz NOT NULL DEFAULT now(),
    by       text        NOT NULL CHECK (by <> ''),
    added    bigint      NOT NULL CHECK (added >= 0),
    removed  bigint      NOT NULL CHECK (removed >= 0),
    PRIMARY KEY (list, version)
);

COMMENT ON TABLE calltrail.watchlist_change IS 'Every change of a watchlist: who, when, and how many entries; the entries name the change that added and the one that removed them. Append-only.';
COMMENT ON COLUMN calltrail.watchlist_change.list IS 'List';
COMMENT ON COLUMN calltrail.watchlist_change.version IS 'Number of the change on its list, without a gap';
COMMENT ON COLUMN calltrail.watchlist_change.at IS 'When';
COMMENT ON COLUMN calltrail.watchlist_change.by IS 'Who';
COMMENT ON COLUMN calltrail.watchlist_change.added IS 'Entries it added';
COMMENT ON COLUMN calltrail.watchlist_change.removed IS 'Entries it removed';

CREATE TABLE calltrail.watchlist_entry (
    entry_id        bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    list            text        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('number', 'number_prefix', 'address', 'prefix', 'sip_uri', 'user_agent')),
    value           text        NOT NULL CHECK (value <> '' AND octet_length(value) <= 512),
    net             cidr        GENERATED ALWAYS AS (CASE WHEN kind IN ('address', 'prefix') THEN value::cidr END) STORED,
    pattern         text        GENERATED ALWAYS AS (CASE WHEN kind = 'user_agent'
                                    THEN replace(replace(replace(replace(lower(value), '\', '\\'), '%', '\%'), '_', '\_'), '*', '%') END) STORED,
    valid           tstzrange   NOT NULL DEFAULT '(,)' CHECK (NOT isempty(valid)),
    source          text        NOT NULL CHECK (source <> ''),
    case_ref        text,
    reason          text        NOT NULL CHECK (reason <> ''),
    version         bigint      NOT NULL,
    added_at        timestamptz NOT NULL DEFAULT now(),
    added_by        text        NOT NULL CHECK (added_by <> ''),
    removed_version bigint,
    removed_at      timestamptz,
    removed_by      text        CHECK (removed_by <> ''),
    removed_reason  text        CHECK (removed_reason <> ''),
    CHECK (kind NOT IN ('number', 'number_prefix') OR value ~ '^\+[1-9][0-9]{0,14}$'),
    CHECK (num_nulls(removed_version, removed_at, removed_by, removed_reason) IN (0, 4)),
    FOREIGN KEY (list, version) REFERENCES calltrail.watchlist_change DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (list, removed_version) REFERENCES calltrail.watchlist_change DEFERRABLE INITIALLY DEFERRED
);

-- The same thing is on a list once, as long as it is on it.
CREATE UNIQUE INDEX watchlist_entry_once ON calltrail.watchlist_entry (list, kind, value) WHERE removed_at IS NULL;
CREATE INDEX watchlist_entry_value ON calltrail.watchlist_entry (kind, value) WHERE removed_at IS NULL;
CREATE INDEX watchlist_entry_net ON calltrail.watchlist_entry (net) WHERE removed_at IS NULL AND net IS NOT NULL;

COMMENT ON TABLE calltrail.watchlist_entry IS 'What is looked for, and what was. An entry is never changed or deleted; it is removed once, by filling in the four columns that say when, by whom and why, and from then on it matches nothing.';
COMMENT ON COLUMN calltrail.watchlist_entry.entry_id IS 'Identity';
COMMENT ON COLUMN calltrail.watchlist_entry.list IS 'List it is on';
COMMENT ON COLUMN calltrail.watchlist_entry.kind IS 'number (E.164, exact), number_prefix (E.164, from the left), address, prefix (CIDR), sip_uri (user and host), user_agent (exact but for case; * stands for anything)';
COMMENT ON COLUMN calltrail.watchlist_entry.value IS 'What is looked for: "+…", an address, a prefix, user@host with the host in lower case, or a User-Agent';
COMMENT ON COLUMN calltrail.watchlist_entry.net IS 'Of an address or prefix: value as a network';
COMMENT ON COLUMN calltrail.watchlist_entry.pattern IS 'Of a user_agent: value as a pattern of LIKE, in lower case';
COMMENT ON COLUMN calltrail.watchlist_entry.valid IS 'Time a call must have begun in; for addresses, that they must have been used from. Without bounds: always';
COMMENT ON COLUMN calltrail.watchlist_entry.source IS 'Who wants it looked for';
COMMENT ON COLUMN calltrail.watchlist_entry.case_ref IS 'Reference of the case';
COMMENT ON COLUMN calltrail.watchlist_entry.reason IS 'Why';
COMMENT ON COLUMN calltrail.watchlist_entry.version IS 'Change of the list that added it';
COMMENT ON COLUMN calltrail.watchlist_entry.added_at IS 'When it was added';
COMMENT ON COLUMN calltrail.watchlist_entry.added_by IS 'Who added it';
COMMENT ON COLUMN calltrail.watchlist_entry.removed_version IS 'Change of the list that removed it; NULL while it is on the list, and so are the next three';
COMMENT ON COLUMN calltrail.watchlist_entry.removed_at IS 'When it was removed';
COMMENT ON COLUMN calltrail.watchlist_entry.removed_by IS 'Who removed it';
COMMENT ON COLUMN calltrail.watchlist_entry.removed_reason IS 'Why it was removed';

CREATE SEQUENCE calltrail.watchlist_hit_id;

CREATE TABLE calltrail.watchlist_hit (
    day       date        NOT NULL,
    hit_id    bigint      NOT NULL DEFAULT nextval('calltrail.watchlist_hit_id'),
    entry_id  bigint      NOT NULL,
    call_uid  uuid        NOT NULL,
    record_id uuid        NOT NULL,
    role      text        NOT NULL,
    matched   text        NOT NULL,
    call_at   timestamptz NOT NULL,
    job_id    bigint,
    found_at  timestamptz NOT NULL DEFAULT now(),
    -- One hit for all revisions of a call, which have one day.
    PRIMARY KEY (day, call_uid, entry_id, role)
) PARTITION BY RANGE (day);

CREATE INDEX watchlist_hit_entry ON calltrail.watchlist_hit (entry_id, call_at);

COMMENT ON TABLE calltrail.watchlist_hit IS 'Calls in which an entry of a watchlist was found: one row for each call, entry and role, whatever the number of revisions. Append-only; it goes with the day of its call.';
COMMENT ON COLUMN calltrail.watchlist_hit.day IS 'Day of the call; the partition key';
COMMENT ON COLUMN calltrail.watchlist_hit.hit_id IS 'Identity, as LISTEN calltrail_watchlist tells it';
COMMENT ON COLUMN calltrail.watchlist_hit.entry_id IS 'Entry that was found';
COMMENT ON COLUMN calltrail.watchlist_hit.call_uid IS 'Call';
COMMENT ON COLUMN calltrail.watchlist_hit.record_id IS 'Revision it was found in first; of several that were stored together, one';
COMMENT ON COLUMN calltrail.watchlist_hit.role IS 'As what: caller, callee, asserted, connected, diverted, request_uri, sip_contact, caller_agent, callee_agent, or a role of calltrail.endpoint';
COMMENT ON COLUMN calltrail.watchlist_hit.matched IS 'What the record has there: the number, address, URI or User-Agent';
COMMENT ON COLUMN calltrail.watchlist_hit.call_at IS 'When the call began; for an address, when its use began';
COMMENT ON COLUMN calltrail.watchlist_hit.job_id IS 'Job that found it afterwards; NULL when it was found as the record landed';
COMMENT ON COLUMN calltrail.watchlist_hit.found_at IS 'When it was found, by the database''s clock';

CREATE TABLE calltrail.watchlist_job (
    job_id      bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    scope       text        NOT NULL,
    entries     bigint[]    NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    started_by  text        NOT NULL CHECK (started_by <> ''),
    spans       bigint      NOT NULL CHECK (spans >= 0),
    spans_done  bigint      NOT NULL DEFAULT 0 CHECK (spans_done >= 0),
    before_day  date,
    hits        bigint      NOT NULL DEFAULT 0 CHECK (hits >= 0),
    finished_at timestamptz
);

COMMENT ON TABLE calltrail.watchlist_job IS 'Searches for entries in what was stored before them, newest days first, one span of days (calltrail.partition) a transaction: a job that was stopped goes on where it was.';
COMMENT ON COLUMN calltrail.watchlist_job.job_id IS 'Identity';
COMMENT ON COLUMN calltrail.watchlist_job.scope IS 'What was asked for: "list NAME" or "entry ID"';
COMMENT ON COLUMN calltrail.watchlist_job.entries IS 'Entries it looks for: those on the list when it began';
COMMENT ON COLUMN calltrail.watchlist_job.started_at IS 'When it began';
COMMENT ON COLUMN calltrail.watchlist_job.started_by IS 'Who began it';
COMMENT ON COLUMN calltrail.watchlist_job.spans IS 'Spans there were when it began';
COMMENT ON COLUMN calltrail.watchlist_job.spans_done IS 'Spans that are done';
COMMENT ON COLUMN calltrail.watchlist_job.before_day IS 'Days from this one on are done; NULL: none is';
COMMENT ON COLUMN calltrail.watchlist_job.hits IS 'New hits so far';
COMMENT ON COLUMN calltrail.watchlist_job.finished_at IS 'When the last span was done; NULL while there is one left';

-- Who else may have sent or got the call, of which only the first two had an index.
CREATE INDEX call_record_asserted ON calltrail.call_record (asserted_e164, started_at) WHERE asserted_e164 IS NOT NULL;
CREATE INDEX call_record_connected ON calltrail.call_record (connected_e164, started_at) WHERE connected_e164 IS NOT NULL;
-- Few calls are diverted: all of them are looked at.
CREATE INDEX call_record_diverted ON calltrail.call_record (started_at) WHERE redirects IS NOT NULL;

-- The two functions are plain SQL without settings, so that the planner puts them into the query that asks.
-- +goose StatementBegin
CREATE FUNCTION calltrail.watchlist_diverted(redirects jsonb) RETURNS TABLE (role text, number text)
    LANGUAGE sql IMMUTABLE AS $$
    SELECT 'diverted'::text, x.value ->> 'e164'
      FROM pg_catalog.jsonb_array_elements(CASE WHEN pg_catalog.jsonb_typeof(redirects) = 'array' THEN redirects END) AS x
     WHERE x.value ->> 'e164' IS NOT NULL
$$;

-- The display name goes first: it may hold anything. Then what stands between the scheme and the parameters.
CREATE FUNCTION calltrail.sip_uri_key(uri text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_catalog.regexp_replace(k.key, '@[^@]*$', '') || pg_catalog.lower(pg_catalog.substring(k.key, '@[^@]*$'))
      FROM (SELECT pg_catalog.substring(pg_catalog.regexp_replace(uri, '"(\\.|[^"\\])*"', '', 'g'),
                                        '(?i)sips?:([^@<>[:space:]]+@(?:\[[^]]*\]|[^:;>?,[:space:]]+))') AS key) AS k
$$;

CREATE FUNCTION calltrail.watchlist_lock() RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('calltrail.watchlist', 0))
$$;

CREATE FUNCTION calltrail.watchlist_calls_landed() RETURNS trigger
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

CREATE FUNCTION calltrail.watchlist_addresses_landed() RETURNS trigger
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

-- One message for each call and entry, at most a hundred a transaction: the queue of messages is the whole server's.
CREATE FUNCTION calltrail.watchlist_notify() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most CONSTANT integer := 100;
BEGIN
    PERFORM pg_notify('calltrail_watchlist', CASE WHEN h.n <= most
                THEN json_build_object('hit', h.hit_id, 'list', e.list, 'entry', h.entry_id)::text
                ELSE json_build_object('more', h.of - most)::text END)
       FROM (SELECT g.*, row_number() OVER (ORDER BY g.hit_id) AS n, count(*) OVER () AS of
               FROM (SELECT min(x.hit_id) AS hit_id, x.entry_id FROM found x GROUP BY x.day, x.call_uid, x.entry_id) AS g) AS h
       JOIN calltrail.watchlist_entry e USING (entry_id)
      WHERE h.n <= most + 1
      ORDER BY h.n;
    RETURN NULL;
END
$$;

CREATE FUNCTION calltrail.watchlist_match_span(of_entries bigint[], from_day date, end_day date, of_job bigint DEFAULT NULL) RETURNS bigint
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

CREATE FUNCTION calltrail.scam_scale(of_list text)
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

CREATE FUNCTION calltrail.watchlist_only_grows() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.list <> OLD.list OR NEW.made_at <> OLD.made_at OR NEW.version < OLD.version THEN
        RAISE EXCEPTION 'calltrail.watchlist only grows: change of list % refused', OLD.list USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION calltrail.watchlist_entry_only_ends() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    -- net and pattern follow from value and are made after this trigger.
    may CONSTANT text[] := ARRAY['removed_version', 'removed_at', 'removed_by', 'removed_reason', 'net', 'pattern'];
BEGIN
    IF OLD.removed_at IS NOT NULL OR NEW.removed_at IS NULL OR to_jsonb(NEW) - may <> to_jsonb(OLD) - may THEN
        RAISE EXCEPTION 'calltrail.watchlist_entry is append-only: change of entry % refused', OLD.entry_id
            USING ERRCODE = 'insufficient_privilege', HINT = 'An entry can be removed once, and added again.';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

COMMENT ON FUNCTION calltrail.watchlist_diverted(jsonb) IS 'The numbers in redirects of a call record, with the role they have in watchlist_hit';
COMMENT ON FUNCTION calltrail.sip_uri_key(text) IS 'user@host of the first SIP URI in a header or URI, the host in lower case, without port and parameters; NULL when there is none with a user';
COMMENT ON FUNCTION calltrail.watchlist_lock() IS 'Waits until no transaction is open that stores records and may not have seen the newest entries; the lock is held until commit';
COMMENT ON FUNCTION calltrail.watchlist_calls_landed() IS 'Trigger of call_record: keeps a hit for each number, SIP URI and User-Agent of the new records that is on a watchlist';
COMMENT ON FUNCTION calltrail.watchlist_addresses_landed() IS 'Trigger of endpoint: keeps a hit for each address of the new records that is on a watchlist';
COMMENT ON FUNCTION calltrail.watchlist_notify() IS 'Trigger of watchlist_hit: NOTIFY calltrail_watchlist, ''{"hit": 7, "list": "scam", "entry": 3}'' for each call and entry, and after a hundred in one transaction one ''{"more": 23}''';
COMMENT ON FUNCTION calltrail.watchlist_match_span(bigint[], date, date, bigint) IS 'Looks for entries in the stored records of the days from the first up to, and without, the second, and keeps their hits under a job; returns how many were new';
COMMENT ON FUNCTION calltrail.scam_scale(text) IS 'How large a list''s activity is: calls with a hit, distinct victims (numbers, else user names, at the other end of them; of a call with hits at both ends or only between them, none), days, distinct source addresses of the calls that the listed side made';
COMMENT ON FUNCTION calltrail.watchlist_only_grows() IS 'Trigger of watchlist: raises when a version would become lower';
COMMENT ON FUNCTION calltrail.watchlist_entry_only_ends() IS 'Trigger of watchlist_entry: raises at any change but the removal';
COMMENT ON SEQUENCE calltrail.watchlist_hit_id IS 'Numbers of hits';

-- Before the triggers: a partition gets its own of those that are for each row.
SELECT calltrail.make_partition('watchlist_hit', first_day, end_day) FROM calltrail.partition ORDER BY first_day;

CREATE TRIGGER append_only BEFORE DELETE ON calltrail.watchlist FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE ON calltrail.watchlist FOR EACH ROW EXECUTE FUNCTION calltrail.watchlist_only_grows();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.watchlist_change FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON calltrail.watchlist_entry FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER only_ends BEFORE UPDATE ON calltrail.watchlist_entry FOR EACH ROW EXECUTE FUNCTION calltrail.watchlist_entry_only_ends();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.watchlist_hit FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON calltrail.watchlist_job FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.watchlist EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.watchlist_change EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.watchlist_entry EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.watchlist_hit EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.watchlist_job EXECUTE FUNCTION calltrail.refuse_change();

CREATE TRIGGER tell AFTER INSERT ON calltrail.watchlist_hit REFERENCING NEW TABLE AS found FOR EACH STATEMENT EXECUTE FUNCTION calltrail.watchlist_notify();
-- In the database, so that no way of storing records can forget it, and in the transaction that stores them.
CREATE TRIGGER watched AFTER INSERT ON calltrail.call_record REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION calltrail.watchlist_calls_landed();
CREATE TRIGGER watched AFTER INSERT ON calltrail.endpoint REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION calltrail.watchlist_addresses_landed();

REVOKE ALL ON FUNCTION calltrail.watchlist_lock(), calltrail.watchlist_calls_landed(), calltrail.watchlist_addresses_landed(), calltrail.watchlist_notify(),
    calltrail.watchlist_match_span(bigint[], date, date, bigint), calltrail.watchlist_only_grows(), calltrail.watchlist_entry_only_ends() FROM PUBLIC;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.watchlist_entry) OR EXISTS (SELECT FROM calltrail.watchlist_hit) THEN
        RAISE EXCEPTION 'calltrail.watchlist_entry or calltrail.watchlist_hit holds rows: records are not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TRIGGER watched ON calltrail.endpoint;
DROP TRIGGER watched ON calltrail.call_record;
DROP TABLE calltrail.watchlist_job;
DROP TABLE calltrail.watchlist_hit;
DROP SEQUENCE calltrail.watchlist_hit_id;
DROP TABLE calltrail.watchlist_entry;
DROP TABLE calltrail.watchlist_change;
DROP TABLE calltrail.watchlist;
DROP INDEX calltrail.call_record_diverted;
DROP INDEX calltrail.call_record_connected;
DROP INDEX calltrail.call_record_asserted;
DROP FUNCTION calltrail.scam_scale(text);
DROP FUNCTION calltrail.watchlist_match_span(bigint[], date, date, bigint);
DROP FUNCTION calltrail.watchlist_notify();
DROP FUNCTION calltrail.watchlist_addresses_landed();
DROP FUNCTION calltrail.watchlist_calls_landed();
DROP FUNCTION calltrail.watchlist_lock();
DROP FUNCTION calltrail.sip_uri_key(text);
DROP FUNCTION calltrail.watchlist_diverted(jsonb);
DROP FUNCTION calltrail.watchlist_entry_only_ends();
DROP FUNCTION calltrail.watchlist_only_grows();
