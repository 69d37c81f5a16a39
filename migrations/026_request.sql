-- Who may ask, for which request, and what was answered. Nobody who asks reads a table: calltrail.ask runs a question for
-- an approved request of the person's own, and what it releases stands in calltrail.audit before it is released.
--
-- The rows of the audit and of the register are written by calltrail.audit_append in another transaction, over a connection
-- of the server to itself (calltrail.audit_remote). Whoever asks cannot take back with his transaction what was written so:
-- not by rolling back, cancelling, or dropping the connection. docs/register.md follows a request from its letter to the answer.

-- +goose Up
ALTER TABLE calltrail.setting
    ADD COLUMN time_zone         text     NOT NULL DEFAULT 'Asia/Kolkata',
    ADD COLUMN emergency_officer text,
    ADD COLUMN emergency_rows    integer  NOT NULL DEFAULT 20 CHECK (emergency_rows BETWEEN 1 AND 1000),
    ADD COLUMN approval_days     smallint NOT NULL DEFAULT 30 CHECK (approval_days BETWEEN 1 AND 366),
    ADD COLUMN request_years     smallint NOT NULL DEFAULT 2 CHECK (request_years BETWEEN 1 AND 20);

COMMENT ON COLUMN calltrail.setting.time_zone IS 'Zone that times of a question without one are read in';
COMMENT ON COLUMN calltrail.setting.emergency_officer IS 'The one person who may open a request without approval; NULL: nobody';
COMMENT ON COLUMN calltrail.setting.emergency_rows IS 'Rows released in all under an emergency opening until a second person has approved it';
COMMENT ON COLUMN calltrail.setting.approval_days IS 'Days an approval holds; then the request has to be registered again';
COMMENT ON COLUMN calltrail.setting.request_years IS 'Longest window of a request';

CREATE TABLE calltrail.question (
    name          text    PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,58}$'),
    function      text    NOT NULL CHECK (function ~ '^[a-z][a-z0-9_]{0,62}$'),
    description   text    NOT NULL CHECK (description <> ''),
    selectors     jsonb   NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(selectors) = 'object'),
    masked        text[]  NOT NULL DEFAULT '{}',
    needs_pattern boolean NOT NULL DEFAULT false,
    of_request    boolean NOT NULL DEFAULT false
);

COMMENT ON TABLE calltrail.question IS 'The questions that calltrail.ask answers; nothing else can be asked.';
COMMENT ON COLUMN calltrail.question.name IS 'What it is asked by; also behind ask_, as the function with the same arguments';
COMMENT ON COLUMN calltrail.question.function IS 'Function of the schema calltrail that answers, the only one of its name; run as the owner of the schema';
COMMENT ON COLUMN calltrail.question.description IS 'What it answers, in one sentence';
COMMENT ON COLUMN calltrail.question.selectors IS 'Parameters that must be covered by a selector of the request: {parameter: type of selector}. An integer named port, or of type address, is the port of that address';
COMMENT ON COLUMN calltrail.question.masked IS 'Keys of the answer, at any depth, that are NULL until the approval shows subscribers';
COMMENT ON COLUMN calltrail.question.needs_pattern IS 'It has no selector: the request must name it, with a selector of type pattern';
COMMENT ON COLUMN calltrail.question.of_request IS 'It needs no selector: the answer is about the request and its window; a parameter request_id is filled in';

CREATE TABLE calltrail.request (
    request_id      text        PRIMARY KEY CHECK (request_id ~ '^R-[0-9]{4}-[0-9]{6}$'),
    agency          text        NOT NULL,
    officer         text        NOT NULL,
    rank            text        NOT NULL,
    order_ref       text,
    section         text,
    case_ref        text,
    purpose         text        NOT NULL,
    selectors       jsonb       NOT NULL CHECK (jsonb_typeof(selectors) = 'array' AND selectors <> '[]'),
    from_time       timestamptz NOT NULL CHECK (isfinite(from_time)),
    to_time         timestamptz NOT NULL CHECK (isfinite(to_time) AND to_time > from_time),
    document_sha256 text        CHECK (document_sha256 ~ '^[0-9a-f]{64}$'),
    max_rows        integer     NOT NULL CHECK (max_rows BETWEEN 1 AND 100000),
    emergency       boolean     NOT NULL,
    requested_by    text        NOT NULL,
    requested_at    timestamptz NOT NULL,
    CHECK (emergency OR (document_sha256 IS NOT NULL AND num_nonnulls(order_ref, section) > 0))
);

COMMENT ON TABLE calltrail.request IS 'Requests of agencies as they were registered. Append-only. What became of them stands in request_event; ask the view requests.';
COMMENT ON COLUMN calltrail.request.request_id IS 'Number given at registration: R-year-number';
COMMENT ON COLUMN calltrail.request.agency IS 'Who asks: police station, court, agency';
COMMENT ON COLUMN calltrail.request.officer IS 'Officer who signed the letter';
COMMENT ON COLUMN calltrail.request.rank IS 'Rank of the officer';
COMMENT ON COLUMN calltrail.request.order_ref IS 'Number of the order or letter';
COMMENT ON COLUMN calltrail.request.section IS 'Section of the law it is made under';
COMMENT ON COLUMN calltrail.request.case_ref IS 'Reference of the case';
COMMENT ON COLUMN calltrail.request.purpose IS 'What for';
COMMENT ON COLUMN calltrail.request.selectors IS 'What may be asked about, normalised: [{type, value}], of an address with a port also {port}';
COMMENT ON COLUMN calltrail.request.from_time IS 'Begin of the window that may be asked about';
COMMENT ON COLUMN calltrail.request.to_time IS 'End of the window, not included';
COMMENT ON COLUMN calltrail.request.document_sha256 IS 'SHA-256 of the letter as it was received; NULL only of an emergency';
COMMENT ON COLUMN calltrail.request.max_rows IS 'Most rows of one answer';
COMMENT ON COLUMN calltrail.request.emergency IS 'Opened without approval by the officer named for it';
COMMENT ON COLUMN calltrail.request.requested_by IS 'Person who registered it: name of the login';
COMMENT ON COLUMN calltrail.request.requested_at IS 'When it was registered';

CREATE TABLE calltrail.request_event (
    event_id   bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    request_id text        NOT NULL REFERENCES calltrail.request,
    event      text        NOT NULL CHECK (event IN ('approved', 'refused', 'rows_raised', 'closed', 'emergency', 'second_approval')),
    at         timestamptz NOT NULL,
    person     text        NOT NULL,
    note       text,
    max_rows   integer     CHECK (max_rows BETWEEN 1 AND 100000),
    unmask     boolean,
    audit_id   bigint      NOT NULL
);
CREATE INDEX request_event_request ON calltrail.request_event (request_id);
-- A request is decided once.
CREATE UNIQUE INDEX request_event_once ON calltrail.request_event (request_id, event) WHERE event <> 'rows_raised';

COMMENT ON TABLE calltrail.request_event IS 'What became of requests, by whom. Append-only.';
COMMENT ON COLUMN calltrail.request_event.event_id IS 'Identity';
COMMENT ON COLUMN calltrail.request_event.request_id IS 'Request';
COMMENT ON COLUMN calltrail.request_event.event IS 'approved, refused, rows_raised, closed, emergency (opened without approval), second_approval (of an emergency)';
COMMENT ON COLUMN calltrail.request_event.at IS 'When, by the server''s clock';
COMMENT ON COLUMN calltrail.request_event.person IS 'By whom: name of the login';
COMMENT ON COLUMN calltrail.request_event.note IS 'Why';
COMMENT ON COLUMN calltrail.request_event.max_rows IS 'Of rows_raised: most rows of one answer from then on';
COMMENT ON COLUMN calltrail.request_event.unmask IS 'Of an approval: subscribers are shown';
COMMENT ON COLUMN calltrail.request_event.audit_id IS 'Row of the audit that says the same';

CREATE TABLE calltrail.audit (
    audit_id      bigint      PRIMARY KEY CHECK (audit_id >= 1),
    at            timestamptz NOT NULL,
    token         uuid        NOT NULL UNIQUE,
    person        text        NOT NULL,
    action        text        NOT NULL CHECK (action IN ('registered', 'approved', 'refused', 'rows_raised', 'closed', 'emergency', 'second_approval',
                                                         'opened', 'asked', 'answered', 'failed', 'officer', 'person_added', 'person_removed')),
    request_id    text,
    question      text,
    parameters    jsonb,
    rows          bigint      CHECK (rows >= 0),
    result_sha256 text        CHECK (result_sha256 ~ '^[0-9a-f]{64}$'),
    detail        text,
    prev_hash     text        NOT NULL CHECK (prev_hash ~ '^[0-9a-f]{64}$'),
    hash          text        NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    CHECK ((action = 'answered') = (rows IS NOT NULL AND result_sha256 IS NOT NULL))
);
CREATE INDEX audit_request ON calltrail.audit (request_id, audit_id);
CREATE INDEX audit_at ON calltrail.audit (at);

COMMENT ON TABLE calltrail.audit IS 'Everything that was done with requests, and every question and answer: one row each, numbered without gaps, each carrying the hash of the one before. Append-only; written in another transaction than the one that asks. calltrail.audit_verify() checks the chain.';
COMMENT ON COLUMN calltrail.audit.audit_id IS 'Number: 1, 2, 3 … without gaps';
COMMENT ON COLUMN calltrail.audit.at IS 'When, by the server''s clock';
COMMENT ON COLUMN calltrail.audit.token IS 'Names the row before it has a number, so that whoever had it written can look whether it stands; never twice';
COMMENT ON COLUMN calltrail.audit.person IS 'Who: name of the login (session_user)';
COMMENT ON COLUMN calltrail.audit.action IS 'registered, approved, refused, rows_raised, closed, emergency, second_approval, officer (another emergency officer was named), person_added and person_removed (who may log in and which roles he got or lost, in parameters), opened, asked (before a question is run), answered, failed (the question ended with an error), and refused when anything of these was not allowed';
COMMENT ON COLUMN calltrail.audit.request_id IS 'Request';
COMMENT ON COLUMN calltrail.audit.question IS 'Question';
COMMENT ON COLUMN calltrail.audit.parameters IS 'Its parameters: of asked and answered as they were read (times in UTC, numbers in E.164), of refused as they were given';
COMMENT ON COLUMN calltrail.audit.rows IS 'Of answered: rows released';
COMMENT ON COLUMN calltrail.audit.result_sha256 IS 'Of answered: SHA-256 over the rows released, in their order, each as answer::text and a line feed';
COMMENT ON COLUMN calltrail.audit.detail IS 'Why it was refused; how it failed; the note of whoever did it';
COMMENT ON COLUMN calltrail.audit.prev_hash IS 'Hash of the row before; of the first zeros';
COMMENT ON COLUMN calltrail.audit.hash IS 'SHA-256 of prev_hash (32 octets) and calltrail.audit_line of this row';

