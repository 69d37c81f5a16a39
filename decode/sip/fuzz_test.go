package sip

import (
	"bytes"
	"slices"
	"testing"

	"calltrail/decode/fuzzbound"
)

func FuzzMessage(f *testing.F) {
	for _, seed := range [][]byte{invite, ok200, ack, trunkInvite} {
		f.Add(seed)
	}
	for _, rfc := range tortures {
		for _, c := range slices.Concat(rfc.tables...) {
			f.Add(tortureMessage(f, rfc.folder+"/"+c.name))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() {
			var m Message
			if m.Parse(b) == nil {
				readAll(&m)
				m.Keep(nil)
			}
		})
		var m Message
		if m.Parse(b) != nil {
			return
		}
		if len(m.Body()) > len(b) || m.IsRequest() != (m.Status() == 0) {
			t.Error("body or status out of bounds")
		}
		readAll(&m)
		before := keptOf(&m)
		dst := m.Keep(nil)
		if len(dst) > len(b)+4*MaxValue {
			t.Errorf("Keep made %d octets of %d", len(dst), len(b))
		}
		after := keptOf(&m)
		for id := range HeaderIDs {
			// Of these Keep takes something out on purpose.
			h := HeaderID(id) // #nosec G115 -- an index of that type
			if h.hasURI() && bytes.IndexByte([]byte(before.values[id]), '?') >= 0 || h == HeaderAuthorization || h == HeaderProxyAuthorization {
				before.values[id], after.values[id] = "", ""
			}
		}
		if bytes.IndexByte([]byte(before.requestURI), '?') >= 0 {
			before.requestURI, after.requestURI = "", ""
		}
		if after != before && m.Anomalies()&TooManyHeaders == 0 {
			t.Errorf("after Keep  %+v\nbefore Keep %+v", after, before)
		}
	})
}

func FuzzValue(f *testing.F) {
	for _, c := range valueSeeds {
		f.Add([]byte(c))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lent := make([]byte, 0, len(b))
		fuzzbound.Check(t, len(b), func() { readValue(lent, b) })
		dst := make([]byte, 0, 64)
		readValue(dst, b)
		if u, err := ParseURI(b); err == nil && u.Scheme != SchemeOther && u.Scheme != SchemeTel && len(u.Host) == 0 {
			t.Error("a SIP URI without host")
		}
		n := 0
		for rest, ok := b, true; ok; n++ {
			_, rest, ok = nextElement(rest)
		}
		if n > len(b)+1 {
			t.Errorf("%d elements", n)
		}
	})
}

func FuzzRedacted(f *testing.F) {
	for _, c := range redactions {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { AppendRedacted(nil, b) })
		once := AppendRedacted(nil, b)
		if len(once) > len(b)+len(RedactionMark)*(len(b)+1) {
			t.Errorf("%d octets from %d", len(once), len(b))
		}
		if u, err := ParseURI(once); err == nil && len(u.Password) > 0 && string(u.Password) != RedactionMark {
			t.Errorf("password %q left in %q", u.Password, once)
		}
	})
}
