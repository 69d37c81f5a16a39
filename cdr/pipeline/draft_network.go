package pipeline

import (
	"net/netip"

	"calltrail/cdr/record"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// vlans are the ids of a frame, of which there may be more than are kept.
func vlans(ids [2]uint16, n uint8) []uint16 {
	return append([]uint16(nil), ids[:min(int(n), len(ids))]...)
}

// tunnels are the layers a packet came through.
func tunnels(headers []tunnel.Header) (out []record.Tunnel) {
	for i := range headers {
		h := &headers[i]
		t := record.Tunnel{Type: h.Type.String()}
		if h.HasID {
			t.ID = &h.ID
		}
		if h.Src != ([16]byte{}) || h.Dst != ([16]byte{}) {
			src, dst := netip.AddrFrom16(h.Src).Unmap(), netip.AddrFrom16(h.Dst).Unmap()
			t.Src, t.Dst = &src, &dst
		}
		out = append(out, t)
	}
	return out
}

// cell is the access network of a P-Access-Network-Info list: what the network wrote before what the telephone did.
func (d *draft) cell(list []byte) *record.CellInfo {
	a, ok := sip.ChooseAccessNetwork(sip.Elements(list))
	if !ok {
		return nil
	}
	return &record.CellInfo{
		Type: d.text("cell.type", a.Type), ID: d.text("cell.id", a.ID), MCC: string(a.MCC), MNC: string(a.MNC),
		Area: string(a.Area), Cell: string(a.CI), NetworkProvided: a.NetworkProvided,
	}
}

// country is an ISO 3166-1 alpha-2 code in capitals, "" for anything else.
func country(s string) string {
	if len(s) != 2 {
		return ""
	}
	b := [2]byte{s[0] &^ 0x20, s[1] &^ 0x20}
	for _, c := range b {
		if c < 'A' || c > 'Z' {
			return ""
		}
	}
	return string(b[:])
}
