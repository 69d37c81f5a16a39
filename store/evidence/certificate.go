package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// SchemaDeletion is the format of a Certificate.
const SchemaDeletion = "calltrail.deletion.v1"

// Certificate says that a range of numbers of one chain was deleted on purpose: by whom, when and why. It keeps the hashes
// at both sides, so that the chain can be followed across it.
type Certificate struct {
	Schema  string `json:"schema"`
	Sensor  string `json:"sensor"`
	Epoch   uint64 `json:"epoch"`
	FromSeq uint64 `json:"from_seq"`
	ToSeq   uint64 `json:"to_seq"`
	// Count of the numbers, ToSeq - FromSeq + 1: said twice, so that a slip shows.
	Count uint64 `json:"count"`
	// HashBefore is the hash of entry FromSeq - 1 (of the chain's beginning for 1), HashLast that of entry ToSeq.
	HashBefore Hash `json:"hash_before"`
	HashLast   Hash `json:"hash_last"`
	// Reason, By (who ordered it) and At (when).
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	// KeyID of the deletion key, and its Ed25519 signature.
	KeyID     string `json:"key_id"`
	Signature []byte `json:"signature"`
}

// Hash is a SHA-256 that is written as 64 lower-case hexadecimal digits.
type Hash [32]byte

// MarshalText writes the digits.
func (h Hash) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", h[:]), nil }

// UnmarshalText reads exactly 64 lower-case digits.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 64 {
		return fmt.Errorf("a hash has 64 hexadecimal digits, not %d", len(text))
	}
	for i := range h {
		n, err := strconv.ParseUint(string(text[2*i:2*i+2]), 16, 8)
		if err != nil || bytes.ContainsAny(text[2*i:2*i+2], "ABCDEF+-_") {
			return fmt.Errorf("a hash has lower-case hexadecimal digits only: %.64q", text)
		}
		h[i] = byte(n)
	}
	return nil
}

// message is what is signed, each value on a line of its own; no value holds a line feed:
//
//	calltrail-deletion-v1
//	sensor
//	epoch, from_seq, to_seq, count: decimal, a line each
//	hash_before, hash_last: 64 lower-case hexadecimal digits, a line each
//	reason
//	by
//	at, RFC 3339 in UTC
func (c *Certificate) message() []byte {
	return fmt.Appendf(nil, "calltrail-deletion-v1\n%s\n%d\n%d\n%d\n%d\n%x\n%x\n%s\n%s\n%s\n",
		c.Sensor, c.Epoch, c.FromSeq, c.ToSeq, c.Count, c.HashBefore[:], c.HashLast[:], c.Reason, c.By, instant(c.At))
}

func (c *Certificate) check() error {
	switch {
	case c.Schema != SchemaDeletion:
		return fmt.Errorf("schema %.64q, want %q", c.Schema, SchemaDeletion)
	case c.Sensor == "" || c.Reason == "" || c.By == "" || c.At.IsZero():
		return errors.New("sensor, reason, by and at must not be empty")
	case c.FromSeq < 1 || c.ToSeq < c.FromSeq || c.ToSeq >= math.MaxInt64 || c.Epoch > math.MaxInt64:
		return fmt.Errorf("epoch %d, numbers %d to %d: no range", c.Epoch, c.FromSeq, c.ToSeq)
	case c.Count != c.ToSeq-c.FromSeq+1:
		return fmt.Errorf("count %d, but %d to %d are %d numbers", c.Count, c.FromSeq, c.ToSeq, c.ToSeq-c.FromSeq+1)
	}
	return errors.Join(plainText("sensor", c.Sensor, 255), plainText("reason", c.Reason, 1024), plainText("by", c.By, 255))
}

// SignDeletion fills in the schema, the count and the key, and signs. It refuses what ParseCertificate would not take.
func (s *Signer) SignDeletion(c Certificate) (Certificate, error) {
	c.Schema, c.At, c.KeyID = SchemaDeletion, c.At.UTC(), s.KeyID()
	c.Count = c.ToSeq - c.FromSeq + 1
	if err := c.check(); err != nil {
		return c, err
	}
	c.Signature = ed25519.Sign(s.key, c.message())
	return c, nil
}

// Line is the certificate as it is kept: one JSON object without a line feed.
func (c *Certificate) Line() ([]byte, error) { return json.Marshal(c) }

// ParseCertificate reads one. Whether it is to be believed, a Keyring says.
func ParseCertificate(line []byte) (Certificate, error) {
	var c Certificate
	if err := strict(line, &c); err != nil {
		return c, err
	}
	return c, c.check()
}
