package pipeline_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/decode"
	"calltrail/decode/sip"
)

// The hostile tests send what nobody should: facts/faults.md, "Hostile signalling", numbers the cases. Each builds its packets
// octet by octet.

var (
	hostileCaller  = netip.MustParseAddrPort("198.51.100.10:5060")
	hostileCallee  = netip.MustParseAddrPort("192.0.2.70:5060")
	hostileForeign = netip.MustParseAddrPort("203.0.113.66:5060")
)

// wire is a capture under construction. Its clock goes 20 ms with each packet.
type wire struct {
	list []capture.Packet
	at   int64
}

// frame adds an Ethernet frame.
func (w *wire) frame(data []byte) {
	if w.at == 0 {
		w.at = 1_800_000_000e9
	}
	w.at += 20e6
	w.list = append(w.list, capture.Packet{Time: w.at, Data: data, Length: len(data), Link: capture.LinkEthernet})
}

// ip adds an IP packet.
func (w *wire) ip(b []byte) {
	etherType := uint16(0x0800)
	if b[0]>>4 == 6 {
		etherType = 0x86dd
	}
	w.frame(newEthernet(etherType, b))
}

// udp adds a datagram.
func (w *wire) udp(src, dst netip.AddrPort, payload []byte) {
	w.ip(newIP(src.Addr(), dst.Addr(), 17, 1, newUDP(src.Port(), dst.Port(), payload)))
}

// tcp adds a segment; each but the first of a connection acknowledges.
func (w *wire) tcp(src, dst netip.AddrPort, seq uint32, flags byte, payload []byte) {
	if flags&tcpSYN == 0 {
		flags |= 0x10
	}
	h := binary.BigEndian.AppendUint16(nil, src.Port())
	h = binary.BigEndian.AppendUint16(h, dst.Port())
	h = binary.BigEndian.AppendUint32(h, seq)
	h = append(h, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
	w.ip(newIP(src.Addr(), dst.Addr(), 6, 1, append(h, payload...)))
}

// rtp adds a stream of n packets, 20 ms apart.
func (w *wire) rtp(src, dst string, ssrc uint32, n int) {
	for i := range n {
		b := binary.BigEndian.AppendUint16([]byte{0x80, 8}, uint16(i))
		b = binary.BigEndian.AppendUint32(b, uint32(160*i))
		b = binary.BigEndian.AppendUint32(b, ssrc)
		w.udp(netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst), append(b, make([]byte, 160)...))
	}
}

// hostile is a SIP message of a text: its lines end with CRLF on the wire, LENGTH is the body's length.
func hostile(text string, replace ...string) []byte {
	text = strings.NewReplacer(replace...).Replace(text)
	text = strings.ReplaceAll(text, "\n", "\r\n")
	_, body, _ := strings.Cut(text, "\r\n\r\n")
	return []byte(strings.ReplaceAll(text, "LENGTH", fmt.Sprint(len(body))))
}

// seen is what came of a capture.
type seen struct {
	t       testing.TB
	stats   pipeline.Stats
	records []seenRecord
}

// seenRecord is what the hostile tests need of a record, of a call the newest.
type seenRecord struct {
	Kind        string   `json:"kind"`
	CallUID     string   `json:"call_uid"`
	Final       bool     `json:"final"`
	Disposition string   `json:"disposition"`
	EndedBy     string   `json:"ended_by"`
	Flags       []string `json:"flags"`
	CallID      string   `json:"call_id"`
	Event       string   `json:"event"`
	DurationMS  *int64   `json:"duration_ms"`
	EndedAt     string   `json:"ended_at"`
	SIP         struct {
		CallID    string         `json:"call_id"`
		FromTag   string         `json:"from_tag"`
		Transport string         `json:"transport"`
		Methods   map[string]int `json:"methods"`
		Status    *int           `json:"status"`
	} `json:"sip"`
	Media []struct {
		Type     string                       `json:"type"`
		Packets  *int                         `json:"packets"`
		Observed *struct{ Src, Dst seenAddr } `json:"observed"`
		Signal   *seenAddr                    `json:"signalled"`
	} `json:"media"`
	Tunnel []struct {
		Type string `json:"type"`
		ID   uint32 `json:"id"`
	} `json:"tunnel"`
	VLAN []int `json:"vlan"`
	body string
}

type seenAddr struct {
	IP   string `json:"ip"`
	Port int    `json:"port"`
}

// run replays the capture, once with one worker and once with three: the records must be the same.
func (w *wire) run(t testing.TB, change ...func(*pipeline.Config)) *seen {
	t.Helper()
	with := func(workers int) (*collected, pipeline.Stats) {
		return replay(t, &packets{list: w.list}, func(c *pipeline.Config) {
			c.Workers, c.Messages = workers, true
			for _, f := range change {
				f(c)
			}
		})
	}
	out, stats := with(1)
	if out3, _ := with(3); !slices.Equal(asStrings(observed(t, out.bodies)), asStrings(observed(t, out3.bodies))) {
		t.Error("three workers give other records than one")
	}
	if stats.Packets != uint64(len(w.list)) {
		t.Errorf("%d packets of %d were read", stats.Packets, len(w.list))
	}
	s := &seen{t: t, stats: stats}
	for _, body := range out.bodies {
		var r seenRecord
		if err := json.Unmarshal(body, &r); err != nil {
			t.Fatal(err)
		}
		r.body = string(body)
		if i := slices.IndexFunc(s.records, func(old seenRecord) bool { return r.CallUID != "" && old.CallUID == r.CallUID }); i >= 0 {
			s.records[i] = r
			continue
		}
		s.records = append(s.records, r)
	}
	return s
}

func asStrings(list [][]byte) (s []string) {
	for _, b := range list {
		s = append(s, string(b))
	}
	return s
}

// call is the only call with a Call-ID, and there must be one.
func (s *seen) call(callID string) seenRecord {
	s.t.Helper()
	var found []seenRecord
	for _, r := range s.records {
		if r.Kind == "sip" && r.SIP.CallID == callID {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		s.t.Fatalf("%d records of the call %s, want 1, of %d records", len(found), callID, len(s.records))
	}
	return found[0]
}

// summary says in one line what a capture gave: records with their flags of SIP, then why packets were not SIP.
func (s *seen) summary() string {
	var list []string
	for _, r := range s.records {
		what := r.Kind
		switch r.Kind {
		case "sip":
			what = "call " + r.SIP.CallID
		case "registration":
			what += " " + r.Event
		}
		var flags []string
		for _, f := range r.Flags {
			if f, ok := strings.CutPrefix(f, "sip_"); ok {
				flags = append(flags, f)
			}
		}
		list = append(list, strings.Join(append([]string{what}, flags...), " "))
	}
	for e, n := range s.stats.SIPErrors {
		if n > 0 {
			list = append(list, "refused "+sip.ParseError(e).Reason())
		}
	}
	for r, n := range s.stats.Counts {
		switch decode.Reason(r) {
		case decode.SIP, decode.SIPMalformed, decode.Stream, decode.TCP:
		default:
			if n > 0 {
				list = append(list, fmt.Sprintf("%d %v", n, decode.Reason(r)))
			}
		}
	}
	return strings.Join(list, "; ")
}

func tortureFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(), "decode/sip/testdata/torture", name+".dat"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
