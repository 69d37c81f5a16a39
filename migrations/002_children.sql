-- What belongs to a record beside its row: its exact bytes, and every address it names.

-- +goose Up
CREATE TABLE calltrail.record_body (
    day       date  NOT NULL,
    record_id uuid  NOT NULL,
    body      bytea NOT NULL,
    PRIMARY KEY (day, record_id)
) PARTITION BY RANGE (day);

-- lz4 is several times faster than the default; a server built without it keeps the default.
-- +goose StatementBegin
DO $$
BEGIN
    ALTER TABLE calltrail.record_body ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this server has no lz4: bodies are compressed with pglz';
END
$$;
-- +goose StatementEnd

COMMENT ON TABLE calltrail.record_body IS 'The exact bytes of each record as its sensor hashed them: what is shown to a court. Append-only.';
COMMENT ON COLUMN calltrail.record_body.day IS 'Day of the record; the partition key';
COMMENT ON COLUMN calltrail.record_body.record_id IS 'Record these bytes are';
COMMENT ON COLUMN calltrail.record_body.body IS 'One JSON object, UTF-8; its SHA-256 is the leaf of its entry';

CREATE TABLE calltrail.endpoint (
    day       date        NOT NULL,
    record_id uuid        NOT NULL,
    call_uid  uuid,
    ip        inet        NOT NULL,
    port      integer     NOT NULL CHECK (port BETWEEN 0 AND 65535),
    roles     text[]      NOT NULL,
    first_at  timestamptz NOT NULL,
    last_at   timestamptz NOT NULL CHECK (last_at >= first_at)
) PARTITION BY RANGE (day);

-- "Who used this address and port at this time": all four columns of the question, in one index. It is the only one: a
-- call has half a dozen of these rows, and a key on (day, record_id, ip, port) would double their price to guard what
-- the loader guarantees, that they are written with their record and once.
CREATE INDEX endpoint_use ON calltrail.endpoint (ip, port, first_at, last_at);

COMMENT ON TABLE calltrail.endpoint IS 'Every address and port a record names, with its roles and the time it was used: one row for each (day, record_id, ip, port). Append-only.';
COMMENT ON COLUMN calltrail.endpoint.day IS 'Day of the record; the partition key';
COMMENT ON COLUMN calltrail.endpoint.record_id IS 'Record that names the address';
COMMENT ON COLUMN calltrail.endpoint.call_uid IS 'Call of that record; NULL for a registration';
COMMENT ON COLUMN calltrail.endpoint.ip IS 'Address';
COMMENT ON COLUMN calltrail.endpoint.port IS 'Port; 0 when none was named';
COMMENT ON COLUMN calltrail.endpoint.roles IS 'What for, all that apply. Seen on the wire: caller_signalling, callee_signalling, hop, media_from_caller, media_to_callee, media_from_callee, media_to_caller, media (direction unknown), registrant, registrar. Only named in a message: via, contact, media_signalled';
COMMENT ON COLUMN calltrail.endpoint.first_at IS 'From when';
COMMENT ON COLUMN calltrail.endpoint.last_at IS 'Until when';

-- +goose Down
DROP TABLE calltrail.endpoint;
DROP TABLE calltrail.record_body;
