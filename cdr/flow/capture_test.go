package flow_test

import (
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/flow"
	"calltrail/decode"
)

// replay gives all UDP datagrams of a capture file to a table and returns the events.
func replay(t *testing.T, path string) []flow.Event {
	t.Helper()
	src, err := capture.OpenFiles([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }() // read only
	table := flow.New(flow.Config{})
	var p capture.Packet
	var f decode.Frame
	now := int64(0)
	for {
		err := src.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		now = max(now, p.Time)
		table.Advance(now)
		if decode.Walk(&p, &f) == decode.Datagram {
			table.Datagram(&f, decode.Classify(&f), 0, p.Time, now)
		}
	}
	table.Finish(now)
	return table.Events
}

// Public captures that may lie beside the repository, never in it.
func TestPublicCaptures(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "captures")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no public captures: %v", err)
	}
	ends := func(a, b string) [2]netip.AddrPort {
		return [2]netip.AddrPort{netip.MustParseAddrPort(a), netip.MustParseAddrPort(b)}
	}
	for _, c := range []struct {
		file  string
		flows int // with RTP both ways; -1 for at least one
		ends  [2]netip.AddrPort
	}{
		{"nDPI__stun_wa_call.pcapng", -1, ends("192.168.12.156:46652", "93.57.123.227:3478")},
		{"nDPI__skype-conference-call.pcap", 1, ends("192.168.2.20:49282", "104.46.40.49:60642")},
		{"nDPI__stun_zoom.pcapng", 0, [2]netip.AddrPort{}},
	} {
		t.Run(c.file, func(t *testing.T) {
			path := filepath.Join(dir, c.file)
			if _, err := os.Stat(path); err != nil {
				t.Skip(err)
			}
			plays, found := 0, false
			for _, e := range replay(t, path) {
				if e.Kind != flow.Closed || !e.PlayingRTP {
					continue
				}
				plays++
				found = found || e.Client.AddrPort() == c.ends[0] && e.Server.AddrPort() == c.ends[1]
			}
			if c.flows >= 0 && plays != c.flows || found != (c.flows != 0) {
				t.Errorf("%d flows with RTP both ways, the expected one among them: %t", plays, found)
			}
		})
	}
}
