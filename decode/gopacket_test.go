package decode

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"calltrail/capture"
)

// gopacketParser is gopacket's fastest way to the UDP payload: layers allocated once, nothing copied.
type gopacketParser struct {
	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
	eth     layers.Ethernet
	vlan    layers.Dot1Q
	ip4     layers.IPv4
	ip6     layers.IPv6
	udp     layers.UDP
	payload gopacket.Payload
}

func newGopacketParser() *gopacketParser {
	g := &gopacketParser{decoded: make([]gopacket.LayerType, 0, 8)}
	g.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &g.eth, &g.vlan, &g.ip4, &g.ip6, &g.udp, &g.payload)
	g.parser.IgnoreUnsupported = true
	return g
}

// datagram decodes a packet and says whether UDP was found in it.
func (g *gopacketParser) datagram(b []byte) bool {
	if err := g.parser.DecodeLayers(b, &g.decoded); err != nil {
		return false
	}
	return slices.Contains(g.decoded, layers.LayerTypeUDP)
}

// Walk finds in every packet what gopacket finds in it.
func TestWalkAgreesWithGopacket(t *testing.T) {
	g := newGopacketParser()
	datagrams, tagged := 0, 0
	var f Frame
	traffic := newTraffic(5000, everything)
	for i := range traffic.packets {
		p := &traffic.packets[i]
		found := Walk(p, &f) == Datagram
		if theirs := g.datagram(p.Data); found != theirs {
			t.Fatalf("packet %d: found %v, gopacket %v", i, found, theirs)
		}
		if !found {
			continue
		}
		datagrams++
		srcIP, dstIP := g.ip4.SrcIP, g.ip4.DstIP
		if slices.Contains(g.decoded, layers.LayerTypeIPv6) {
			srcIP, dstIP = g.ip6.SrcIP, g.ip6.DstIP
		}
		src, dst := addrPort(srcIP, g.udp.SrcPort), addrPort(dstIP, g.udp.DstPort)
		if f.Src.AddrPort() != src || f.Dst.AddrPort() != dst || !bytes.Equal(f.Payload, g.udp.Payload) {
			t.Fatalf("packet %d: %v > %v, payload %d; gopacket %v > %v, payload %d", i,
				f.Src.AddrPort(), f.Dst.AddrPort(), len(f.Payload), src, dst, len(g.udp.Payload))
		}
		if g.eth.EthernetType == layers.EthernetTypeDot1Q {
			tagged++
			if f.VLANs != 1 || f.VLAN[0] != g.vlan.VLANIdentifier {
				t.Fatalf("packet %d: VLAN %v, gopacket %d", i, f.VLAN, g.vlan.VLANIdentifier)
			}
		}
	}
	if datagrams < 2000 || tagged < 400 {
		t.Errorf("%d datagrams, %d of them in a VLAN: too few to mean anything", datagrams, tagged)
	}
}

func addrPort(ip net.IP, port layers.UDPPort) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip) // the zero Addr equals nothing that was walked
	return netip.AddrPortFrom(a, uint16(port))
}

// benchPackets is some 6 MB of them: more than the caches of one core hold, and too many to be learnt by heart.
const benchPackets = 20_000

// BenchmarkWalk is what every packet costs: Walk, and Classify for what is UDP.
func BenchmarkWalk(b *testing.B) {
	traffic := newTraffic(benchPackets, everything)
	b.ReportAllocs()
	var f Frame
	var counts Counts
	for b.Loop() {
		for i := range traffic.packets {
			r := Walk(&traffic.packets[i], &f)
			if r == Datagram {
				r = Classify(&f)
			}
			counts[r]++
		}
	}
	perPacket(b, "ns/packet", b.Elapsed())
}

// BenchmarkGopacket gives the same packets to gopacket.
func BenchmarkGopacket(b *testing.B) {
	traffic := newTraffic(benchPackets, everything)
	b.ReportAllocs()
	g := newGopacketParser()
	for b.Loop() {
		for i := range traffic.packets {
			g.datagram(traffic.packets[i].Data)
		}
	}
	perPacket(b, "ns/packet", b.Elapsed())
}

func BenchmarkFanoutHash(b *testing.B) {
	traffic := newTraffic(benchPackets, everything)
	b.ReportAllocs()
	var sum uint32
	for b.Loop() {
		for i := range traffic.packets {
			sum += FanoutHash(&traffic.packets[i])
		}
	}
	perPacket(b, "ns/packet", b.Elapsed())
	_ = sum
}

// BenchmarkAgainstGopacket reads a capture file in memory and walks the headers of its packets, with this package and
// with gopacket, and reports the ratio of their times as x-faster. They take turns of a file each, so that a machine
// that is busy with other things slows down both. The time of naming the payloads too, which gopacket does not do, is
// classified-ns/packet.
func BenchmarkAgainstGopacket(b *testing.B) {
	for _, bench := range []struct {
		name string
		mix  int
	}{{"everything", everything}, {"calls", callsOnly}} {
		b.Run(bench.name, func(b *testing.B) {
			pcap := newTraffic(benchPackets, bench.mix).pcap
			g := newGopacketParser()
			var walk, classify, theirs time.Duration
			for b.Loop() {
				start := time.Now()
				walkFile(b, pcap, false)
				walked := time.Now()
				walkFile(b, pcap, true)
				classified := time.Now()
				gopacketFile(b, pcap, g)
				walk += walked.Sub(start)
				classify += classified.Sub(walked)
				theirs += time.Since(classified)
			}
			perPacket(b, "ns/packet", walk)
			perPacket(b, "classified-ns/packet", classify)
			perPacket(b, "gopacket-ns/packet", theirs)
			b.ReportMetric(float64(theirs)/float64(walk), "x-faster")
		})
	}
}

func perPacket(b *testing.B, unit string, d time.Duration) {
	b.Helper()
	b.ReportMetric(float64(d)/float64(b.N)/benchPackets, unit)
}

func walkFile(b *testing.B, pcap []byte, classify bool) {
	b.Helper()
	file, err := capture.NewFile(bytes.NewReader(pcap), "traffic")
	if err != nil {
		b.Fatal(err)
	}
	var p capture.Packet
	var f Frame
	var counts Counts
	for err = file.Next(&p); err == nil; err = file.Next(&p) {
		r := Walk(&p, &f)
		if classify && r == Datagram {
			r = Classify(&f)
		}
		counts[r]++
	}
	if !errors.Is(err, io.EOF) || counts.Total() != benchPackets {
		b.Fatalf("%d packets: %v", counts.Total(), err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
}

func gopacketFile(b *testing.B, pcap []byte, g *gopacketParser) {
	b.Helper()
	file, err := pcapgo.NewReader(bytes.NewReader(pcap))
	if err != nil {
		b.Fatal(err)
	}
	packets := 0
	for {
		data, _, err := file.ZeroCopyReadPacketData()
		if errors.Is(err, io.EOF) && packets == benchPackets {
			return
		}
		if err != nil {
			b.Fatalf("%d packets: %v", packets, err)
		}
		g.datagram(data)
		packets++
	}
}
