// Package truth holds the golden records against what the programs of a capture say they sent (truth.json), an opinion that
// owes nothing to any decoder. It has tests alone.
package truth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// said is truth.json; pcaps/README.md describes it.
type said struct {
	Kind  string `json:"kind"`
	Calls int    `json:"calls"`
	Hosts []struct {
		Host    string   `json:"host"`
		Address string   `json:"address"`
		Relays  []string `json:"relays"`
		Paths   []struct {
			Remote struct{ Type, Address string } `json:"remote"`
		} `json:"paths"`
		Sent []struct {
			SSRC    string  `json:"ssrc"`
			Packets int     `json:"packets"`
			FirstAt float64 `json:"first_at"`
			LastAt  float64 `json:"last_at"`
		} `json:"sent"`
	} `json:"hosts"`
}

// call is what a record has of it.
type call struct {
	CallUID string `json:"call_uid"`
	Kind    string `json:"kind"`
	App     *struct {
		Client, Peer, Relay *end
		PeerSeen            bool `json:"peer_seen"`
	} `json:"app"`
	Media []struct {
		SSRC     *uint32 `json:"ssrc"`
		Observed *struct {
			Src end `json:"src"`
		} `json:"observed"`
		FirstAt time.Time `json:"first_at"`
		LastAt  time.Time `json:"last_at"`
		Packets int       `json:"packets"`
	} `json:"media"`
}

type end struct {
	IP   string `json:"ip"`
	Port int    `json:"port"`
}

// The records must be as many as there were calls, of the kind, with every packet that a program sent, at its time.
func TestRecordsAgreeWithThePrograms(t *testing.T) {
	cases, err := filepath.Glob("../../*/truth.json")
	if err != nil || len(cases) < 9 {
		t.Fatalf("%d cases with truth.json, want 9 or more: %v", len(cases), err)
	}
	for _, file := range cases {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want said
			if err := json.Unmarshal(read(t, file), &want); err != nil {
				t.Fatal(err)
			}
			calls := records(t, filepath.Join(dir, "records.jsonl"))
			counted(t, &want, calls)
			streams(t, &want, calls)
			for _, c := range calls {
				if c.App != nil {
					ends(t, &want, c)
				}
			}
		})
	}
}

// records returns the newest revision of each call in the order of the file.
func records(t *testing.T, file string) (calls []*call) {
	t.Helper()
	at := map[string]int{}
	for line := range bytes.Lines(read(t, file)) {
		c := &call{}
		if err := json.Unmarshal(line, c); err != nil {
			t.Fatal(err)
		}
		i, again := at[c.CallUID]
		switch {
		case c.CallUID == "": // an event
		case again:
			calls[i] = c
		default:
			at[c.CallUID] = len(calls)
			calls = append(calls, c)
		}
	}
	return calls
}

// counted compares the number of calls. Beside a call with signalling RTP may stand alone that no signalling names.
func counted(t *testing.T, want *said, calls []*call) {
	t.Helper()
	kinds := map[string]int{}
	for _, c := range calls {
		kinds[c.Kind]++
	}
	for _, kind := range []string{"app", "media", "sip"} {
		n := 0
		if kind == want.Kind {
			n = want.Calls
		}
		if kinds[kind] != n && (kind != "media" || want.Kind != "sip") {
			t.Errorf("%d records of kind %s, want %d", kinds[kind], kind, n)
		}
	}
}

// late is how much later than a program thought a packet may have come by the tap, through a relay or before its time was
// taken; pion may lose the packet that it was given while ICE was restarted.
const (
	late = 50 * time.Millisecond
	lost = 1
)

// streams compares each stream sent. A relay sends what it received once more, from its own address: that is no other packet.
func streams(t *testing.T, want *said, calls []*call) {
	t.Helper()
	for _, h := range want.Hosts {
		for _, s := range h.Sent {
			var first, last time.Time
			packets, most := map[string]int{}, 0
			if s.SSRC == "" {
				continue // a fax
			}
			for _, c := range calls {
				for _, m := range c.Media {
					if m.SSRC == nil || m.Observed == nil || hexadecimal(*m.SSRC) != s.SSRC {
						continue
					}
					packets[m.Observed.Src.IP] += m.Packets
					most = max(most, packets[m.Observed.Src.IP])
					if first.IsZero() || m.FirstAt.Before(first) {
						first = m.FirstAt
					}
					if m.LastAt.After(last) {
						last = m.LastAt
					}
				}
			}
			if most > s.Packets || most < s.Packets-lost {
				t.Errorf("%s sent %d packets of %s, and %d are in records", h.Host, s.Packets, s.SSRC, most)
			}
			for _, at := range []struct {
				what      string
				program   float64
				inRecords time.Time
			}{{"first", s.FirstAt, first}, {"last", s.LastAt, last}} {
				if d := at.inRecords.Sub(timeOf(at.program)); d < -late || d > late {
					t.Errorf("%s: %s packet of %s at %v, in records %v", h.Host, at.what, s.SSRC, timeOf(at.program), at.inRecords)
				}
			}
		}
	}
}

// ends compares the addresses of an application's call with the peers' own and those at which they saw each other. Of a peer
// that the tap did not see the record may have the relayed address.
func ends(t *testing.T, want *said, c *call) {
	t.Helper()
	seen, relays := map[string]bool{}, map[string]bool{}
	for _, h := range want.Hosts {
		if len(h.Sent) == 0 {
			continue // it took part in no call
		}
		seen[h.Address] = true
		for _, p := range h.Paths {
			if p.Remote.Type != "relay" {
				seen[host(p.Remote.Address)] = true
			}
		}
		for _, r := range h.Relays {
			relays[host(r)] = true
		}
	}
	if len(relays) > 0 && (c.App.Relay == nil || !relays[c.App.Relay.IP]) {
		t.Errorf("relay %v, the programs used %v", c.App.Relay, relays)
	}
	if len(relays) == 0 && c.App.Relay != nil {
		t.Errorf("relay %v, the programs used none", c.App.Relay)
	}
	for what, e := range map[string]*end{"client": c.App.Client, "peer": c.App.Peer} {
		if e == nil {
			t.Errorf("no %s", what)
			continue
		}
		if !seen[e.IP] && (what == "client" || c.App.PeerSeen || !relays[e.IP]) {
			t.Errorf("%s %v, the programs saw %v", what, *e, seen)
		}
	}
}

func host(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	return at.Addr().String()
}

func hexadecimal(ssrc uint32) string { return fmt.Sprintf("0x%08x", ssrc) }

func timeOf(s float64) time.Time { return time.UnixMicro(int64(math.Round(s * 1e6))) }

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
