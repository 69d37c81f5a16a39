-- What a registration says besides: why it was captured, and what a reader must know of how it was seen.

-- +goose Up
ALTER TABLE calltrail.registration ADD COLUMN legal_basis text, ADD COLUMN flags text[];
COMMENT ON COLUMN calltrail.registration.legal_basis IS 'Legal basis the operator configured for capturing registrations; NULL in replay';
COMMENT ON COLUMN calltrail.registration.flags IS 'What a reader must know of how the event was seen; see docs/record.md';

-- +goose Down
ALTER TABLE calltrail.registration DROP COLUMN legal_basis, DROP COLUMN flags;