CREATE TABLE calltrail.audit_secret (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    secret   bytea   NOT NULL
);
INSERT INTO calltrail.audit_secret (secret) SELECT sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));

COMMENT ON TABLE calltrail.audit_secret IS 'What entries are sealed with on their way to audit_append, so that who learns the password of the channel''s login can forge none. Read by the owner''s functions only.';
COMMENT ON COLUMN calltrail.audit_secret.only_row IS 'Keeps it one row';
COMMENT ON COLUMN calltrail.audit_secret.secret IS '32 random octets, made with the table';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.request FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.request_event FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.audit FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.request EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.request_event EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.audit EXECUTE FUNCTION calltrail.refuse_change();

-- clock_timestamp, not now(): who holds a transaction open does not hold the clock.
CREATE VIEW calltrail.requests AS
SELECT s.request_id, s.agency, s.officer, s.rank, s.order_ref, s.section, s.case_ref, s.purpose, s.selectors, s.from_time, s.to_time, s.document_sha256,
       s.max_rows, s.emergency, s.requested_by, s.requested_at, s.approved_by, s.approved_at, s.unmask, s.expires_at,
       CASE WHEN s.closed THEN 'closed'
            WHEN s.refused THEN 'refused'
            WHEN s.emergency AND s.approved_at IS NULL AND clock_timestamp() >= s.requested_at + interval '24 hours' THEN 'overdue'
            WHEN s.emergency AND s.approved_at IS NULL THEN 'emergency'
            WHEN s.approved_at IS NULL THEN 'registered'
            WHEN clock_timestamp() >= s.expires_at THEN 'expired'
            ELSE 'approved' END AS state
  FROM (
    SELECT r.request_id, r.agency, r.officer, r.rank, r.order_ref, r.section, r.case_ref, r.purpose, r.selectors, r.from_time, r.to_time, r.document_sha256,
           coalesce(e.max_rows, r.max_rows) AS max_rows, r.emergency, r.requested_by, r.requested_at, e.approved_by, e.approved_at, coalesce(e.unmask, false) AS unmask,
           coalesce(e.closed, false) AS closed, coalesce(e.refused, false) AS refused,
           CASE WHEN r.emergency AND e.approved_at IS NULL THEN r.requested_at + interval '24 hours'
                ELSE e.approved_at + g.approval_days * interval '24 hours' END AS expires_at
      FROM calltrail.request r
     CROSS JOIN calltrail.setting g
      LEFT JOIN LATERAL (
        SELECT max(v.max_rows) AS max_rows, bool_or(v.unmask) AS unmask, bool_or(v.event = 'closed') AS closed, bool_or(v.event = 'refused') AS refused,
               max(v.at) FILTER (WHERE v.event IN ('approved', 'second_approval')) AS approved_at,
               max(v.person) FILTER (WHERE v.event IN ('approved', 'second_approval')) AS approved_by
          FROM calltrail.request_event v WHERE v.request_id = r.request_id) e ON true) s;

COMMENT ON VIEW calltrail.requests IS 'Requests with what became of them.';
COMMENT ON COLUMN calltrail.requests.max_rows IS 'Most rows of one answer, as it was raised last; of an emergency without second approval, of all its answers together';
COMMENT ON COLUMN calltrail.requests.approved_by IS 'Who approved it, of an emergency the second person';
COMMENT ON COLUMN calltrail.requests.approved_at IS 'When it was approved';
COMMENT ON COLUMN calltrail.requests.unmask IS 'The approval shows subscribers';
COMMENT ON COLUMN calltrail.requests.expires_at IS 'Until when it may be asked for';
COMMENT ON COLUMN calltrail.requests.state IS 'registered, approved, refused, closed, expired; of an emergency without second approval: emergency, after 24 hours overdue';

CREATE VIEW calltrail.audit_month AS
SELECT to_char(a.at AT TIME ZONE g.time_zone, 'YYYY-MM') AS month, a.person, a.action, coalesce(a.question, '') AS question,
       count(*) AS n, count(DISTINCT a.request_id) AS requests, coalesce(sum(a.rows), 0)::bigint AS rows
  FROM calltrail.audit a
 CROSS JOIN calltrail.setting g
 GROUP BY 1, 2, 3, 4;

COMMENT ON VIEW calltrail.audit_month IS 'Totals of the audit by month, person, action and question.';
COMMENT ON COLUMN calltrail.audit_month.month IS 'Month in the zone of setting.time_zone: 2026-11';
COMMENT ON COLUMN calltrail.audit_month.person IS 'Who';
COMMENT ON COLUMN calltrail.audit_month.action IS 'What was done, as in audit';
COMMENT ON COLUMN calltrail.audit_month.question IS 'Question; empty where there is none';
COMMENT ON COLUMN calltrail.audit_month.n IS 'How often';
COMMENT ON COLUMN calltrail.audit_month.requests IS 'Of how many requests';
COMMENT ON COLUMN calltrail.audit_month.rows IS 'Rows released';

CREATE VIEW calltrail.audit_emergency AS
SELECT to_char(r.requested_at AT TIME ZONE g.time_zone, 'YYYY-MM') AS month, r.request_id, r.requested_by AS officer, r.requested_at AS opened_at, r.case_ref, r.purpose,
       coalesce((SELECT sum(a.rows) FROM calltrail.audit a WHERE a.request_id = r.request_id AND a.action = 'answered'), 0)::bigint AS rows,
       r.approved_by, r.approved_at, r.approved_at >= r.requested_at + interval '24 hours' AS approved_late, r.state
  FROM calltrail.requests r
 CROSS JOIN calltrail.setting g
 WHERE r.emergency;

COMMENT ON VIEW calltrail.audit_emergency IS 'Every emergency opening: part of the monthly report.';
COMMENT ON COLUMN calltrail.audit_emergency.month IS 'Month in the zone of setting.time_zone: 2026-11';
COMMENT ON COLUMN calltrail.audit_emergency.request_id IS 'Request';
COMMENT ON COLUMN calltrail.audit_emergency.officer IS 'Who opened it: name of the login';
COMMENT ON COLUMN calltrail.audit_emergency.opened_at IS 'When';
COMMENT ON COLUMN calltrail.audit_emergency.case_ref IS 'Reference of the case';
COMMENT ON COLUMN calltrail.audit_emergency.purpose IS 'What for';
COMMENT ON COLUMN calltrail.audit_emergency.rows IS 'Rows released under it';
COMMENT ON COLUMN calltrail.audit_emergency.approved_by IS 'Second person who approved it; NULL: nobody yet';
COMMENT ON COLUMN calltrail.audit_emergency.approved_at IS 'When';
COMMENT ON COLUMN calltrail.audit_emergency.approved_late IS 'Later than 24 hours after the opening';
COMMENT ON COLUMN calltrail.audit_emergency.state IS 'As in requests; overdue: 24 hours have gone by and nobody has approved it';

-- +goose StatementBegin
-- The audit. Every field is written with its length, so that no two rows have one line.
CREATE FUNCTION calltrail.audit_line(a calltrail.audit) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(coalesce(octet_length(f.value) || ':' || f.value, '-'), ',' ORDER BY f.place)
      FROM unnest(ARRAY[a.audit_id::text, ((extract(epoch FROM a.at) * 1000000)::bigint)::text, a.token::text, a.person, a.action, a.request_id, a.question,
                        a.parameters::text, a.rows::text, a.result_sha256, a.detail]) WITH ORDINALITY AS f(value, place)
$$;

CREATE FUNCTION calltrail.audit_seal(entry text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(s.secret || sha256(s.secret || convert_to(entry, 'UTF8'))), 'hex') FROM calltrail.audit_secret s
$$;

CREATE FUNCTION calltrail.is_approver(person text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_roles p, pg_roles a WHERE p.rolname = person AND a.rolname = 'calltrail_approver' AND pg_has_role(p.oid, a.oid, 'MEMBER'))
$$;

-- Why a person may not do this to a request; NULL: he may.
CREATE FUNCTION calltrail.event_problem(of_request text, of_event text, person text, rows_wanted integer) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r       calltrail.requests;
    overdue text;
BEGIN
    IF of_event = 'emergency' THEN
        IF person IS DISTINCT FROM (SELECT g.emergency_officer FROM calltrail.setting g) THEN
            RETURN 'only the emergency officer opens a request without approval';
        END IF;
        SELECT min(o.request_id) INTO overdue FROM calltrail.requests o WHERE o.requested_by = person AND o.state = 'overdue';
        IF overdue IS NOT NULL THEN
            RETURN format('%s was opened more than 24 hours ago and nobody has approved it: that comes first', overdue);
        END IF;
        RETURN NULL;
    END IF;
    SELECT * INTO r FROM calltrail.requests q WHERE q.request_id = of_request;
    IF r.request_id IS NULL THEN
        RETURN 'there is no such request';
    END IF;
    IF of_event = 'closed' AND person <> r.requested_by AND NOT calltrail.is_approver(person) THEN
        RETURN 'only who registered it, or an approver, closes a request';
    END IF;
    IF of_event <> 'closed' AND NOT calltrail.is_approver(person) THEN
        RETURN 'only an approver does this';
    END IF;
    IF of_event <> 'closed' AND person = r.requested_by THEN
        RETURN 'whoever registered a request does not decide on it';
    END IF;
    IF r.state IN ('closed', 'refused') THEN
        RETURN 'it is ' || r.state;
    END IF;
    -- Closed, it would never be overdue, and whoever opened it could open the next.
    IF of_event = 'closed' AND r.emergency AND r.approved_at IS NULL THEN
        RETURN 'it was opened without approval: a second person approves or refuses it first';
    END IF;
    IF of_event IN ('approved', 'second_approval', 'refused') AND r.approved_at IS NOT NULL THEN
        RETURN format('it was approved by %s already; close it, or register it again', r.approved_by);
    END IF;
    IF of_event = 'rows_raised' THEN
        IF r.state <> 'approved' THEN
            RETURN format('it is %s, not approved', r.state);
        ELSIF rows_wanted IS NULL OR rows_wanted <= r.max_rows OR rows_wanted > 100000 THEN
            RETURN format('more than the %s rows it has, and at most 100000, are wanted', r.max_rows);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Why an answer may not be released now; NULL: it may. While a question runs its request may be closed, refused or expire, and
