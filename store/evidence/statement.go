package evidence

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Use is what a key signs.
type Use string

// The uses. A key of one is never believed for another.
const (
	ForSensor   Use = "sensor"   // heads of the chains of the sensor it is named after
	ForDeletion Use = "deletion" // deletion certificates
	ForEvidence Use = "evidence" // manifests of bundles
)

// Uses lists them in the order that help shows.
func Uses() []string { return []string{string(ForSensor), string(ForDeletion), string(ForEvidence)} }

// Kinds of a Statement.
const (
	Trust      = "trust"      // the operator's word: only in the operator's own file, and not signed
	Succession = "succession" // the old key signs the new one
	Revocation = "revocation" // signed by the key itself or by its successor; in the operator's file also without
)

// SchemaKey is the format of a Statement.
const SchemaKey = "calltrail.key.v1"

// Bounds of a file of statements, anchors or certificates: a line, and the lines.
const (
	maxLine  = 4096
	maxLines = 1_000_000
)

// Statement is one line of a key file: who has a key, which key follows it, or that it must no longer be believed.
type Statement struct {
	Schema string `json:"schema"`
	Kind   string `json:"kind"`
	Use    Use    `json:"use"`
	// Name of the sensor; of a deletion key, who deletes. Up to 255 octets, no control characters.
	Name string `json:"name"`
	// PublicKey, 32 octets in base64: the key it is about; of a succession the new one.
	PublicKey []byte `json:"public_key"`
	// OldKey is the key that is followed; of a revocation the key that signs it.
	OldKey []byte `json:"old_key,omitempty"`
	// ValidFrom and ValidUntil bound the time of what the key may sign, the end excluded; zero: no bound.
	ValidFrom  time.Time `json:"valid_from,omitzero"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
	// OldUntil ends the validity of the key that is followed.
	OldUntil time.Time `json:"old_valid_until,omitzero"`
	// RevokedAt, and why. What it signed before stays good.
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	Reason    string    `json:"reason,omitempty"`
	// Signature by OldKey, Ed25519, base64.
	Signature []byte `json:"signature,omitempty"`
}

// KeyID names the key the statement is about.
func (s *Statement) KeyID() string { return KeyID(s.PublicKey) }

// message is what is signed of a statement: each value on a line of its own, and no value holds a line feed.
//
//	calltrail-key-v1
//	kind
//	use
//	name
//	new key, or the one revoked: 64 hexadecimal digits
//	the key that signs: 64 hexadecimal digits
//	valid_from, valid_until, old_valid_until, revoked_at: RFC 3339 in UTC, or "-"; a line each
//	reason
func (s *Statement) message() []byte {
	var b bytes.Buffer
	for _, line := range []string{
		"calltrail-key-v1", s.Kind, string(s.Use), s.Name, hex.EncodeToString(s.PublicKey), hex.EncodeToString(s.OldKey),
		instant(s.ValidFrom), instant(s.ValidUntil), instant(s.OldUntil), instant(s.RevokedAt), s.Reason,
	} {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// signed says whether the statement has the signature of its OldKey.
func (s *Statement) signed() bool {
	return len(s.OldKey) == PublicKeySize && ed25519.Verify(s.OldKey, s.message(), s.Signature)
}

// check says what is wrong with a statement's form.
func (s *Statement) check() error {
	switch {
	case s.Schema != SchemaKey:
		return fmt.Errorf("schema %.64q, want %q", s.Schema, SchemaKey)
	case !slices.Contains(Uses(), string(s.Use)):
		return fmt.Errorf("use %.64q, want one of %s", s.Use, strings.Join(Uses(), ", "))
	case len(s.PublicKey) != PublicKeySize:
		return fmt.Errorf("public_key has %d octets, want %d", len(s.PublicKey), PublicKeySize)
	}
	if err := plainText("name", s.Name, 255); err != nil || s.Name == "" {
		return errors.Join(err, errEmpty("name", s.Name))
	}
	if err := plainText("reason", s.Reason, 1024); err != nil {
		return err
	}
	switch s.Kind {
	case Trust:
		if len(s.OldKey) != 0 || len(s.Signature) != 0 {
			return errors.New("a trust is the operator's word and carries no signature")
		}
	case Succession:
		if !s.signed() {
			return errors.New("the old key's signature does not hold")
		}
		if bytes.Equal(s.OldKey, s.PublicKey) {
			return errors.New("a key does not follow itself")
		}
	case Revocation:
		if s.RevokedAt.IsZero() {
			return errors.New("no revoked_at")
		}
		if len(s.Signature) != 0 && !s.signed() {
			return errors.New("the signature does not hold")
		}
	default:
		return fmt.Errorf("kind %.64q, want %q, %q or %q", s.Kind, Trust, Succession, Revocation)
	}
	return nil
}

func errEmpty(name, value string) error {
	if value == "" {
		return fmt.Errorf("no %s", name)
	}
	return nil
}

// plainText refuses what would make another message of the same lines.
func plainText(name, value string, longest int) error {
	if len(value) > longest {
		return fmt.Errorf("%s has %d octets, at most %d are allowed", name, len(value), longest)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return fmt.Errorf("%s holds a control character", name)
	}
	return nil
}

// Succeed signs next as the key that follows this one for use and name: valid from, and this one until until.
func (s *Signer) Succeed(use Use, name string, next ed25519.PublicKey, from, until time.Time) (Statement, error) {
	st := Statement{
		Schema: SchemaKey, Kind: Succession, Use: use, Name: name, PublicKey: next, OldKey: s.PublicKey(),
		ValidFrom: from.UTC(), OldUntil: until.UTC(),
	}
	st.Signature = ed25519.Sign(s.key, st.message())
	return st, st.check()
}

// Revoke signs that key must not be believed for what it signs from at on. The signer is key itself or its successor.
func (s *Signer) Revoke(use Use, name string, key ed25519.PublicKey, at time.Time, reason string) (Statement, error) {
	st := Statement{
		Schema: SchemaKey, Kind: Revocation, Use: use, Name: name, PublicKey: key, OldKey: s.PublicKey(),
		RevokedAt: at.UTC(), Reason: reason,
	}
	st.Signature = ed25519.Sign(s.key, st.message())
	return st, st.check()
}

// ParseStatement reads one line.
func ParseStatement(line []byte) (Statement, error) {
	var s Statement
	if err := strict(line, &s); err != nil {
		return s, err
	}
	return s, s.check()
}

// ReadStatements reads a key file: one statement a line, JSON; empty lines and those that begin with # are skipped. A
// line that is wrong ends it: a file somebody trusts is read whole or not at all.
func ReadStatements(r io.Reader) (list []Statement, err error) {
	err = eachLine(r, func(line []byte) error {
		s, err := ParseStatement(line)
		list = append(list, s)
		return err
	})
	return list, err
}

// eachLine hands out the lines of a file that say something, bounded.
func eachLine(r io.Reader, do func([]byte) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	for n := 1; in.Scan(); n++ {
		line := bytes.TrimSpace(in.Bytes())
		if n > maxLines {
			return fmt.Errorf("more than %d lines", maxLines)
		}
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if err := do(line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line is longer than %d octets", maxLine)
	}
	return in.Err()
}

// strict decodes one JSON object, of known members only: an unknown one may be what makes the difference.
func strict(line []byte, into any) error {
	if len(line) > maxLine {
		return fmt.Errorf("longer than %d octets", maxLine)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not a JSON object of this kind: %.200s", err.Error())
	}
	if d.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}
