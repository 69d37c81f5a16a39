package evidence

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

func signers(t *testing.T, n int) []*Signer {
	t.Helper()
	list := make([]*Signer, n)
	for i := range list {
		var err error
		if list[i], err = Create(filepath.Join(t.TempDir(), "key")); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func trust(use Use, name string, s *Signer) Statement {
	return Statement{Schema: SchemaKey, Kind: Trust, Use: use, Name: name, PublicKey: s.PublicKey()}
}

func succeed(t *testing.T, old, next *Signer, from, until time.Time) Statement {
	t.Helper()
	s, err := old.Succeed(ForSensor, "edge-1", next.PublicKey(), from, until)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeyring(t *testing.T) {
	k := signers(t, 4)
	revoke := func(by, key *Signer, at time.Time) Statement {
		s, err := by.Revoke(ForSensor, "edge-1", key.PublicKey(), at, "test")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := []Statement{trust(ForSensor, "edge-1", k[0])}
	second := succeed(t, k[0], k[1], day(10), day(11))
	third := succeed(t, k[1], k[2], day(20), day(21))
	unsigned := Statement{Schema: SchemaKey, Kind: Revocation, Use: ForSensor, Name: "edge-1", PublicKey: k[0].PublicKey(), RevokedAt: day(3)}
	cases := []struct {
		name         string
		own, claimed []Statement
		signer       int
		at           int // day of November
		good         bool
	}{
		{"the operator's key", first, nil, 0, 5, true},
		{"nobody's key", first, nil, 1, 5, false},
		{"a successor", first, []Statement{second}, 1, 10, true},
		{"a successor before its time", first, []Statement{second}, 1, 9, false},
		{"the old key in the time of both", first, []Statement{second}, 0, 10, true},
		{"the old key after its time", first, []Statement{second}, 0, 11, false},
		{"the successor's successor, told in another order", first, []Statement{third, second}, 2, 20, true},
		{"a link is missing", first, []Statement{third}, 2, 20, false},
		{"the operator begins later", []Statement{trust(ForSensor, "edge-1", k[1])}, []Statement{second, third}, 2, 20, true},
		{"a trust that the database claims", nil, first, 0, 5, false},
		{"two successors claimed", first, []Statement{second, succeed(t, k[0], k[3], day(10), day(11))}, 1, 10, false},
		{"the operator's successor, another claimed", append(first[:1:1], second), []Statement{succeed(t, k[0], k[3], day(10), day(11))}, 1, 10, true},
		{"the claimed one of those", append(first[:1:1], second), []Statement{succeed(t, k[0], k[3], day(10), day(11))}, 3, 10, false},
		{"revoked by the operator, before", append(first[:1:1], unsigned), nil, 0, 2, true},
		{"revoked by the operator, after", append(first[:1:1], unsigned), nil, 0, 3, false},
		{"an unsigned revocation that the database claims", first, []Statement{unsigned}, 0, 5, true},
		{"a successor that the database claims for a key the operator revoked", append(first[:1:1], unsigned), []Statement{succeed(t, k[0], k[3], day(1), day(2))}, 3, 5, false},
		{"a successor that the operator names for a key he revoked", append(first[:1:1], unsigned, succeed(t, k[0], k[3], day(1), day(2))), nil, 3, 5, true},
		{"revoked by itself", first, []Statement{revoke(k[0], k[0], day(4))}, 0, 5, false},
		{"revoked by its successor", first, []Statement{second, revoke(k[1], k[0], day(4))}, 0, 5, false},
		{"revoked by a stranger", first, []Statement{revoke(k[3], k[0], day(4))}, 0, 5, true},
		{"a successor signed after the revocation", append(first[:1:1], unsigned), []Statement{second}, 1, 10, false},
		{"a deletion key", []Statement{trust(ForDeletion, "edge-1", k[0])}, nil, 0, 5, false},
		{"another sensor's key", []Statement{trust(ForSensor, "edge-2", k[0])}, nil, 0, 5, false},
	}
	for _, c := range cases {
		ring, _ := NewKeyring(c.own, c.claimed)
		s := k[c.signer]
		h := Head{Sensor: "edge-1", Epoch: 7, Seq: 3, Hash: Hash{1}, KeyID: s.KeyID()}
		h.Signature = s.SignHead(h.Sensor, h.Epoch, h.Seq, h.Hash)
		if why := ring.Head(&h, day(c.at)); (why == "") != c.good {
			t.Errorf("%s: good %t, want %t: %q", c.name, why == "", c.good, why)
		}
		h.Seq++
		if ring.Head(&h, day(c.at)) == "" {
			t.Errorf("%s: a head of another number is believed", c.name)
		}
	}
}

// Every member of a statement and of a certificate is signed: changed, neither is one any more.
func TestSignedMembers(t *testing.T) {
	k := signers(t, 2)
	s := succeed(t, k[0], k[1], day(10), day(11))
	c, err := k[0].SignDeletion(Certificate{Sensor: "edge-1", Epoch: 7, FromSeq: 3, ToSeq: 5, HashBefore: Hash{1}, HashLast: Hash{2}, Reason: "retention", By: "officer", At: day(3)})
	if err != nil {
		t.Fatal(err)
	}
	ring, _ := NewKeyring([]Statement{trust(ForDeletion, "officer", k[0])}, nil)
	for _, v := range []any{s, c} {
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(line, &members); err != nil {
			t.Fatal(err)
		}
		believed := func(line []byte) bool {
			if _, ok := v.(Statement); ok {
				_, err := ParseStatement(line)
				return err == nil
			}
			c, err := ParseCertificate(line)
			return err == nil && ring.Certificate(&c) == ""
		}
		if !believed(line) {
			t.Fatalf("%s is not believed as it is", line)
		}
		for name, value := range members {
			for _, other := range []any{changedJSON(value), nil} {
				members[name] = other
				if other == nil {
					delete(members, name)
				}
				forged, err := json.Marshal(members)
				if err != nil {
					t.Fatal(err)
				}
				if believed(forged) {
					t.Errorf("%s: still believed: %s", name, forged)
				}
			}
			members[name] = value
		}
	}
}

func changedJSON(v any) any {
	switch v := v.(type) {
	case float64:
		return v + 1
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at.Add(time.Second)
		}
		other := byte('B')
		if v[1] == other {
			other = 'C'
		}
		return v[:1] + string(other) + v[2:]
	}
	return nil
}

func TestRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sensor.key")
	first, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	own := []Statement{trust(ForSensor, "edge-1", first)}
	rotate := func(n int) *Signer {
		t.Helper()
		if _, err := Rotate(path, ForSensor, "edge-1", day(n), 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		s, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		public, err := LoadPublic(path + PublicSuffix)
		if err != nil || !bytes.Equal(public, s.PublicKey()) {
			t.Fatalf("public key %x is not that of the private one: %v", public, err)
		}
		return s
	}
	second := rotate(10)
	// Interrupted: the next key is made and signed, and not in its place yet.
	next, err := Create(path + nextSuffix)
	if err != nil {
		t.Fatal(err)
	}
	s := succeed(t, second, next, day(19), day(20))
	if err := AppendStatement(path+StatementsSuffix, s); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+nextSuffix+PublicSuffix, path+PublicSuffix); err != nil {
		t.Fatal(err)
	}
	third := rotate(21)
	if third.KeyID() != next.KeyID() {
		t.Error("an interrupted rotation was not finished but begun again")
	}
	data, err := os.ReadFile(path + StatementsSuffix)
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadStatements(bytes.NewReader(data))
	if err != nil || len(list) != 2 {
		t.Fatalf("%d statements, %v", len(list), err)
	}
	ring, remarks := NewKeyring(append(own, list...), nil)
	if keys := ring.List(); len(keys) != 3 || keys[0].Successor != second.KeyID() || keys[2].ID != third.KeyID() || !keys[1].Until.Equal(day(20)) || len(remarks) != 0 {
		t.Errorf("%+v %v", keys, remarks)
	}
}

func TestReadStatements(t *testing.T) {
	k := signers(t, 1)
	line, err := json.Marshal(trust(ForSensor, "edge-1", k[0]))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := ReadStatements(strings.NewReader("# keys\n\n" + string(line) + "\n")); err != nil || len(list) != 1 {
		t.Errorf("%d, %v", len(list), err)
	}
	for name, text := range map[string]string{
		"not JSON":       "x",
		"unknown member": strings.Replace(string(line), `{`, `{"extra":1,`, 1),
		"two values":     string(line) + string(line),
		"short key":      `{"schema":"calltrail.key.v1","kind":"trust","use":"sensor","name":"a","public_key":"AAAA"}`,
		"no name":        strings.Replace(string(line), "edge-1", "", 1),
		"line feed":      strings.Replace(string(line), "edge-1", `edge\n-1`, 1),
		"too long":       strings.Replace(string(line), "edge-1", strings.Repeat("x", 5000), 1),
	} {
		if list, err := ReadStatements(strings.NewReader(text)); err == nil {
			t.Errorf("%s: taken: %+v", name, list)
		} else if len(err.Error()) > 400 {
			t.Errorf("%s: an error of %d octets", name, len(err.Error()))
		}
	}
}

func TestAnchors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchors")
	h := Head{At: day(3), Sensor: "edge-1", Epoch: 7, Seq: 3, Hash: Hash{1, 2}, KeyID: "0123456789abcdef", Signature: []byte("s")}
	if err := AppendAnchors(path, []Head{h}); err != nil {
		t.Fatal(err)
	}
	// A crash cut the line that came next; what is appended after it stands on a line of its own.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"schema":"calltrail.anch`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	h.Seq = 9
	if err := AppendAnchors(path, []Head{h}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list, bad, err := ReadAnchors(bytes.NewReader(data))
	if err != nil || bad != 1 || len(list) != 2 || list[0].Seq != 3 || list[1].Seq != 9 || list[1].Hash != h.Hash {
		t.Errorf("%+v, %d bad, %v", list, bad, err)
	}
}