-- others of the same emergency officer be answered: this is asked last, by who writes the audit, one after the other.
CREATE FUNCTION calltrail.answer_problem(of_request text, of_person text, rows_wanted bigint) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r calltrail.requests;
BEGIN
    SELECT * INTO r FROM calltrail.requests q WHERE q.request_id = of_request AND q.requested_by = of_person;
    IF r.request_id IS NULL OR r.state NOT IN ('approved', 'emergency') THEN
        RETURN format('request %s is %s since the question was asked', of_request, coalesce(r.state, 'no request of this person'));
    ELSIF rows_wanted > r.max_rows THEN
        RETURN format('more than %s rows', r.max_rows);
    END IF;
    -- Few rows are few in all openings that nobody has decided on, or who opens one after the other has as many as he likes.
    IF r.state = 'emergency' AND rows_wanted + (
        SELECT coalesce(sum(x.rows), 0) FROM calltrail.audit x JOIN calltrail.requests o USING (request_id)
         WHERE x.action = 'answered' AND o.requested_by = of_person AND o.emergency AND o.approved_at IS NULL AND o.state <> 'refused') > r.max_rows THEN
        RETURN 'an emergency opening releases few rows in all until a second person has approved it';
    END IF;
    RETURN NULL;
END
$$;

-- The other end of the channel: one entry, one transaction. What is written here is committed before whoever had it
-- written goes on. It decides again, alone, whether what an entry asks for is allowed: two that come at once are one after the other.
CREATE FUNCTION calltrail.audit_append(entry text, seal text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' SET timezone = 'UTC' SET datestyle = 'ISO' SET extra_float_digits = 1 AS $$
DECLARE
    e    jsonb;
    a    calltrail.audit;
    last calltrail.audit;
    why  text;
    year text;
BEGIN
    IF seal IS DISTINCT FROM calltrail.audit_seal(entry) THEN
        RAISE EXCEPTION 'audit_append: the entry was not made by calltrail' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'audit_append: a transaction that is READ COMMITTED is wanted, this one is %', upper(current_setting('transaction_isolation'));
    END IF;
    -- A server that may forget what it has committed has released the answer all the same.
    PERFORM set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
    -- One after the other, until commit, which follows at once. A row that nobody else can lock: an advisory lock anybody could
    -- take, and hold all answers up.
    PERFORM FROM calltrail.audit_secret FOR UPDATE;
    e := entry::jsonb;
    a.at := clock_timestamp();
    IF (e ->> 'at')::timestamptz NOT BETWEEN a.at - interval '1 minute' AND a.at + interval '1 minute' THEN
        RAISE EXCEPTION 'audit_append: the entry is not of this minute' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO last FROM calltrail.audit x ORDER BY x.audit_id DESC LIMIT 1;
    a.audit_id := coalesce(last.audit_id, 0) + 1;
    a.prev_hash := coalesce(last.hash, repeat('0', 64));
    a.token := (e ->> 'token')::uuid;
    a.person := e ->> 'person';
    a.action := e ->> 'action';
    a.request_id := e ->> 'request_id';
    a.question := e ->> 'question';
    a.parameters := nullif(e -> 'parameters', 'null');
    a.rows := (e ->> 'rows')::bigint;
    a.result_sha256 := e ->> 'result_sha256';
    a.detail := e ->> 'detail';

    IF a.action IN ('approved', 'second_approval', 'rows_raised', 'closed', 'emergency') OR e ->> 'event' = 'refused' THEN
        why := calltrail.event_problem(a.request_id, coalesce(e ->> 'event', a.action), a.person, (e ->> 'max_rows')::integer);
    ELSIF a.action = 'answered' THEN
        why := calltrail.answer_problem(a.request_id, a.person, a.rows);
    END IF;
    IF why IS NOT NULL THEN
        a.detail := a.action || ': ' || why;
        a.action := 'refused';
        a.rows := NULL;
        a.result_sha256 := NULL;
    ELSIF e ? 'request' THEN
        year := to_char(a.at AT TIME ZONE (SELECT g.time_zone FROM calltrail.setting g), 'YYYY');
        SELECT format('R-%s-%s', year, lpad((coalesce(max(right(r.request_id, 6)::integer), 0) + 1)::text, 6, '0')) INTO a.request_id
          FROM calltrail.request r WHERE r.request_id BETWEEN format('R-%s-000000', year) AND format('R-%s-999999', year);
        INSERT INTO calltrail.request (request_id, agency, officer, rank, order_ref, section, case_ref, purpose, selectors, from_time, to_time, document_sha256, max_rows, emergency, requested_by, requested_at)
        SELECT a.request_id, q.agency, q.officer, q.rank, q.order_ref, q.section, q.case_ref, q.purpose, q.selectors, q.from_time, q.to_time, q.document_sha256, q.max_rows, q.emergency, a.person, a.at
          FROM jsonb_to_record(e -> 'request') AS q(agency text, officer text, rank text, order_ref text, section text, case_ref text, purpose text, selectors jsonb,
                                                    from_time timestamptz, to_time timestamptz, document_sha256 text, max_rows integer, emergency boolean);
    END IF;
    -- What was registered or decided is hashed with the row, so that a change of it is found.
    IF e ? 'request' THEN
        a.parameters := e -> 'request';
    ELSIF e ? 'event' THEN
        -- What was not allowed has another key: whatever the note says, audit_verify looks for no event of it.
        a.parameters := jsonb_build_object(CASE WHEN why IS NULL THEN 'event' ELSE 'tried' END, e -> 'event', 'note', e -> 'note', 'max_rows', e -> 'max_rows', 'unmask', e -> 'unmask');
    END IF;
    IF why IS NULL AND (e ? 'event' OR a.action = 'emergency') THEN
        INSERT INTO calltrail.request_event (request_id, event, at, person, note, max_rows, unmask, audit_id)
        VALUES (a.request_id, coalesce(e ->> 'event', a.action), a.at, a.person, e ->> 'note', (e ->> 'max_rows')::integer, (e ->> 'unmask')::boolean, a.audit_id);
    END IF;
    IF why IS NULL AND a.action = 'emergency' THEN
        PERFORM pg_notify('calltrail_emergency', jsonb_build_object('request_id', a.request_id, 'officer', a.person, 'at', a.at)::text);
    END IF;
    a.hash := encode(sha256(decode(a.prev_hash, 'hex') || convert_to(calltrail.audit_line(a), 'UTF8')), 'hex');
    INSERT INTO calltrail.audit SELECT a.*;
    RETURN jsonb_build_object('audit_id', a.audit_id, 'hash', a.hash, 'request_id', a.request_id, 'refused', why, 'xid', pg_current_xact_id()::text);
END
$$;

-- This end of the channel. It returns when the row stands, or raises; never anything between.
CREATE FUNCTION calltrail.audit_remote(entry jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ticket   uuid := gen_random_uuid();
    line     text := (entry || jsonb_build_object('token', ticket, 'at', clock_timestamp(), 'person', session_user))::text;
    answer   jsonb;
    trouble  text;
BEGIN
    -- Under a snapshot from the transaction's beginning the row could not be seen, nor that a request was closed since.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'nothing is done: a transaction that is READ COMMITTED is wanted, this one is %', upper(current_setting('transaction_isolation'))
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    BEGIN
        answer := calltrail.channel(format('SELECT calltrail.audit_append(%L, %L)::text', line, calltrail.audit_seal(line)))::jsonb;
    EXCEPTION WHEN OTHERS THEN
        -- What the other end said may quote the entry: its code is enough. 55000 is this end's own, the channel's.
        trouble := CASE SQLSTATE WHEN '55000' THEN SQLERRM ELSE 'the audit cannot be written: SQLSTATE ' || SQLSTATE END;
    END;
    IF trouble IS NOT NULL THEN
        RAISE EXCEPTION 'nothing is done: %', trouble USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'An administrator runs calltrail access init, which tests the channel and says what is wrong with it.';
    END IF;
    -- The promise itself: the row stands, and the transaction that wrote it was another one and has committed.
    IF pg_xact_status((answer ->> 'xid')::xid8) IS DISTINCT FROM 'committed'
       OR NOT EXISTS (SELECT FROM calltrail.audit a WHERE a.token = ticket AND a.audit_id = (answer ->> 'audit_id')::bigint AND a.hash = answer ->> 'hash') THEN
        RAISE EXCEPTION 'nothing is done: the audit row was not committed' USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'An administrator runs calltrail access init, which tests the channel and says what is wrong with it.';
    END IF;
    RETURN answer;
END
$$;

CREATE FUNCTION calltrail.audit_verify(head_id bigint DEFAULT NULL, head_hash text DEFAULT NULL) RETURNS TABLE (audit_id bigint, problem text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.audit_id, c.problem
      FROM (
        SELECT a.audit_id,
               CASE WHEN a.audit_id <> coalesce(lag(a.audit_id) OVER w, 0) + 1 THEN format('rows %s to %s are missing', coalesce(lag(a.audit_id) OVER w, 0) + 1, a.audit_id - 1)
                    WHEN a.prev_hash <> coalesce(lag(a.hash) OVER w, repeat('0', 64)) THEN 'it does not follow the row before'
                    WHEN a.hash <> encode(sha256(decode(a.prev_hash, 'hex') || convert_to(calltrail.audit_line(a), 'UTF8')), 'hex') THEN 'it is not what its hash was made of' END AS problem
          FROM calltrail.audit a
        WINDOW w AS (ORDER BY a.audit_id)) c
     WHERE c.problem IS NOT NULL
    UNION ALL
    SELECT a.audit_id, format('request %s is not as it was registered here', a.request_id)
      FROM calltrail.audit a
      LEFT JOIN calltrail.request r ON r.request_id = a.request_id AND r.requested_by = a.person AND r.requested_at = a.at
     WHERE a.action IN ('registered', 'emergency')
       AND ROW (r.agency, r.officer, r.rank, r.order_ref, r.section, r.case_ref, r.purpose, r.selectors, r.from_time, r.to_time, r.document_sha256, r.max_rows, r.emergency)
           IS DISTINCT FROM (SELECT ROW (q.*) FROM jsonb_to_record(a.parameters) AS q(agency text, officer text, rank text, order_ref text, section text, case_ref text, purpose text, selectors jsonb,
                                                                                   from_time timestamptz, to_time timestamptz, document_sha256 text, max_rows integer, emergency boolean))
    UNION ALL
    SELECT a.audit_id, format('what was decided here of request %s is not so in the register', a.request_id)
      FROM calltrail.audit a
      LEFT JOIN calltrail.request_event v ON v.audit_id = a.audit_id AND v.request_id = a.request_id AND v.person = a.person AND v.at = a.at
     WHERE (a.action IN ('approved', 'second_approval', 'rows_raised', 'closed') OR a.action = 'refused' AND a.question IS NULL AND a.parameters ->> 'event' = 'refused')
       AND ROW (v.event, v.note, v.max_rows, v.unmask)
           IS DISTINCT FROM ROW (a.parameters ->> 'event', a.parameters ->> 'note', (a.parameters ->> 'max_rows')::integer, (a.parameters ->> 'unmask')::boolean)
    UNION ALL
    SELECT v.audit_id, format('the register says of request %s what does not stand here', v.request_id)
      FROM calltrail.request_event v
     WHERE NOT EXISTS (SELECT FROM calltrail.audit a WHERE a.audit_id = v.audit_id AND a.request_id = v.request_id AND a.action = v.event)
    UNION ALL
    SELECT NULL, format('request %s stands in the register and was never registered', r.request_id)
      FROM calltrail.request r
     WHERE NOT EXISTS (SELECT FROM calltrail.audit a WHERE a.request_id = r.request_id AND a.action IN ('registered', 'emergency'))
    UNION ALL
    SELECT head_id, 'the row that the head names is not there, or is another one'
     WHERE head_id IS NOT NULL AND NOT EXISTS (SELECT FROM calltrail.audit a WHERE a.audit_id = head_id AND a.hash = head_hash)
     ORDER BY 1
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- What is compared, and handed to a question, is the one form made here: a value cannot look covered in one form and be
-- another in the next. Nothing is guessed: a number without its country is refused.
CREATE FUNCTION calltrail.selector_value(of_type text, written text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v    text := btrim(written, E' \t');
    ip   inet;
    part text[];
BEGIN
    IF v IS NULL OR v = '' OR length(v) > 500 OR v ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'a selector of type % is empty, longer than 500 characters, or has control characters', of_type USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CASE of_type
    WHEN 'number' THEN
        -- What a forged call showed need not be a number of any country: it is asked for exactly as it was shown.
        IF v ~* '^sip:[^@+]' THEN
            v := 'sip:' || substr(v, 5);
        ELSE
            v := regexp_replace(regexp_replace(v, '[ ().-]', '', 'g'), '^00', '+');
        END IF;
        IF v !~ '^(\+[1-9][0-9]{6,14}|[1-9][0-9]{2,7}|sip:[^@+ ][^@ ]*)$' THEN
            RAISE EXCEPTION 'a number is written with + and country code, or is a short number of 3 to 8 digits; sip:USER is one that was shown exactly so and could not be read' USING ERRCODE = 'invalid_parameter_value';
        END IF;
    WHEN 'number_prefix' THEN
        v := regexp_replace(regexp_replace(v, '[ ().-]', '', 'g'), '^00', '+');
        IF v !~ '^\+[1-9][0-9]{3,13}$' THEN
            RAISE EXCEPTION 'a number_prefix is written with + and country code and has 4 to 14 digits' USING ERRCODE = 'invalid_parameter_value';
        END IF;
    WHEN 'address' THEN
        BEGIN
            ip := v::inet;
        EXCEPTION WHEN OTHERS THEN
            ip := NULL;
        END;
        IF ip IS NULL OR ip <> network(ip) OR masklen(ip) < (CASE family(ip) WHEN 4 THEN 16 ELSE 32 END) THEN
            RAISE EXCEPTION 'an address is written 192.0.2.7, 192.0.2.0/24 (no bits set behind it, not shorter than /16) or 2001:db8::/32 (not shorter than /32)'
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        v := CASE WHEN masklen(ip) = CASE family(ip) WHEN 4 THEN 32 ELSE 128 END THEN host(ip) ELSE ip::text END;
    WHEN 'call' THEN
        IF v !~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
            RAISE EXCEPTION 'a call is named by its call_uid, 8-4-4-4-12 hexadecimal digits' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        v := lower(v);
    WHEN 'uri' THEN
        v := calltrail.sip_uri_key(CASE WHEN v ~* '^sips?:' THEN v ELSE 'sip:' || v END);
        IF v IS NULL THEN
            RAISE EXCEPTION 'a uri is written sip:user@host' USING ERRCODE = 'invalid_parameter_value';
        END IF;
    WHEN 'asn' THEN
        v := ltrim(regexp_replace(upper(v), '^AS', ''), '0');
        IF v !~ '^[1-9][0-9]{0,9}$' OR v::bigint > 4294967295 THEN
            RAISE EXCEPTION 'an asn is a number from 1 to 4294967295' USING ERRCODE = 'invalid_parameter_value';
        END IF;
    WHEN 'area' THEN
        part := regexp_split_to_array(v, ' *, *');
        IF cardinality(part) <> 3 OR EXISTS (SELECT FROM unnest(part) AS p(n) WHERE p.n !~ '^-?[0-9]{1,3}(\.[0-9]{1,9})?$')
           OR abs(part[1]::numeric) > 90 OR abs(part[2]::numeric) > 180 OR part[3]::numeric <= 0 OR part[3]::numeric > 200 THEN
            RAISE EXCEPTION 'an area is written latitude,longitude,km in degrees, with at most 200 km' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        v := format('%s,%s,%s', trim_scale(part[1]::numeric), trim_scale(part[2]::numeric), trim_scale(part[3]::numeric));
    WHEN 'subscriber', 'device', 'case', 'pattern' THEN
        NULL; -- as it stands in the records, letter by letter
    ELSE
        RAISE EXCEPTION 'a selector of type % is not known; number, number_prefix, address, subscriber, uri, call, device, asn, area, case and pattern are', left(quote_literal(of_type), 64)
            USING ERRCODE = 'invalid_parameter_value';
    END CASE;
    RETURN v;
END
$$;

-- The selectors of a request, each in its one form. An address may have a port: 192.0.2.7:5060, [2001:db8::7]:5060.
CREATE FUNCTION calltrail.selectors_of(written jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s     jsonb;
    made  jsonb := '[]';
    value text;
    port  text;
BEGIN
    IF written IS NULL OR jsonb_typeof(written) <> 'array' OR written = '[]' OR jsonb_array_length(written) > 100 THEN
        RAISE EXCEPTION 'selectors: a list of 1 to 100 is wanted, like [{"type": "number", "value": "+911204100001"}]' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR s IN SELECT * FROM jsonb_array_elements(written) LOOP
        IF jsonb_typeof(s) <> 'object' OR s - '{type,value,port}'::text[] <> '{}' OR jsonb_typeof(s -> 'type') IS DISTINCT FROM 'string' OR jsonb_typeof(s -> 'value') IS DISTINCT FROM 'string' THEN
            RAISE EXCEPTION 'selectors: each is an object with type and value, both texts' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        value := s ->> 'value';
        port := s ->> 'port';
        IF s ->> 'type' = 'address' AND port IS NULL AND value ~ '^([^:]*|\[.*\]):[0-9]+$' THEN
            port := substring(value, ':([0-9]+)$');
            value := regexp_replace(value, ':[0-9]+$', '');
        END IF;
        IF s ->> 'type' = 'address' AND value ~ '^\[.*\]$' THEN
            value := btrim(value, '[]');
        END IF;
        IF port IS NOT NULL AND (s ->> 'type' <> 'address' OR port !~ '^[0-9]{1,5}$' OR port::integer NOT BETWEEN 1 AND 65535) THEN
            RAISE EXCEPTION 'selectors: a port, from 1 to 65535, goes with an address' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF s ->> 'type' = 'pattern' AND NOT EXISTS (SELECT FROM calltrail.question q WHERE q.name = btrim(value) AND q.needs_pattern) THEN
            RAISE EXCEPTION 'selectors: % is not the name of a question that is asked without selector', left(quote_literal(value), 64) USING ERRCODE = 'invalid_parameter_value';
        END IF;
        made := made || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('type', s ->> 'type', 'value', calltrail.selector_value(s ->> 'type', value), 'port', port::integer)));
    END LOOP;
    RETURN made;
END
$$;

-- Whether one of a request's selectors covers a value in its one form. A prefix covers what it begins, never the other way round.
CREATE FUNCTION calltrail.selector_covers(selectors jsonb, of_type text, value text, of_port integer) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s record;
    covers boolean;
BEGIN
    FOR s IN SELECT x.type, x.value, x.port FROM jsonb_to_recordset(selectors) AS x(type text, value text, port integer) LOOP
        covers := CASE
            WHEN of_type = 'number' AND s.type = 'number_prefix' THEN starts_with(value, s.value)
            WHEN of_type <> s.type THEN false
            WHEN of_type = 'number_prefix' THEN starts_with(value, s.value)
            WHEN of_type = 'address' THEN value::inet <<= s.value::inet AND (s.port IS NULL OR s.port IS NOT DISTINCT FROM of_port)
            ELSE value = s.value END;
        IF NOT covers AND of_type = 'area' AND s.type = 'area' THEN
            covers := calltrail.area_covers(s.value, value);
        END IF;
        IF covers THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;

-- Only whole dates and times: "now" and "today" would mean something else when the audit is read.
CREATE FUNCTION calltrail.read_time(written text, zone text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' AS $$
BEGIN
    IF written ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$' THEN
        RETURN written::timestamp AT TIME ZONE zone;
    ELSIF written ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' THEN
        RETURN written::timestamptz;
    END IF;
    RAISE EXCEPTION 'a time is written 2026-11-22 10:00:00 (zone %), or with its zone, 2026-11-22T10:00:00+05:30', zone USING ERRCODE = 'invalid_parameter_value';
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    RAISE EXCEPTION 'there is no such date or time' USING ERRCODE = 'invalid_parameter_value';
END
$$;

-- A request as it will be stored, or one line that says what is wrong with it.
CREATE FUNCTION calltrail.checked_request(fields jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    f         record;
    emergency boolean := (fields ->> 'emergency')::boolean;
    begins    timestamptz := (fields ->> 'from_time')::timestamptz;
    ends      timestamptz := (fields ->> 'to_time')::timestamptz;
    most      integer := (SELECT g.request_years FROM calltrail.setting g);
BEGIN
    FOR f IN SELECT x.key, btrim(x.value) AS value FROM jsonb_each_text(fields) x WHERE x.key IN ('agency', 'officer', 'rank', 'purpose', 'order_ref', 'section', 'case_ref', 'document_sha256') LOOP
        IF coalesce(f.value, '') = '' AND f.key IN ('agency', 'officer', 'rank', 'purpose') THEN
            RAISE EXCEPTION 'request: % is empty', f.key USING ERRCODE = 'invalid_parameter_value';
        ELSIF length(f.value) > 500 OR f.value ~ '[[:cntrl:]]' THEN
            RAISE EXCEPTION 'request: % is longer than 500 characters, or has control characters', f.key USING ERRCODE = 'invalid_parameter_value';
        END IF;
        fields := fields || jsonb_build_object(f.key, nullif(f.value, ''));
    END LOOP;
    IF NOT emergency AND num_nonnulls(fields ->> 'order_ref', fields ->> 'section') = 0 THEN
        RAISE EXCEPTION 'request: name the order (order_ref) or the section of the law' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    fields := fields || jsonb_build_object('document_sha256', lower(fields ->> 'document_sha256'));
    IF coalesce(fields ->> 'document_sha256', (CASE WHEN emergency THEN repeat('0', 64) ELSE '' END)) !~ '^[0-9a-f]{64}$' THEN
        RAISE EXCEPTION 'request: document_sha256 is the SHA-256 of the letter, 64 hexadecimal digits' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF begins IS NULL OR ends IS NULL OR NOT isfinite(begins) OR NOT isfinite(ends) OR begins >= ends THEN
        RAISE EXCEPTION 'request: the window ends before it begins, or has no end' USING ERRCODE = 'invalid_parameter_value';
    ELSIF ends > begins + most * interval '366 days' THEN
        RAISE EXCEPTION 'request: the window is longer than % years', most USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF (fields ->> 'max_rows')::integer IS NULL OR (fields ->> 'max_rows')::integer NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'request: max_rows is from 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN fields || jsonb_build_object('selectors', calltrail.selectors_of(fields -> 'selectors'));
END
$$;

-- Writes the entry; what the other end does not allow is written there as refused, and raised here.
CREATE FUNCTION calltrail.register_step(entry jsonb) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer jsonb := calltrail.audit_remote(jsonb_strip_nulls(entry - 'request') || CASE WHEN entry ? 'request' THEN jsonb_build_object('request', entry -> 'request') ELSE '{}' END);
BEGIN
    IF answer ->> 'refused' IS NOT NULL THEN
        RAISE EXCEPTION 'request%: %', coalesce(' ' || left(entry ->> 'request_id', 32), ''), answer ->> 'refused' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN answer ->> 'request_id';
END
$$;

CREATE FUNCTION calltrail.register_request(agency text, officer text, rank text, selectors jsonb, from_time timestamptz, to_time timestamptz, purpose text,
        order_ref text DEFAULT NULL, section text DEFAULT NULL, case_ref text DEFAULT NULL, document_sha256 text DEFAULT NULL, max_rows integer DEFAULT 1000) RETURNS text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
    SELECT calltrail.register_step(jsonb_build_object('action', 'registered', 'request', calltrail.checked_request(jsonb_build_object('agency', agency, 'officer', officer, 'rank', rank,
        'selectors', selectors, 'from_time', from_time, 'to_time', to_time, 'purpose', purpose, 'order_ref', order_ref, 'section', section, 'case_ref', case_ref,
        'document_sha256', document_sha256, 'max_rows', max_rows, 'emergency', false))))
$$;

CREATE FUNCTION calltrail.open_emergency(agency text, officer text, rank text, selectors jsonb, from_time timestamptz, to_time timestamptz, purpose text,
        order_ref text DEFAULT NULL, section text DEFAULT NULL, case_ref text DEFAULT NULL, document_sha256 text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
    id text;
BEGIN
    id := calltrail.register_step(jsonb_build_object('action', 'emergency', 'detail', left(purpose, 500), 'note', left(purpose, 500), 'request', calltrail.checked_request(jsonb_build_object('agency', agency, 'officer', officer, 'rank', rank,
        'selectors', selectors, 'from_time', from_time, 'to_time', to_time, 'purpose', purpose, 'order_ref', order_ref, 'section', section, 'case_ref', case_ref,
        'document_sha256', document_sha256, 'max_rows', (SELECT g.emergency_rows FROM calltrail.setting g), 'emergency', true))));
    PERFORM set_config('calltrail.request', id, false);
    RETURN id;
END
$$;

CREATE FUNCTION calltrail.approve_request(request_id text, note text DEFAULT NULL, unmask boolean DEFAULT false) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT calltrail.register_step(jsonb_build_object('action', s.step, 'event', s.step, 'request_id', left($1, 32), 'note', nullif(left($2, 500), ''), 'detail', nullif(left(concat_ws(': ', CASE WHEN $3 THEN 'subscribers are shown' END, nullif($2, '')), 500), ''), 'unmask', coalesce($3, false)))
      FROM (SELECT CASE WHEN EXISTS (SELECT FROM calltrail.request r WHERE r.request_id = $1 AND r.emergency) THEN 'second_approval' ELSE 'approved' END AS step) s
$$;

CREATE FUNCTION calltrail.refuse_request(request_id text, note text) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT calltrail.register_step(jsonb_build_object('action', 'refused', 'event', 'refused', 'request_id', left($1, 32), 'note', nullif(left($2, 500), ''), 'detail', nullif(left($2, 500), '')))
$$;

CREATE FUNCTION calltrail.raise_rows(request_id text, max_rows integer, note text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT calltrail.register_step(jsonb_build_object('action', 'rows_raised', 'event', 'rows_raised', 'request_id', left($1, 32), 'max_rows', $2, 'note', nullif(left($3, 500), ''), 'detail', left(concat_ws(': ', $2 || ' rows', nullif($3, '')), 500)))
$$;

CREATE FUNCTION calltrail.close_request(request_id text, note text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT calltrail.register_step(jsonb_build_object('action', 'closed', 'event', 'closed', 'request_id', left($1, 32), 'note', nullif(left($2, 500), ''), 'detail', nullif(left($2, 500), '')))
$$;

-- Why a person may not ask for a request now; NULL: he may. Whose request it is, is not told to others.
CREATE FUNCTION calltrail.request_problem(of_request text) RETURNS text
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN of_request IS NULL THEN 'no request is opened: SELECT calltrail.open_request(…) comes first'
                WHEN r.state IS NULL THEN 'there is no such request of yours'
                WHEN r.state NOT IN ('approved', 'emergency') THEN format('request %s is %s, not approved', r.request_id, r.state) END
      FROM (SELECT 1) one
      LEFT JOIN calltrail.requests r ON r.request_id = of_request AND r.requested_by = session_user
$$;

CREATE FUNCTION calltrail.open_request(request_id text) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    why text := calltrail.request_problem(coalesce(request_id, ''));
BEGIN
    PERFORM calltrail.audit_remote(jsonb_strip_nulls(jsonb_build_object('action', CASE WHEN why IS NULL THEN 'opened' ELSE 'refused' END, 'request_id', left(request_id, 32), 'detail', 'opened: ' || why)));
    IF why IS NOT NULL THEN
        RAISE EXCEPTION 'open_request: %', why USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- A note for ask, which believes nothing of it.
    PERFORM set_config('calltrail.request', request_id, false);
END
$$;

CREATE FUNCTION calltrail.my_requests() RETURNS SETOF calltrail.requests
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.* FROM calltrail.requests r
     WHERE r.requested_by = session_user OR calltrail.is_approver(session_user)
        OR EXISTS (SELECT FROM pg_roles a WHERE a.rolname = 'calltrail_auditor' AND pg_has_role(session_user, a.oid, 'MEMBER'))
     ORDER BY r.requested_at, r.request_id
$$;

CREATE FUNCTION calltrail.set_emergency_officer(person text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF person IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = person AND r.rolcanlogin) THEN
        RAISE EXCEPTION 'emergency officer: there is no login of that name' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM calltrail.audit_remote(jsonb_build_object('action', 'officer', 'detail', coalesce(person, 'nobody')));
    UPDATE calltrail.setting SET emergency_officer = person;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- What a question would run for a request, after everything that is asked has been checked: the selectors, the window, and that
-- there is nothing else. given is what the parameters were read as.
CREATE FUNCTION calltrail.question_call(of_question text, parameters jsonb, of_request calltrail.requests,
        OUT statement text, OUT given jsonb, OUT from_time timestamptz, OUT to_time timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
    q         calltrail.question;
    f         pg_proc;
    zone      text := (SELECT g.time_zone FROM calltrail.setting g);
    a         record;
    v         jsonb;
    one       text;
    list      text[];
    read      text;
    port      integer;
    covered   integer := 0;
    arguments text[] := '{}';
    at_time   timestamptz;
    around    interval := '0';
    timed     boolean := false;
    unknown   text;
BEGIN
    SELECT * INTO q FROM calltrail.question x WHERE x.name = of_question;
    IF q.name IS NULL THEN
        RAISE EXCEPTION '% is no question; SELECT * FROM calltrail.questions() lists them', left(quote_literal(of_question), 64) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT p.* INTO STRICT f FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function;
    IF jsonb_typeof(parameters) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'the parameters are an object, {"name": value}' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    given := '{}';
    -- A port is compared together with its address, whichever comes first.
    SELECT (parameters ->> c.name)::integer INTO port FROM calltrail.question_parameters(f.oid) c
     WHERE (q.selectors ->> c.name = 'address' OR c.name = 'port') AND c.type = 'integer'::regtype AND parameters ->> c.name ~ '^[0-9]{1,5}$';

    FOR a IN SELECT c.name, c.type, c.optional, t.typelem <> 0 AND t.typcategory = 'A' AS is_list, q.selectors ->> c.name AS selector
               FROM calltrail.question_parameters(f.oid) c JOIN pg_type t ON t.oid = c.type LOOP
        v := nullif(parameters -> a.name, 'null');
        IF q.of_request AND a.name = 'request_id' THEN
            v := to_jsonb(of_request.request_id);
        ELSIF v IS NULL AND a.name = 'from_time' THEN
            v := to_jsonb(of_request.from_time);
        ELSIF v IS NULL AND a.name = 'to_time' THEN
            v := to_jsonb(of_request.to_time);
        END IF;
        IF v IS NULL AND a.optional THEN
            IF a.name = 'within' AND EXISTS (SELECT FROM calltrail.question_parameters(f.oid) c WHERE c.name = 'at') THEN
                around := calltrail.question_default(f.oid, a.name)::interval; -- the window is as wide as the default makes it
            END IF;
            CONTINUE;
        ELSIF v IS NULL THEN
            RAISE EXCEPTION '%: parameter % is missing', q.name, a.name USING ERRCODE = 'invalid_parameter_value';
        ELSIF a.is_list <> (jsonb_typeof(v) = 'array') OR jsonb_typeof(v) = 'object' OR a.is_list AND (jsonb_array_length(v) NOT BETWEEN 1 AND 100
              OR EXISTS (SELECT FROM jsonb_array_elements(v) x(e) WHERE jsonb_typeof(x.e) IN ('null', 'array', 'object'))) THEN
            RAISE EXCEPTION '%: parameter % is %', q.name, a.name, CASE WHEN a.is_list THEN 'a list of 1 to 100 values' ELSE 'one value' END USING ERRCODE = 'invalid_parameter_value';
        END IF;
        list := CASE WHEN a.is_list THEN ARRAY(SELECT jsonb_array_elements_text(v)) ELSE ARRAY[v #>> '{}'] END;

        FOR i IN 1 .. cardinality(list) LOOP
            one := list[i];
            BEGIN
                IF a.type IN ('timestamptz'::regtype, 'timestamptz[]'::regtype) THEN
                    at_time := calltrail.read_time(one, zone);
                    one := to_char(at_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
                ELSIF a.selector IS NOT NULL AND NOT (a.selector = 'address' AND a.type = 'integer'::regtype) THEN
                    one := calltrail.selector_value(a.selector, one);
                END IF;
                EXECUTE format('SELECT (%L::%s)::text', one, CASE WHEN a.is_list THEN (SELECT format_type(t.typelem, NULL) FROM pg_type t WHERE t.oid = a.type) ELSE format_type(a.type, NULL) END) INTO read;
            EXCEPTION WHEN invalid_parameter_value THEN
                RAISE EXCEPTION '%: parameter %: %', q.name, a.name, SQLERRM USING ERRCODE = 'invalid_parameter_value';
            WHEN OTHERS THEN
                RAISE EXCEPTION '%: parameter % is no %', q.name, a.name, format_type(a.type, NULL) USING ERRCODE = 'invalid_parameter_value';
            END;
            -- What a type makes of a text is what is compared: no text of it is covered and means another.
            IF a.type NOT IN ('timestamptz'::regtype, 'timestamptz[]'::regtype) THEN
                one := read;
            END IF;
            IF a.selector IS NOT NULL AND NOT (a.selector = 'address' AND a.type = 'integer'::regtype) THEN
                IF NOT calltrail.selector_covers(of_request.selectors, a.selector, one, port) THEN
                    RAISE EXCEPTION '%: parameter % is not covered by a selector of request %', q.name, a.name, of_request.request_id USING ERRCODE = 'invalid_parameter_value';
                END IF;
                covered := covered + 1;
            END IF;
            IF a.type = 'timestamptz'::regtype THEN
                timed := true;
                IF at_time < of_request.from_time OR at_time > of_request.to_time THEN
                    RAISE EXCEPTION '%: % is outside the window of request %', q.name, a.name, of_request.request_id USING ERRCODE = 'invalid_parameter_value';
                END IF;
                IF a.name = 'from_time' THEN
                    from_time := at_time;
                ELSIF a.name = 'to_time' THEN
                    to_time := at_time;
                ELSIF a.name = 'at' THEN
                    from_time := coalesce(from_time, at_time);
                    to_time := coalesce(to_time, at_time);
                END IF;
            ELSIF a.type = 'interval'::regtype AND a.name = 'within' AND EXISTS (SELECT FROM calltrail.question_parameters(f.oid) c WHERE c.name = 'at') THEN
                around := one::interval;
            END IF;
            list[i] := one;
        END LOOP;
        given := given || jsonb_build_object(a.name, CASE WHEN a.is_list THEN to_jsonb(list) ELSE to_jsonb(list[1]) END);
        arguments := arguments || format('%I => %L::%s', a.name, CASE WHEN a.is_list THEN list::text ELSE list[1] END, format_type(a.type, NULL));
    END LOOP;

    SELECT min(k) INTO unknown FROM jsonb_object_keys(parameters) k WHERE NOT EXISTS (SELECT FROM calltrail.question_parameters(f.oid) c WHERE c.name = k);
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION '%: there is no parameter %', q.name, left(quote_literal(unknown), 64) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF around < interval '0' THEN
        RAISE EXCEPTION '%: within is below nothing', q.name USING ERRCODE = 'invalid_parameter_value';
    END IF;
    from_time := from_time - around;
    to_time := to_time + around;
    IF NOT timed AND NOT q.of_request THEN
        RAISE EXCEPTION '%: the question has no window', q.name USING ERRCODE = 'invalid_parameter_value';
    END IF;
    from_time := coalesce(from_time, of_request.from_time);
    to_time := coalesce(to_time, of_request.to_time);
    IF from_time > to_time OR (from_time = to_time AND NOT given ? 'at') THEN
        RAISE EXCEPTION '%: the window ends before it begins', q.name USING ERRCODE = 'invalid_parameter_value';
    ELSIF from_time < of_request.from_time OR to_time > of_request.to_time THEN
        RAISE EXCEPTION '%: the window reaches out of that of request %', q.name, of_request.request_id USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF q.needs_pattern AND NOT calltrail.selector_covers(of_request.selectors, 'pattern', q.name, NULL) THEN
        RAISE EXCEPTION '%: it is asked without selector, so request % must name it (selector of type pattern)', q.name, of_request.request_id USING ERRCODE = 'invalid_parameter_value';
    ELSIF covered = 0 AND NOT q.needs_pattern AND NOT q.of_request THEN
        RAISE EXCEPTION '%: no selector is given; nobody asks for everything', q.name USING ERRCODE = 'invalid_parameter_value';
    END IF;
    statement := format('calltrail.%I(%s)', q.function, array_to_string(arguments, ', '));
END
$$;

CREATE FUNCTION calltrail.question_parameters(of_function oid) RETURNS TABLE (name text, type oid, optional boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.name, p.proargtypes[u.place - 1], u.place > p.pronargs - p.pronargdefaults
      FROM pg_proc p
     CROSS JOIN LATERAL (
        SELECT n.name, row_number() OVER (ORDER BY n.place) AS place
          FROM unnest(p.proargnames, coalesce(p.proargmodes::text[], array_fill('i'::text, ARRAY[p.pronargs::integer]))) WITH ORDINALITY AS n(name, mode, place)
         WHERE n.mode IN ('i', 'b')) u
     WHERE p.oid = of_function
     ORDER BY u.place
$$;

CREATE FUNCTION calltrail.question_default(of_function oid, of_parameter text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text;
BEGIN
    SELECT pg_get_function_arg_default(of_function, c.place::integer) INTO value
      FROM (SELECT x.name, x.ordinality AS place FROM calltrail.question_parameters(of_function) WITH ORDINALITY x) c WHERE c.name = of_parameter;
    EXECUTE format('SELECT (%s)::text', value) INTO value;
    RETURN value;
END
$$;

-- The keys of an answer that are not shown, at any depth, are NULL.
CREATE FUNCTION calltrail.mask(answer jsonb, keys text[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE jsonb_typeof(answer)
    WHEN 'object' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN e.key = ANY (keys) THEN 'null' ELSE calltrail.mask(e.value, keys) END), '{}') FROM jsonb_each(answer) e);
    WHEN 'array' THEN
        RETURN (SELECT coalesce(jsonb_agg(calltrail.mask(e.value, keys) ORDER BY e.place), '[]') FROM jsonb_array_elements(answer) WITH ORDINALITY AS e(value, place));
    ELSE
        RETURN answer;
    END CASE;
END
$$;

CREATE FUNCTION calltrail.window_text(from_time timestamptz, to_time timestamptz) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%s to %s %s (%s to %s UTC)', to_char(from_time AT TIME ZONE z.zone, l.layout), to_char(to_time AT TIME ZONE z.zone, l.layout),
                  CASE z.zone WHEN 'Asia/Kolkata' THEN 'IST' ELSE z.zone END, to_char(from_time AT TIME ZONE 'UTC', l.layout), to_char(to_time AT TIME ZONE 'UTC', l.layout))
      FROM (SELECT g.time_zone FROM calltrail.setting g) z(zone),
           (SELECT CASE WHEN date_trunc('second', from_time) = from_time AND date_trunc('second', to_time) = to_time THEN 'YYYY-MM-DD HH24:MI:SS' ELSE 'YYYY-MM-DD HH24:MI:SS.US' END) l(layout)
$$;

-- What an answer says of what was seen. Up to a month minute by minute; beyond that every minute of years would be gone through for each
-- answer, so whole minutes are counted and the asker is sent to coverage_of_window for which they are.
CREATE FUNCTION calltrail.coverage_statement(from_time timestamptz, to_time timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text;
BEGIN
    IF to_time - from_time <= interval '31 days' THEN
        RETURN calltrail.coverage_note(from_time, to_time);
    END IF;
    WITH whole AS (
        SELECT c.sensor, c.tap, count(*) AS n
          FROM calltrail.coverage c
         WHERE c.day BETWEEN (from_time AT TIME ZONE 'UTC')::date AND (to_time AT TIME ZONE 'UTC')::date AND c.minute >= from_time AND c.minute < to_time
           AND c.state = 'complete' AND c.from_at = c.minute AND c.to_at >= c.minute + interval '1 minute'
         GROUP BY c.sensor, c.tap
    ), asked AS (
        SELECT t.sensor, t.tap, greatest(t.first_minute, from_time) AS since, coalesce(w.n, 0) AS n,
               greatest(ceil(extract(epoch FROM to_time - greatest(t.first_minute, from_time)) / 60), 0)::bigint AS minutes
          FROM calltrail.tap t LEFT JOIN whole w USING (sensor, tap)
    )
    SELECT string_agg(format('%s %s: %s', a.sensor, a.tap, CASE WHEN a.minutes = 0 THEN 'not there yet' WHEN a.n >= a.minutes THEN 'complete'
               ELSE format('%s of %s minutes complete', a.n, a.minutes) || CASE WHEN a.since > from_time THEN format(', from %s UTC on', to_char(a.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) ELSE '' END END),
               '; ' ORDER BY a.sensor, a.tap)
      INTO said FROM asked a;
    RETURN coalesce(said || '. Which minutes were not, coverage_of_window says of a shorter time; no record is not no call', 'no tap is known, so nothing is known to have been seen');
END
$$;

-- The gate. Settings that change how a value is written are fixed here, so that the hash is that of the rows whoever asks.
CREATE FUNCTION calltrail.ask(question text, parameters jsonb DEFAULT '{}') RETURNS TABLE (n bigint, answer jsonb, coverage text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET extra_float_digits = 1 SET bytea_output = 'hex'
    SET client_min_messages = 'warning' SET row_security = on SET debug_print_parse = off SET debug_print_rewritten = off SET debug_print_plan = off AS $$
#variable_conflict use_column
DECLARE
    of_request text := nullif(current_setting('calltrail.request', true), '');
    r          calltrail.requests;
    called     record;
    why        text := calltrail.request_problem(of_request);
    raw        jsonb := CASE WHEN octet_length($2::text) > 8192 THEN jsonb_build_object('octets', octet_length($2::text)) ELSE $2 END;
    base       jsonb;
    reply      jsonb;
    hidden     text[];
    found      jsonb[];
    note       text;
    code       text;
    message    text;
    context    text;
BEGIN
    -- Never NULL: what is refused with a question is no decision on a request, whatever its parameters say.
    base := jsonb_build_object('request_id', left(of_request, 32), 'question', coalesce(left($1, 64), ''));
    IF why IS NULL AND octet_length($2::text) > 8192 THEN
        why := 'the parameters are longer than 8192 octets';
    ELSIF why IS NULL THEN
        SELECT * INTO r FROM calltrail.requests x WHERE x.request_id = of_request AND x.requested_by = session_user;
        BEGIN
            SELECT * INTO called FROM calltrail.question_call($1, $2, r);
        EXCEPTION WHEN invalid_parameter_value THEN
            why := SQLERRM;
        WHEN OTHERS THEN
            why := format('the question cannot be run (SQLSTATE %s)', SQLSTATE);
        END;
    END IF;
    IF why IS NOT NULL THEN
        PERFORM calltrail.audit_remote(base || jsonb_build_object('action', 'refused', 'parameters', raw, 'detail', 'asked: ' || left(why, 500)));
        RAISE EXCEPTION 'ask: %', why USING ERRCODE = 'insufficient_privilege';
    END IF;
    base := base || jsonb_build_object('parameters', called.given);
    PERFORM calltrail.audit_remote(base || jsonb_build_object('action', 'asked'));

    BEGIN
        -- A question that returns a table is run to its end before the first row of it is taken: it is told here how many are wanted.
        PERFORM set_config('calltrail.row_limit', (r.max_rows + 1)::text, true);
        EXECUTE format('SELECT ARRAY(SELECT to_jsonb(q) FROM (SELECT * FROM %s) q LIMIT %s)', called.statement, r.max_rows + 1) INTO found;
        SELECT x.masked INTO hidden FROM calltrail.question x WHERE x.name = $1 AND NOT r.unmask AND x.masked <> '{}';
        IF hidden IS NOT NULL AND cardinality(found) <= r.max_rows THEN
            found := ARRAY(SELECT calltrail.mask(x.row, hidden) FROM unnest(found) WITH ORDINALITY AS x(row, place) ORDER BY x.place);
        END IF;
        note := format('%s. Coverage: %s', calltrail.window_text(called.from_time, called.to_time), calltrail.coverage_statement(called.from_time, called.to_time))
             || coalesce('. Not shown without approval: ' || array_to_string(hidden, ', '), '');
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, context = PG_EXCEPTION_CONTEXT;
    END;
    IF code IS NOT NULL THEN
        PERFORM calltrail.audit_remote(base || jsonb_build_object('action', 'failed', 'detail', 'SQLSTATE ' || code));
        IF code = '57014' THEN
            RAISE EXCEPTION 'ask: % was cancelled', $1 USING ERRCODE = 'query_canceled';
        END IF;
        -- An error's text may quote what is in a row. Shown is only what a question itself says of its parameters.
        RAISE EXCEPTION 'ask: %: %', $1, CASE WHEN split_part(context, E'\n', 1) ~ '^PL/pgSQL function calltrail\..* line [0-9]+ at RAISE$' THEN left(message, 500) ELSE format('the question failed (SQLSTATE %s)', code) END
            USING ERRCODE = 'external_routine_exception';
    END IF;
    IF cardinality(found) > r.max_rows THEN
        PERFORM calltrail.audit_remote(base || jsonb_build_object('action', 'refused', 'detail', format('answered: more than %s rows', r.max_rows)));
        RAISE EXCEPTION 'ask: the answer has more than the % rows request % allows; nothing is released', r.max_rows, of_request
            USING ERRCODE = 'insufficient_privilege', HINT = 'Ask more narrowly, or have an approver raise it: calltrail.raise_rows.';
    END IF;

    -- The last word is the audit's: after it nothing can fail that would leave it wrong, and before it nothing is released.
    reply := calltrail.audit_remote(base || jsonb_build_object('action', 'answered', 'rows', cardinality(found),
        'result_sha256', (SELECT encode(sha256(convert_to(coalesce(string_agg(x.row::text || E'\n', '' ORDER BY x.place), ''), 'UTF8')), 'hex') FROM unnest(found) WITH ORDINALITY AS x(row, place))));
    IF reply ->> 'refused' IS NOT NULL THEN
        RAISE EXCEPTION 'ask: %; nothing is released', reply ->> 'refused' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT x.place, x.row, NULL::text FROM unnest(found) WITH ORDINALITY AS x(row, place) ORDER BY x.place;
    RETURN QUERY SELECT NULL::bigint, NULL::jsonb, note || '. Audit row ' || (reply ->> 'audit_id');
END
$$;

CREATE FUNCTION calltrail.questions() RETURNS TABLE (name text, arguments text, description text, selectors jsonb, needs_pattern boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT q.name, pg_get_function_arguments(p.oid), q.description, q.selectors, q.needs_pattern
      FROM calltrail.question q
      LEFT JOIN pg_proc p ON p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function
     ORDER BY q.name
$$;

-- For each question calltrail.ask_<name>: the same arguments, the same columns, through ask. Those of questions that are gone go.
CREATE FUNCTION calltrail.make_wrappers() RETURNS integer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    q       record;
    columns text;
    pairs   text;
    wanting text;
    made    integer := 0;
BEGIN
    FOR q IN SELECT p.oid::regprocedure AS old FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND starts_with(p.proname, 'ask_') LOOP
        EXECUTE format('DROP FUNCTION %s', q.old);
    END LOOP;
    FOR q IN SELECT x.*, (SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = x.function) AS functions FROM calltrail.question x ORDER BY x.name LOOP
        IF q.functions <> 1 THEN
            RAISE EXCEPTION 'question %: there are % functions calltrail.%, one is wanted', q.name, q.functions, q.function;
        END IF;
        SELECT min(s.parameter) INTO wanting FROM pg_proc p, jsonb_object_keys(q.selectors) s(parameter)
         WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function AND NOT EXISTS (SELECT FROM calltrail.question_parameters(p.oid) c WHERE c.name = s.parameter);
        IF wanting IS NOT NULL THEN
            RAISE EXCEPTION 'question %: calltrail.% has no parameter %', q.name, q.function, wanting;
        END IF;
        SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.place) INTO columns
          FROM (
            -- The columns of a table, those of a named row, or one value named as the function is.
            SELECT n.name, format_type(n.type, NULL) AS type, n.place
              FROM pg_proc p, LATERAL unnest(p.proargnames, p.proallargtypes, p.proargmodes::text[]) WITH ORDINALITY AS n(name, type, mode, place)
             WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function AND n.mode IN ('t', 'o')
            UNION ALL
            SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnum
              FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function AND t.typrelid <> 0
            UNION ALL
            SELECT p.proname, format_type(p.prorettype, NULL), 1
              FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype
             WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function AND t.typrelid = 0 AND coalesce(NOT p.proargmodes::text[] && '{t,o}', true)) c;
        SELECT coalesce(string_agg(format('%L, $%s', c.name, c.ordinality), ', ' ORDER BY c.ordinality), '') INTO pairs
          FROM pg_proc p, LATERAL calltrail.question_parameters(p.oid) WITH ORDINALITY c WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function;
        EXECUTE (SELECT format($f$CREATE FUNCTION calltrail.%I(%s) RETURNS TABLE (%s, coverage text)
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $w$
    SELECT x.*, a.coverage
      FROM calltrail.ask(%L, jsonb_strip_nulls(jsonb_build_object(%s))) a
      LEFT JOIN LATERAL jsonb_to_record(a.answer) AS x(%s) ON true
     ORDER BY a.n NULLS LAST
$w$ $f$, 'ask_' || q.name, pg_get_function_arguments(p.oid), columns, q.name, pairs, columns)
                   FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function);
        EXECUTE (SELECT format('COMMENT ON FUNCTION %s IS %L', p.oid::regprocedure, 'Asks for the opened request: ' || q.description || ' The last row has the coverage only')
                   FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND p.proname = 'ask_' || q.name);
        made := made + 1;
    END LOOP;
    FOR q IN SELECT p.oid::regprocedure AS new FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND starts_with(p.proname, 'ask_') LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', q.new);
        IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'calltrail_analyst') THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO calltrail_analyst', q.new);
        END IF;
    END LOOP;
    RETURN made;
END
$$;
-- +goose StatementEnd
COMMENT ON FUNCTION calltrail.audit_line(calltrail.audit) IS 'The text of an audit row that is hashed: its fields but the hashes, each as length in octets, colon, value, or - for NULL, with commas between; at in microseconds since 1970';
COMMENT ON FUNCTION calltrail.audit_seal(text) IS 'The seal of an entry on its way to audit_append. For the functions of the audit';
COMMENT ON FUNCTION calltrail.is_approver(text) IS 'Whether a login is a member of calltrail_approver';
COMMENT ON FUNCTION calltrail.event_problem(text, text, text, integer) IS 'Why a person may not do something with a request; NULL when he may. For audit_append';
COMMENT ON FUNCTION calltrail.answer_problem(text, text, bigint) IS 'Why so many rows may not be released for a request of a person now; NULL when they may. For audit_append';
COMMENT ON FUNCTION calltrail.audit_append(text, text) IS 'Appends a sealed entry to the audit, and does to the register what it says, or writes down why not. Called by the login of the channel, in a transaction of its own';
COMMENT ON FUNCTION calltrail.audit_remote(jsonb) IS 'Has an entry written by audit_append in another transaction, over the server calltrail_audit, and returns when it stands committed; raises when it does not';
COMMENT ON FUNCTION calltrail.audit_verify(bigint, text) IS 'What does not hold of the audit''s chain, and of the register against it: no row when everything does. A head noted before (its number and hash) shows that no end was cut off';
COMMENT ON FUNCTION calltrail.selector_value(text, text) IS 'The one form in which a selector of a type is stored, compared and handed on';
COMMENT ON FUNCTION calltrail.selectors_of(jsonb) IS 'The selectors of a request in their one form, or an error that says what is wrong with them';
COMMENT ON FUNCTION calltrail.selector_covers(jsonb, text, text, integer) IS 'Whether a selector of the list covers a value of a type, both in their one form';
COMMENT ON FUNCTION calltrail.read_time(text, text) IS 'A time as people write it; without a zone it is read in the one given';
COMMENT ON FUNCTION calltrail.checked_request(jsonb) IS 'A request as it is stored, or an error that says what is wrong with it';
COMMENT ON FUNCTION calltrail.register_step(jsonb) IS 'Has a step of the register written, and raises what did not allow it. For the functions of the register';
COMMENT ON FUNCTION calltrail.register_request(text, text, text, jsonb, timestamptz, timestamptz, text, text, text, text, text, integer) IS 'Registers a request and returns its number. It may be asked for when somebody else has approved it';
COMMENT ON FUNCTION calltrail.open_emergency(text, text, text, jsonb, timestamptz, timestamptz, text, text, text, text, text) IS 'Registers and opens a request without approval, as the officer named for it: few rows, LISTEN calltrail_emergency is told at once, a second person has to approve it within 24 hours';
COMMENT ON FUNCTION calltrail.approve_request(text, text, boolean) IS 'Approves a request that somebody else has registered; of an emergency this is the second approval. unmask: subscribers are shown';
COMMENT ON FUNCTION calltrail.refuse_request(text, text) IS 'Refuses a request that somebody else has registered';
COMMENT ON FUNCTION calltrail.raise_rows(text, integer, text) IS 'Raises the most rows of one answer for a request that somebody else has registered';
COMMENT ON FUNCTION calltrail.close_request(text, text) IS 'Closes a request: nothing is asked for it any more';
COMMENT ON FUNCTION calltrail.request_problem(text) IS 'Why the person of this session may not ask for a request now; NULL when he may';
COMMENT ON FUNCTION calltrail.open_request(text) IS 'Says for which request of one''s own the next questions are asked';
COMMENT ON FUNCTION calltrail.my_requests() IS 'The requests one has registered; for approvers and auditors all';
COMMENT ON FUNCTION calltrail.set_emergency_officer(text) IS 'Names the one person who may open a request without approval; NULL: nobody. For the owner of the schema';
COMMENT ON FUNCTION calltrail.question_call(text, jsonb, calltrail.requests) IS 'Checks a question''s parameters against a request and returns what is run. For ask';
COMMENT ON FUNCTION calltrail.question_parameters(oid) IS 'The parameters of a function, in order';
COMMENT ON FUNCTION calltrail.question_default(oid, text) IS 'The default of a function''s parameter';
COMMENT ON FUNCTION calltrail.mask(jsonb, text[]) IS 'An answer with the values of some keys, at any depth, made NULL';
COMMENT ON FUNCTION calltrail.window_text(timestamptz, timestamptz) IS 'A window for people: in the zone of setting.time_zone and in UTC';
COMMENT ON FUNCTION calltrail.coverage_statement(timestamptz, timestamptz) IS 'What an answer says of what was seen: up to 31 days coverage_note, beyond that how many minutes of each tap were complete';
COMMENT ON FUNCTION calltrail.ask(text, jsonb) IS 'Answers a question for the opened request: rows 1 to n, then one with the coverage only. What is released stands in the audit first, committed by another transaction';
COMMENT ON FUNCTION calltrail.questions() IS 'What can be asked, with the parameters of each';
COMMENT ON FUNCTION calltrail.make_wrappers() IS 'Makes calltrail.ask_<question> for each row of question, and takes away those of questions that are gone. Run it after every change of question';

-- Nobody gets in by what Postgres grants of itself; access init grants what each role needs.
REVOKE ALL ON FUNCTION calltrail.coverage_statement(timestamptz, timestamptz), calltrail.audit_line(calltrail.audit), calltrail.audit_seal(text), calltrail.is_approver(text), calltrail.event_problem(text, text, text, integer),
    calltrail.answer_problem(text, text, bigint), calltrail.audit_append(text, text), calltrail.audit_remote(jsonb), calltrail.audit_verify(bigint, text), calltrail.selector_value(text, text), calltrail.selectors_of(jsonb), calltrail.selector_covers(jsonb, text, text, integer),
    calltrail.read_time(text, text), calltrail.checked_request(jsonb), calltrail.register_step(jsonb),
    calltrail.register_request(text, text, text, jsonb, timestamptz, timestamptz, text, text, text, text, text, integer),
    calltrail.open_emergency(text, text, text, jsonb, timestamptz, timestamptz, text, text, text, text, text),
    calltrail.approve_request(text, text, boolean), calltrail.refuse_request(text, text), calltrail.raise_rows(text, integer, text), calltrail.close_request(text, text),
    calltrail.request_problem(text), calltrail.open_request(text), calltrail.my_requests(), calltrail.set_emergency_officer(text), calltrail.question_call(text, jsonb, calltrail.requests),
    calltrail.question_parameters(oid), calltrail.question_default(oid, text), calltrail.mask(jsonb, text[]), calltrail.window_text(timestamptz, timestamptz),
    calltrail.ask(text, jsonb), calltrail.questions(), calltrail.make_wrappers() FROM PUBLIC;

-- +goose StatementBegin
DO $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT a.attname, col_description(a.attrelid, a.attnum) AS text
          FROM pg_attribute a
         WHERE a.attrelid = 'calltrail.request'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'max_rows'
    LOOP
        EXECUTE format('COMMENT ON COLUMN calltrail.requests.%I IS %L', col.attname, col.text);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$
DECLARE
    f record;
BEGIN
    IF EXISTS (SELECT FROM calltrail.audit) OR EXISTS (SELECT FROM calltrail.request) THEN
        RAISE EXCEPTION 'calltrail.audit or calltrail.request holds rows: evidence is not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
    FOR f IN SELECT p.oid::regprocedure AS old FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND starts_with(p.proname, 'ask_') LOOP
        EXECUTE format('DROP FUNCTION %s', f.old);
    END LOOP;
END
$$;
-- +goose StatementEnd
DROP FUNCTION calltrail.make_wrappers();
DROP FUNCTION calltrail.questions();
DROP FUNCTION calltrail.ask(text, jsonb);
DROP FUNCTION calltrail.coverage_statement(timestamptz, timestamptz);
DROP FUNCTION calltrail.window_text(timestamptz, timestamptz);
DROP FUNCTION calltrail.mask(jsonb, text[]);
DROP FUNCTION calltrail.question_call(text, jsonb, calltrail.requests);
DROP FUNCTION calltrail.question_default(oid, text);
DROP FUNCTION calltrail.question_parameters(oid);
DROP FUNCTION calltrail.set_emergency_officer(text);
DROP FUNCTION calltrail.my_requests();
DROP FUNCTION calltrail.open_request(text);
DROP FUNCTION calltrail.request_problem(text);
DROP FUNCTION calltrail.close_request(text, text);
DROP FUNCTION calltrail.raise_rows(text, integer, text);
DROP FUNCTION calltrail.refuse_request(text, text);
DROP FUNCTION calltrail.approve_request(text, text, boolean);
DROP FUNCTION calltrail.open_emergency(text, text, text, jsonb, timestamptz, timestamptz, text, text, text, text, text);
DROP FUNCTION calltrail.register_request(text, text, text, jsonb, timestamptz, timestamptz, text, text, text, text, text, integer);
DROP FUNCTION calltrail.register_step(jsonb);
DROP FUNCTION calltrail.checked_request(jsonb);
DROP FUNCTION calltrail.read_time(text, text);
DROP FUNCTION calltrail.selector_covers(jsonb, text, text, integer);
DROP FUNCTION calltrail.selectors_of(jsonb);
DROP FUNCTION calltrail.selector_value(text, text);
DROP FUNCTION calltrail.audit_verify(bigint, text);
DROP FUNCTION calltrail.audit_remote(jsonb);
DROP FUNCTION calltrail.audit_append(text, text);
DROP FUNCTION calltrail.answer_problem(text, text, bigint);
DROP FUNCTION calltrail.event_problem(text, text, text, integer);
DROP FUNCTION calltrail.is_approver(text);
DROP FUNCTION calltrail.audit_seal(text);
DROP FUNCTION calltrail.audit_line(calltrail.audit);
DROP VIEW calltrail.audit_emergency;
DROP VIEW calltrail.audit_month;
DROP VIEW calltrail.requests;
DROP TABLE calltrail.audit_secret;
DROP TABLE calltrail.audit;
DROP TABLE calltrail.request_event;
DROP TABLE calltrail.request;
DROP TABLE calltrail.question;
ALTER TABLE calltrail.setting
    DROP COLUMN request_years, DROP COLUMN approval_days, DROP COLUMN emergency_rows, DROP COLUMN emergency_officer, DROP COLUMN time_zone;
