package decode_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"calltrail/capture"
	"calltrail/decode"
	"calltrail/decode/reassembly"
	"calltrail/decode/tunnel"
)

// way is how a packet came to its innermost addresses: what pcaps/make/layers says that tshark finds, and what Walk does.
// pcaps/README.md describes the members.
type way struct {
	VLANs   []uint16     `json:"vlans"`
	Tunnels []tunnelSaid `json:"tunnels"`
	Above   string       `json:"above"`
	Src     netip.Addr   `json:"src"`
	Sport   uint16       `json:"sport"`
	Dst     netip.Addr   `json:"dst"`
	Dport   uint16       `json:"dport"`
}

type tunnelSaid struct {
	Type string      `json:"type"`
	ID   *uint32     `json:"id"`
	Src  *netip.Addr `json:"src"`
	Dst  *netip.Addr `json:"dst"`
}

// walked is the way of a packet as decode finds it, fragments put together. f is used again and again, as workers do.
func walked(p *capture.Packet, f *decode.Frame, fragments *reassembly.Fragments) way {
	r := decode.Walk(p, f)
	for r == decode.Fragment {
		whole, _, result := fragments.Add(&f.Fragment, p.Time)
		if result != reassembly.Whole {
			break
		}
		r = decode.Resume(whole, f)
	}
	w := way{VLANs: f.VLAN[:f.VLANs], Tunnels: []tunnelSaid{}}
	for i := range f.Tunnels {
		h := &f.Tunnel[i]
		said := tunnelSaid{Type: h.Type.String()}
		if h.HasID {
			said.ID = &h.ID
		}
		if h.Src != [16]byte{} {
			src, dst := netip.AddrFrom16(h.Src).Unmap(), netip.AddrFrom16(h.Dst).Unmap()
			said.Src, said.Dst = &src, &dst
		}
		w.Tunnels = append(w.Tunnels, said)
	}
	src, dst := f.Src.AddrPort(), f.Dst.AddrPort()
	w.Src, w.Sport, w.Dst, w.Dport = src.Addr(), src.Port(), dst.Addr(), dst.Port()
	switch r {
	case decode.Datagram:
		w.Above = "udp"
	case decode.TCP:
		w.Above = "tcp"
	case decode.SCTP:
		w.Above = "sctp"
	case decode.Fragment: // has no ports
		w.Above, w.Sport, w.Dport = "fragment", 0, 0
	default: // f is unspecified
		w = way{Above: r.String()}
	}
	return w
}

// Walk must find around each packet the layers that tshark finds, with the same ids and addresses, and the same ends
// inside. tshark's reading is committed beside each capture.
func TestTunnelsAgreeWithTshark(t *testing.T) {
	paths, err := filepath.Glob("../pcaps/*/tunnels.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var tshark struct {
			Packets []way `json:"packets"`
		}
		if err := json.Unmarshal(b, &tshark); err != nil {
			t.Fatal(err)
		}
		for i := range tshark.Packets {
			for _, layer := range tshark.Packets[i].Tunnels {
				seen[layer.Type] = true
			}
		}
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			file, err := capture.OpenFile(filepath.Join(filepath.Dir(path), "capture.pcap"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }() // read only
			fragments := reassembly.NewFragments(reassembly.FragmentConfig{})
			var p capture.Packet
			var f decode.Frame
			for i := range tshark.Packets {
				want := &tshark.Packets[i]
				if err := file.Next(&p); err != nil {
					t.Fatalf("packet %d: %v", i+1, err)
				}
				if want.Above == "icmp" { // what it quotes is nobody's; see Walk for the rest
					want = &way{Above: "icmp"}
				}
				if got, want := text(t, walked(&p, &f, fragments)), text(t, *want); got != want {
					t.Errorf("packet %d:\n  Walk %s\ntshark %s", i+1, got, want)
				}
			}
			if err := file.Next(&p); !errors.Is(err, io.EOF) {
				t.Errorf("tshark says nothing of packet %d", len(tshark.Packets)+1)
			}
		})
	}
	for kind := tunnel.MPLS; kind <= tunnel.GTPU; kind++ {
		if !seen[kind.String()] {
			t.Errorf("no capture has a packet in %v", kind)
		}
	}
}

func text(t *testing.T, w way) string {
	t.Helper()
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
