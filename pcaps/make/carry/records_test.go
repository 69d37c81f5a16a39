package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The record of a call that was carried must be that of the plain call, and say what carried it: the layers that tshark
// finds around the INVITE. Only the sound is less, and SCTP shows as such.
func TestRecordsAreThoseOfThePlainCalls(t *testing.T) {
	for i := range cases {
		c := &cases[i]
		t.Run(c.name, func(t *testing.T) {
			got, want := lastRecord(t, c.name), lastRecord(t, c.from)
			var layers struct {
				Packets []struct {
					VLANs   any              `json:"vlans"`
					Tunnels []map[string]any `json:"tunnels"`
					Above   string           `json:"above"`
				} `json:"packets"`
			}
			if err := json.Unmarshal(read(t, pcaps, c.name, "tunnels.json"), &layers); err != nil {
				t.Fatal(err)
			}
			for _, p := range layers.Packets {
				if p.Above == "fragment" {
					continue
				}
				if vlans, ok := p.VLANs.([]any); ok && len(vlans) > 0 {
					want["vlan"] = vlans
				}
				var tunnels []any
				for _, layer := range p.Tunnels {
					maps.DeleteFunc(layer, func(_ string, v any) bool { return v == nil })
					tunnels = append(tunnels, layer)
				}
				if len(tunnels) > 0 {
					want["tunnel"] = tunnels
				}
				break // the INVITE; SCTP's handshake has nothing around it either
			}
			sound(t, got["media"], want["media"])
			if c.name == "carry-sctp" {
				inSCTP(t, want)
			}
			for _, member := range []string{"media", "record_id", "call_uid", "observer"} { // the last: another file
				delete(got, member)
				delete(want, member)
			}
			for _, member := range slices.Sorted(maps.Keys(want)) {
				if !reflect.DeepEqual(got[member], want[member]) {
					t.Errorf("%s: %v, want %v", member, got[member], want[member])
				}
			}
			for member := range got {
				if _, ok := want[member]; !ok {
					t.Errorf("%s: %v; the plain call has none", member, got[member])
				}
			}
		})
	}
}

// inSCTP makes of a record that of the same call over SCTP.
func inSCTP(t *testing.T, r map[string]any) {
	t.Helper()
	sip, ok := r["sip"].(map[string]any)
	if !ok {
		t.Fatal("the plain call's record has no member sip")
	}
	sip["transport"] = "sctp"
	vias, _ := sip["via"].([]any)
	for i := range vias {
		via, _ := vias[i].(string)
		vias[i] = strings.Replace(via, "/UDP ", "/SCTP ", 1)
	}
}

// sound holds the streams to those of the plain call, of which the first packets were kept.
func sound(t *testing.T, got, want any) {
	t.Helper()
	streams, _ := got.([]any)
	plain, _ := want.([]any)
	if len(streams) != 2 || len(plain) != 2 {
		t.Fatalf("%d streams, the plain call has %d; want 2", len(streams), len(plain))
	}
	for i := range streams {
		s, _ := streams[i].(map[string]any)
		p, _ := plain[i].(map[string]any)
		if s["packets"] != float64(keptMedia) || s["lost"] != float64(0) || s["duplicates"] != float64(0) {
			t.Errorf("stream %d: %v", i+1, s)
		}
		for _, member := range []string{"packets", "octets", "last_at", "jitter_ms"} {
			delete(s, member)
			delete(p, member)
		}
		if !reflect.DeepEqual(s, p) {
			t.Errorf("stream %d: %v, want %v", i+1, s, p)
		}
	}
}

// lastRecord returns the last golden record of a case: the call, ended.
func lastRecord(t *testing.T, name string) (r map[string]any) {
	t.Helper()
	lines := bytes.Split(bytes.TrimSpace(read(t, pcaps, name, "records.jsonl")), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &r); err != nil {
		t.Fatal(err)
	}
	if r["kind"] != "sip" || r["final"] != true {
		t.Fatalf("the last record is no ended call: %s", lines[len(lines)-1])
	}
	return r
}
