-- What proves the records whole: an entry for every number of every sensor's chain, a ledger of the numbers received,
-- and a place for what could not be taken in. docs/decisions/0004-postgres-schema.md says why entry is not partitioned.

-- +goose Up
CREATE TABLE calltrail.entry (
    sensor      text        NOT NULL,
    epoch       bigint      NOT NULL CHECK (epoch >= 0),
    seq         bigint      NOT NULL CHECK (seq >= 1),
    leaf        bytea       NOT NULL CHECK (octet_length(leaf) = 32),
    hash        bytea       NOT NULL CHECK (octet_length(hash) = 32),
    outcome     text        NOT NULL CHECK (outcome IN ('stored', 'duplicate', 'quarantined')),
    day         date,
    record_id   uuid,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (sensor, epoch, seq),
    CHECK ((outcome = 'quarantined') = (record_id IS NULL)),
    CHECK ((day IS NULL) = (record_id IS NULL))
);

-- From a record to its place on the chain.
CREATE INDEX entry_record_id ON calltrail.entry (record_id) WHERE record_id IS NOT NULL;

COMMENT ON TABLE calltrail.entry IS 'One row for each number on each sensor''s chain. Append-only, and kept when the records are gone: a proof needs its neighbours'' leaves.';
COMMENT ON COLUMN calltrail.entry.sensor IS 'Owner of the chain';
COMMENT ON COLUMN calltrail.entry.epoch IS 'Life of the sensor''s spool: microseconds since 1970 at the moment it was made';
COMMENT ON COLUMN calltrail.entry.seq IS 'Number within the epoch: 1, 2, 3 … without gaps';
COMMENT ON COLUMN calltrail.entry.leaf IS 'SHA-256 of the record''s exact bytes';
COMMENT ON COLUMN calltrail.entry.hash IS 'SHA-256(hash of the entry before, epoch, seq, leaf), the numbers as big-endian 64-bit';
COMMENT ON COLUMN calltrail.entry.outcome IS 'stored; duplicate (the same record_id was there already); quarantined (authentic, but not a record this store can read)';
COMMENT ON COLUMN calltrail.entry.day IS 'Day of the record; NULL when quarantined';
COMMENT ON COLUMN calltrail.entry.record_id IS 'The record; NULL when quarantined';
COMMENT ON COLUMN calltrail.entry.received_at IS 'When the store received it, by the database''s clock';

CREATE TABLE calltrail.ledger (
    sensor     text           NOT NULL,
    epoch      bigint         NOT NULL CHECK (epoch >= 0),
    received   int8multirange NOT NULL DEFAULT '{}',
    head_seq   bigint         NOT NULL DEFAULT 0,
    head_hash  bytea,
    genesis    bytea,
    updated_at timestamptz    NOT NULL,
    PRIMARY KEY (sensor, epoch)
);

COMMENT ON TABLE calltrail.ledger IS 'Which numbers of each chain were received, updated with the entries in one transaction. Only grows.';
COMMENT ON COLUMN calltrail.ledger.sensor IS 'Owner of the chain';
COMMENT ON COLUMN calltrail.ledger.epoch IS 'Life of the sensor''s spool';
COMMENT ON COLUMN calltrail.ledger.received IS 'Numbers received, as ranges';
COMMENT ON COLUMN calltrail.ledger.head_seq IS 'Highest number received; 0: none yet';
COMMENT ON COLUMN calltrail.ledger.head_hash IS 'Hash of the entry with that number';
COMMENT ON COLUMN calltrail.ledger.genesis IS 'What entry 1 is chained to: binds the sensor''s name and public key; NULL until entry 1 was received';
COMMENT ON COLUMN calltrail.ledger.updated_at IS 'When this row last changed, by the database''s clock';

CREATE VIEW calltrail.gap AS
SELECT l.sensor,
       l.epoch,
       lower(missing)                        AS first_seq,
       upper(missing) - 1                    AS last_seq,
       upper(missing) - lower(missing)       AS entries,
       l.head_seq
  FROM calltrail.ledger l,
       unnest(int8multirange(int8range(1, l.head_seq + 1)) - l.received) AS missing;

COMMENT ON VIEW calltrail.gap IS 'Numbers missing below the head of each chain: records that were made and have not arrived. No rows: all sequences are complete.';
COMMENT ON COLUMN calltrail.gap.sensor IS 'Owner of the chain';
COMMENT ON COLUMN calltrail.gap.epoch IS 'Life of the sensor''s spool';
COMMENT ON COLUMN calltrail.gap.first_seq IS 'First missing number';
COMMENT ON COLUMN calltrail.gap.last_seq IS 'Last missing number';
COMMENT ON COLUMN calltrail.gap.entries IS 'How many are missing';
COMMENT ON COLUMN calltrail.gap.head_seq IS 'Highest number received on this chain';

CREATE TABLE calltrail.quarantine (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    sensor      text,
    epoch       bigint,
    seq         bigint,
    origin      text        NOT NULL,
    reason      text        NOT NULL,
    detail      text,
    headers     jsonb,
    body        bytea       NOT NULL,
    sha256      bytea       NOT NULL,
    -- What is read twice from one place is one row: at-least-once delivery.
    UNIQUE (origin, sha256, reason)
);

COMMENT ON TABLE calltrail.quarantine IS 'What arrived and could not be taken in, with the reason. Append-only.';
COMMENT ON COLUMN calltrail.quarantine.id IS 'Number of the row';
COMMENT ON COLUMN calltrail.quarantine.received_at IS 'When it was received, by the database''s clock';
COMMENT ON COLUMN calltrail.quarantine.sensor IS 'Sensor it says it comes from; NULL when not readable';
COMMENT ON COLUMN calltrail.quarantine.epoch IS 'Epoch it says; NULL when not readable';
COMMENT ON COLUMN calltrail.quarantine.seq IS 'Number it says; NULL when not readable';
COMMENT ON COLUMN calltrail.quarantine.origin IS 'Where it was read: topic/partition@offset, or spool and number';
COMMENT ON COLUMN calltrail.quarantine.reason IS 'Why. Alarms, the chain does not hold: leaf_mismatch, hash_mismatch, chain_broken, hash_conflict. Not readable as an entry: bad_entry. Authentic, but no record this store can read: bad_utf8, nul, bad_json, bad_value, unknown_schema, unknown_kind, sensor_mismatch, day_mismatch, day_out_of_range, too_large, refused';
COMMENT ON COLUMN calltrail.quarantine.detail IS 'The same in words';
COMMENT ON COLUMN calltrail.quarantine.headers IS 'Hashes it came with, lower-case hex: {prev_hash, leaf, hash}';
COMMENT ON COLUMN calltrail.quarantine.body IS 'Its exact bytes';
COMMENT ON COLUMN calltrail.quarantine.sha256 IS 'SHA-256 of body';

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.entry) OR EXISTS (SELECT FROM calltrail.quarantine) THEN
        RAISE EXCEPTION 'calltrail.entry or calltrail.quarantine holds rows: evidence is not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE calltrail.quarantine;
DROP VIEW calltrail.gap;
DROP TABLE calltrail.ledger;
DROP TABLE calltrail.entry;
