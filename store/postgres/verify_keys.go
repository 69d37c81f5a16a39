package postgres

import (
	"context"
	"encoding/json"
	"errors"

	"calltrail/store/evidence"
)

// ReadKeyStatements returns what the database says of keys. It is the word of whoever owns the database: evidence.NewKeyring
// takes of it what is signed. Rows that are no statements are left out.
func ReadKeyStatements(ctx context.Context, c Config) (list []evidence.Statement, err error) {
	conn, err := connectReader(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, wrap("read the keys", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing was written
	v := newVerifier(VerifyQuery{})
	v.tx = tx
	list, err = v.statements(ctx)
	return list, wrap("read the keys", err)
}

// AddKeyStatements writes signed statements to calltrail.key, and returns how many were new. It needs INSERT on the table.
func AddKeyStatements(ctx context.Context, c Config, list []evidence.Statement) (added int, err error) {
	conn, err := Connect(ctx, c)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	for i := range list {
		s := &list[i]
		line, err := json.Marshal(s)
		if err != nil {
			return added, err
		}
		tag, err := conn.Exec(ctx, `INSERT INTO calltrail.key (kind, key_use, key_name, key_id, statement) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (statement) DO NOTHING`, s.Kind, string(s.Use), s.Name, s.KeyID(), string(line))
		if err != nil {
			return added, wrap("write a key", err)
		}
		added += int(tag.RowsAffected())
	}
	return added, nil
}
