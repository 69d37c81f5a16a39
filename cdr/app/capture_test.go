package app

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/flow"
	"calltrail/decode"
	"calltrail/decode/app"
)

// sharedCapture is the path of a capture that another project publishes: beside the repository, never in it. Without it the
// test is skipped.
func sharedCapture(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "captures", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no public captures: %v", err)
	}
	return path
}

// callsOf reads a capture through cdr/flow and returns the last revision of each call; time goes on for ten minutes after it.
func callsOf(t *testing.T, name string) (calls []*Call) {
	t.Helper()
	src, err := capture.OpenFiles([]string{sharedCapture(t, name)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	sessions := New(Config{}, func(c *Call, final bool) {
		if final {
			calls = append(calls, c)
		}
	})
	flows := flow.New(flow.Config{})
	pass := func(now int64) {
		for {
			at, ok := flows.NextTimer()
			if next, any := sessions.NextTimer(); any && (!ok || next < at) {
				at, ok = next, true
			}
			if !ok || at >= now {
				break
			}
			flows.Advance(at)
			hand(flows, sessions)
			sessions.Advance(at + 1)
		}
		flows.Advance(now)
		hand(flows, sessions)
		sessions.Advance(now)
	}
	var now int64
	var p capture.Packet
	var f decode.Frame
	for {
		err := src.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		now = max(now, p.Time)
		pass(now)
		switch decode.Walk(&p, &f) {
		case decode.Datagram:
			flows.Datagram(&f, decode.Classify(&f), 0, p.Time, now)
		case decode.TCP:
			flows.Segment(&f, 0, p.Time, now)
		default:
		}
		hand(flows, sessions)
	}
	pass(now + 600e9)
	flows.Finish(now + 600e9)
	hand(flows, sessions)
	sessions.Finish(now+600e9, Cut)
	return calls
}

func hand(flows *flow.Table, sessions *Sessions) {
	for i := range flows.Events {
		sessions.Handle(&flows.Events[i], 0)
	}
	flows.Events = flows.Events[:0]
}

// Captures of calls that other people made, with what they say of them.
func TestPublicCaptures(t *testing.T) {
	type call struct {
		name       string
		confidence app.Confidence
		seconds    float64 // from Started to End, to a second
		media      bool
		medium     app.Medium
		client     string
		relay      string // "" when it is not the same for sure
		peer       string // "" for none
	}
	for _, c := range []struct {
		file  string
		calls []call
	}{
		{"nDPI__stun_wa_call.pcapng", []call{
			{"whatsapp", app.Certain, 31.8, true, app.Audio, "192.168.12.156:46652", "93.57.123.227:3478", ""},
			{"whatsapp", app.Certain, 14.7, true, app.Video, "192.168.12.156:49526", "157.240.203.62:3478", "93.33.118.87:41107"},
		}},
		{"nDPI__telegram_videocall.pcapng", []call{
			{"telegram", app.Certain, 14.4, true, app.MediumUnknown, "192.168.12.169:42405", "91.108.9.35:1400", "93.36.13.115:35393"},
		}},
		{"nDPI__skype-conference-call.pcap", []call{
			{"teams", app.Certain, 1.5, true, app.MediumUnknown, "192.168.2.20:49282", "", "104.46.40.49:60642"},
		}},
		// One meeting over two sockets of which the handshakes are seen, and no media.
		{"nDPI__stun_zoom.pcapng", []call{
			{"zoom", app.Likely, 1.2, false, app.MediumUnknown, "192.168.43.169:53065", "134.224.90.111:8801", ""},
		}},
		{"nDPI__stun.pcap", nil},
		{"nDPI__sip.pcap", nil},
		{"nDPI__http_on_sip_port.pcap", nil},
		{"sipnab__rtp-protocol.pcap", nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			got := callsOf(t, c.file)
			for i, g := range got {
				t.Log(describe(g, true, g.LastSeen), g.Evidence)
				if i >= len(c.calls) {
					continue
				}
				want := c.calls[i]
				is := call{
					g.Name.String(), g.Confidence, want.seconds, g.Media, g.Medium, g.Client.AddrPort().String(), want.relay, "",
				}
				if d := float64(g.End-g.Started)/1e9 - want.seconds; d < -1 || d > 1 {
					is.seconds += d
				}
				if want.relay != "" {
					is.relay = g.Relay.AddrPort().String()
				}
				if g.Peer != (decode.Endpoint{}) {
					is.peer = g.Peer.AddrPort().String()
				}
				if is != want {
					t.Errorf("got  %+v\nwant %+v", is, want)
				}
			}
			if len(got) != len(c.calls) {
				t.Errorf("%d calls, want %d", len(got), len(c.calls))
			}
		})
	}
}
