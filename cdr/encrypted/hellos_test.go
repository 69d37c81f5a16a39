package encrypted

import (
	"net/netip"
	"testing"

	"calltrail/decode"
	"calltrail/decode/tls"
)

// Beginnings of hellos that nobody ends take bounded memory, and none after the checkpoint; a hello in one piece is read all the
// same while there is no room.
func TestUnfinishedHellosAreBounded(t *testing.T) {
	table := New(Config{})
	begin := func(i int, payload []byte) {
		f := &decode.Frame{Payload: append(make([]byte, tcpHeader), payload...)}
		f.PayloadLen = len(f.Payload)
		f.Payload[12] = 5 << 4
		f.Src = decode.Endpoint{IP: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).As16(), Port: 40_000}
		f.Dst = decode.Endpoint{IP: netip.AddrFrom4([4]byte{192, 0, 2, 1}).As16(), Port: 5061}
		table.Segment(f, 0, 1, 1)
	}
	// A hello of 16,000 octets, 14,000 of them here.
	piece := append([]byte{22, 3, 1, 0x3e, 0x84, 1, 0, 0x3e, 0x80, 3, 3}, make([]byte, 14_000)...)
	const connections = 3000
	for i := range connections {
		begin(i, piece)
		if table.hellos > maxHellos {
			t.Fatalf("%d octets of hellos after %d connections, want at most %d", table.hellos, i+1, maxHellos)
		}
	}
	kept := 0
	for _, c := range table.open {
		kept += len(c.hello)
	}
	if kept != table.hellos || kept < maxHellos-tls.MaxHello || table.Stats.Unread != uint64(connections-kept/len(piece)) {
		t.Errorf("%d octets kept, counted %d; %d given up", kept, table.hellos, table.Stats.Unread)
	}
	table.Advance(1 + int64(table.cfg.Checkpoint))
	if table.hellos != 0 || table.Stats.Unread != connections {
		t.Errorf("%d octets after the checkpoint, %d given up of %d", table.hellos, table.Stats.Unread, connections)
	}
	table.Finish(1 << 60)
	if table.hellos != 0 {
		t.Errorf("%d octets in the end", table.hellos)
	}
}
