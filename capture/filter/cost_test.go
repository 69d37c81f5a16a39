package filter_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"calltrail/capture/filter"
)

// steps runs a program as the kernel does and returns what it says and how many instructions it took.
func steps(program []bpf.RawInstruction, frame []byte) (verdict uint32, n int) {
	var a, x uint32
	var memory [16]uint32
	load := func(at uint64, op uint16) (ok bool) {
		size := map[uint16]uint64{0x00: 4, 0x08: 2, 0x10: 1}[op&0x18]
		if at+size > uint64(len(frame)) {
			return false
		}
		var word [4]byte
		copy(word[4-size:], frame[at:at+size])
		a = binary.BigEndian.Uint32(word[:])
		return true
	}
	for at := 0; ; at++ {
		ins := program[at]
		n++
		skip := func(yes bool) {
			if yes {
				at += int(ins.Jt)
			} else {
				at += int(ins.Jf)
			}
		}
		switch ins.Op {
		case 0x20, 0x28, 0x30: // absolute
			if !load(uint64(ins.K), ins.Op) {
				return 0, n
			}
		case 0x40, 0x48, 0x50: // indirect
			if !load(uint64(x)+uint64(ins.K), ins.Op) {
				return 0, n
			}
		case 0x00:
			a = ins.K
		case 0x01:
			x = ins.K
		case 0x60:
			a = memory[ins.K]
		case 0x61:
			x = memory[ins.K]
		case 0x02:
			memory[ins.K] = a
		case 0x03:
			memory[ins.K] = x
		case 0x04:
			a += ins.K
		case 0x0c:
			a += x
		case 0x14:
			a -= ins.K
		case 0x1c:
			a -= x
		case 0x44:
			a |= ins.K
		case 0x54:
			a &= ins.K
		case 0x64:
			a <<= ins.K
		case 0x05:
			at += int(ins.K)
		case 0x15:
			skip(a == ins.K)
		case 0x25:
			skip(a > ins.K)
		case 0x35:
			skip(a >= ins.K)
		case 0x45:
			skip(a&ins.K != 0)
		case 0x87:
			a = x
		case 0x06:
			return ins.K, n
		case 0x16:
			return a, n
		default:
			panic(fmt.Sprintf("instruction %d: %#v", at, ins))
		}
	}
}

// The table of the package comment: how many instructions the usual frames take. A number that changed must change there,
// too.
func TestCost(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	usual := wide // as the configuration has it by default
	usual.SIPPorts, usual.TCPPorts = []filter.Ports{{First: 5060, Last: 5060}}, []filter.Ports{{First: 5061, Last: 5061}}
	program := programOf(t, usual).Raw()
	for _, c := range []struct {
		name  string
		frame []byte
		want  uint32
	}{
		{"ARP", append(ether(0x0806), make([]byte, 28)...), drop},
		{"web over TCP, IPv4", onEther(ipv4(6, nil, tcp(443, 40_000))), drop},
		{"web over TCP, IPv6", onEther(ipv6(6, tcp(443, 40_000))), drop},
		{"web over TCP, IPv4 in a VLAN tag", slices.Concat(ether(0x8100), tag(0x0800), ipv4(6, nil, tcp(443, 40_000))), drop},
		{"web over TCP, IPv4, a low port", onEther(ipv4(6, nil, tcp(443, 3000))), drop},
		{"QUIC, long header", udpOn(443, 40_000, with(quicShort, 0, 0xc3)), drop},
		{"QUIC, short header", udpOn(443, 40_000, quicShort), drop},
		{"DNS answer", udpOn(53, 40_000, dnsAnswer), drop},
		{"BitTorrent DHT", udp4(dhtPing), drop},
		{"RTP, IPv4", udp4(voice), cut},
		{"RTP, IPv6", onEther(ipv6(17, udp(20_000, 20_002, voice))), cut},
		{"SIP, INVITE", udpOn(5060, 5060, invite), whole},
		{"SIP, a response", udpOn(5060, 5060, []byte("SIP/2.0 200 OK\r\n\r\n")), whole},
	} {
		verdict, n := steps(program, c.frame)
		if verdict != c.want {
			t.Errorf("%s: %d, want %d", c.name, verdict, c.want)
		}
		if line := fmt.Sprintf("//\t%-34s %3d\n", c.name, n); !strings.Contains(string(doc), line) {
			t.Errorf("doc.go has no line %q", line)
		}
	}
	if line := fmt.Sprintf("is %d instructions long", len(program)); !strings.Contains(string(doc), line) {
		t.Errorf("doc.go does not say that it %s", line)
	}
}

// The machine that counts says what x/net's says, or the counts are worth nothing.
func TestStepsAsTheVirtualMachine(t *testing.T) {
	for _, cfg := range []filter.Config{wide, narrow} {
		for _, s := range samples() {
			p := programOf(t, onLink(cfg, s.link))
			raw, vm := p.Raw(), virtual(t, p)
			for n := range len(s.frame) + 1 {
				verdict, count := steps(raw, s.frame[:n])
				if want := run(t, vm, s.frame[:n]); int(verdict) != want || count > len(raw) {
					t.Fatalf("%s, %d octets: %d, want %d", s.name, n, verdict, want)
				}
				if n > 100 && n < len(s.frame)-2 {
					break // the rest is payload
				}
			}
		}
	}
}
