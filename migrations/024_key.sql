-- What `calltrail verify` reads beside the chains: statements about keys, and certificates of what was deleted on purpose.
-- Neither is believed because it stands here. A statement counts when a key the operator trusts has signed it, directly or
-- through others; a certificate when a key trusted for deletions has. docs/evidence.md has the signed octets.

-- +goose Up
CREATE TABLE calltrail.key (
    statement_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('succession', 'revocation')),
    key_use      text        NOT NULL CHECK (key_use IN ('sensor', 'deletion')),
    key_name     text        NOT NULL CHECK (key_name <> ''),
    key_id       text        NOT NULL CHECK (key_id ~ '^[0-9a-f]{16}$'),
    statement    text        NOT NULL UNIQUE CHECK (octet_length(statement) <= 4096),
    added_at     timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE calltrail.key IS 'Signed statements about keys: which key follows which, and which must no longer be believed. Append-only. Nothing here convinces calltrail verify by itself: it follows signatures from the keys the operator names.';
COMMENT ON COLUMN calltrail.key.statement_id IS 'Identity';
COMMENT ON COLUMN calltrail.key.kind IS 'succession (the old key signs the new) or revocation';
COMMENT ON COLUMN calltrail.key.key_use IS 'What the key signs: sensor (heads of chains) or deletion (deletion certificates)';
COMMENT ON COLUMN calltrail.key.key_name IS 'Whose key it is: of a sensor its name';
COMMENT ON COLUMN calltrail.key.key_id IS 'The key it is about: first 16 hex digits of the SHA-256 of the public key';
COMMENT ON COLUMN calltrail.key.statement IS 'The statement itself, one JSON object; the other columns repeat it for readers';
COMMENT ON COLUMN calltrail.key.added_at IS 'When it was put here, by the database''s clock';

CREATE TABLE calltrail.deletion_certificate (
    sensor      text        NOT NULL,
    epoch       bigint      NOT NULL CHECK (epoch >= 0),
    from_seq    bigint      NOT NULL CHECK (from_seq >= 1),
    to_seq      bigint      NOT NULL CHECK (to_seq >= from_seq),
    certificate text        NOT NULL CHECK (octet_length(certificate) <= 4096),
    added_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sensor, epoch, from_seq)
);

COMMENT ON TABLE calltrail.deletion_certificate IS 'Signed certificates of deletion: the numbers of a chain whose records were removed on purpose, why, and by whom. Append-only. calltrail verify accepts exactly these ranges as missing.';
COMMENT ON COLUMN calltrail.deletion_certificate.sensor IS 'Sensor whose chain it is';
COMMENT ON COLUMN calltrail.deletion_certificate.epoch IS 'Epoch of the chain';
COMMENT ON COLUMN calltrail.deletion_certificate.from_seq IS 'First number deleted';
COMMENT ON COLUMN calltrail.deletion_certificate.to_seq IS 'Last number deleted';
COMMENT ON COLUMN calltrail.deletion_certificate.certificate IS 'The certificate itself, one JSON object; the other columns repeat it for readers';
COMMENT ON COLUMN calltrail.deletion_certificate.added_at IS 'When it was put here, by the database''s clock';

-- verify looks the bytes of a quarantined entry up by its place on the chain.
CREATE INDEX quarantine_place ON calltrail.quarantine (sensor, seq) WHERE seq IS NOT NULL;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.key FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON calltrail.deletion_certificate FOR EACH ROW EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.key EXECUTE FUNCTION calltrail.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON calltrail.deletion_certificate EXECUTE FUNCTION calltrail.refuse_change();

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM calltrail.key) OR EXISTS (SELECT FROM calltrail.deletion_certificate) THEN
        RAISE EXCEPTION 'calltrail.key or calltrail.deletion_certificate holds rows: evidence is not dropped by a migration'
            USING HINT = 'Drop the database instead, when that is what is meant.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP INDEX calltrail.quarantine_place;
DROP TABLE calltrail.deletion_certificate;
DROP TABLE calltrail.key;
