package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"calltrail/cdr/record"
	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle/answer"
	"calltrail/store/evidence/bundle/form"
)

const program = "calltrail test"

// keys are the two keys of a test, and the operator's file that names them.
type keys struct {
	sensor, evidence *evidence.Signer
	own              []evidence.Statement
}

func newKeys(t testing.TB) *keys {
	t.Helper()
	k := &keys{sensor: newKey(t), evidence: newKey(t)}
	k.own = []evidence.Statement{
		{Schema: evidence.SchemaKey, Kind: evidence.Trust, Use: evidence.ForSensor, Name: "golden", PublicKey: k.sensor.PublicKey()},
		{Schema: evidence.SchemaKey, Kind: evidence.Trust, Use: evidence.ForEvidence, Name: "Example Broadband", PublicKey: k.evidence.PublicKey()},
	}
	return k
}

func newKey(t testing.TB) *evidence.Signer {
	t.Helper()
	s, err := evidence.Create(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hoax is the record of pcaps/hoax-call, another call of the same evening, one by a VPN, and one in an application.
func bodies(t testing.TB) (list [][]byte) {
	t.Helper()
	for _, name := range []string{"hoax-call", "answered", "busy"} {
		data, err := os.ReadFile("../../../pcaps/" + name + "/records.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, bytes.SplitAfter(data, []byte("\n"))[0])
	}
	for i := range list {
		list[i] = bytes.TrimSuffix(list[i], []byte("\n"))
	}
	return list
}

// chainOf puts bodies on a chain: between them, strangers' leaves; behind each the minute's coverage event with the signed head.
func chainOf(t testing.TB, k *keys, list [][]byte) []json.RawMessage {
	t.Helper()
	var lines []json.RawMessage
	const epoch = 1_795_321_725_000_000
	prev := evidence.Genesis("golden", k.sensor.PublicKey())
	seq := uint64(0)
	next := func(leaf [32]byte) [32]byte {
		seq++
		prev = evidence.Link(prev, epoch, seq, leaf)
		return prev
	}
	for i, body := range list {
		next(sha256.Sum256(fmt.Append(nil, "stranger before", i)))
		row := answer.Row{Sensor: "golden", Epoch: epoch, Seq: seq + 1, Prev: prev, Leaf: sha256.Sum256(body), Body: body}
		row.Hash = next(row.Leaf)
		if i > 0 || len(list) == 1 { // the first record shares its stretch with the second
			for n := range 3 {
				leaf := sha256.Sum256(fmt.Append(nil, "stranger", i, n))
				next(leaf)
				row.After = append(row.After, leaf[:]...)
			}
			row.Event = event(k, epoch, seq, prev)
			leaf := sha256.Sum256(row.Event)
			next(leaf)
			row.After = append(row.After, leaf[:]...)
		} else {
			leaf := sha256.Sum256(fmt.Append(nil, "stranger before", i+1))
			row.After = leaf[:] // what the next turn of the loop puts there
		}
		line, err := json.Marshal(&row)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func event(k *keys, epoch, seq uint64, hash [32]byte) []byte {
	const minute = record.Time(1_795_321_740_000_000)
	c := record.Coverage{
		Schema: record.SchemaCoverage, Kind: record.KindCoverage, Day: minute.Day(), Sensor: "golden", Tap: "eth1",
		Minute: minute, From: minute, To: minute + 60_000_000, State: "complete",
		Head: record.ChainHead{
			Epoch: epoch, Seq: seq, Hash: fmt.Sprintf("%x", hash), KeyID: k.sensor.KeyID(),
			Signature: base64.StdEncoding.EncodeToString(k.sensor.SignHead("golden", epoch, seq, hash)),
		},
		Observer: record.Observer{Version: "1"},
	}
	return c.Append(nil)
}

func meta() answer.Meta {
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	return answer.Meta{
		Schema: answer.Schema, Program: program, At: at, By: "meera.analyst", Question: "of_request", AuditID: 17,
		Coverage: "From 22 November 2026, 09:30:00 IST to 10:30:00 IST, 2 taps: complete but for tap eth1, blind from 10:02:00 to 10:03:00 IST",
		Template: "dot-ipdr",
		Request: answer.Request{
			ID: "R-2026-000017", Agency: "Crime Branch, Mumbai Police", Officer: "A. Deshmukh", Rank: "Superintendent of Police",
			OrderRef: "CB/2026/4471", Section: "BNSS s. 94", CaseRef: "CR 118/2026", Purpose: "Hoax call to a school",
			Selectors: []answer.Selector{{Type: "number", Value: "+911205550170"}},
			From:      at.Add(-2 * time.Hour), To: at.Add(-time.Hour), Document: fmt.Sprintf("%x", sha256.Sum256([]byte("letter"))),
			RequestedBy: "meera.analyst", RequestedAt: at.Add(-30 * time.Minute), ApprovedBy: "rao.approver", ApprovedAt: at.Add(-20 * time.Minute),
		},
		Provider: answer.Provider{
			Name: "Example Broadband India", Address: "12 Sector 62, Noida 201309", Officer: "S. Rao", Designation: "Nodal Officer",
			Make: "Supermicro", Model: "SYS-510P", Serial: "S510P-0042", MAC: "00:00:5e:00:53:01", Home: "IN",
		},
	}
}

func newAnswer(t testing.TB, k *keys, list [][]byte) *answer.Answer {
	t.Helper()
	a, err := answer.New(meta(), chainOf(t, k, list))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// ipdr is the form of meta.
func ipdr(t testing.TB) *form.Template {
	t.Helper()
	f, err := form.Get("dot-ipdr")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// whole makes the bundle of the fixture.
func whole(t testing.TB, k *keys) ([]byte, *answer.Answer) {
	t.Helper()
	a := newAnswer(t, k, bodies(t))
	data, _, err := Make(a, ipdr(t), k.evidence, "Example Broadband")
	if err != nil {
		t.Fatal(err)
	}
	return data, a
}

func sum(data []byte) evidence.Hash { return sha256.Sum256(data) }
