package evidence

import (
	"bytes"
	"testing"

	"calltrail/decode/fuzzbound"
)

// Statements, certificates and anchors come from a database or a file that somebody else may have written.
func FuzzEvidence(f *testing.F) {
	f.Add([]byte(`{"schema":"calltrail.key.v1","kind":"trust","use":"sensor","name":"edge-1","public_key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}`))
	f.Add([]byte(`{"schema":"calltrail.deletion.v1","sensor":"edge-1","epoch":7,"from_seq":3,"to_seq":5,"count":3,"hash_before":"00","reason":"r","by":"b","at":"2026-11-03T00:00:00Z"}`))
	f.Add([]byte(`{"schema":"calltrail.anchor.v1","at":"2026-11-03T00:00:00Z","sensor":"edge-1","epoch":7,"seq":3,"hash":"00","key_id":"0","signature":"AA=="}`))
	f.Add([]byte("# only\n\n{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzbound.Check(t, 8*len(data), func() {
			if c, err := ParseCertificate(data); err == nil && c.Count != c.ToSeq-c.FromSeq+1 {
				t.Errorf("%+v", c)
			}
		})
		fuzzbound.Check(t, 8*len(data), func() {
			if list, err := ReadStatements(bytes.NewReader(data)); err == nil {
				NewKeyring(list, list)
			} else if len(err.Error()) > 1024 {
				t.Errorf("an error of %d octets", len(err.Error()))
			}
		})
		fuzzbound.Check(t, 8*len(data), func() {
			list, _, _ := ReadAnchors(bytes.NewReader(data))
			for i := range list {
				if list[i].Sensor == "" {
					t.Errorf("%+v", list[i])
				}
			}
		})
	})
}
