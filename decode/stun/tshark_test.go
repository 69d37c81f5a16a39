package stun_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"calltrail/decode/stun"
)

// field is a protocol or a field as tshark prints it, PDML.
type field struct {
	Name   string  `xml:"name,attr"`
	Show   string  `xml:"show,attr"`
	Value  string  `xml:"value,attr"`
	Fields []field `xml:"field"`
}

// find returns the first field of a name, nil for none.
func (f *field) find(name string) *field {
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			return &f.Fields[i]
		}
		if g := f.Fields[i].find(name); g != nil {
			return g
		}
	}
	return nil
}

// dissected are the messages in a capture, as tshark reads them.
func dissected(t *testing.T, capture string) []struct {
	Protos []field `xml:"proto"`
} {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skipf("nothing to compare with: %v", err)
	}
	var failure strings.Builder
	cmd := exec.CommandContext(t.Context(), tshark, "-n", "-r", capture, "-Y", "stun or classicstun", "-T", "pdml")
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, failure.String())
	}
	var list struct {
		Packets []struct {
			Protos []field `xml:"proto"`
		} `xml:"packet"`
	}
	if err := xml.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list.Packets
}

// reading is what a message says, ours or tshark's.
type reading struct {
	Type                                 uint16
	Attributes                           string
	Mapped, Peer, Relayed, Origin, Other string
	Realm, Username, Software, Data      string
	Lifetime, Code, Channel, DataLen     string
}

// compare holds every message of a capture to tshark's reading, and returns how many there were.
func compare(t *testing.T, capture string) (messages int) {
	t.Helper()
	for i, p := range dissected(t, capture) {
		var carrier, message *field
		icmp := false
		for j := range p.Protos {
			switch f := &p.Protos[j]; f.Name {
			case "udp", "tcp":
				carrier = f
			case "icmp", "icmpv6": // quotes a message, cut
				icmp = true
			case "stun", "classicstun": // RFC 8489, RFC 3489
				if message == nil {
					message = f
				}
			}
		}
		if icmp || message == nil || carrier == nil {
			continue
		}
		payload := carrier.find(carrier.Name + ".payload")
		if payload == nil {
			continue
		}
		b, err := hex.DecodeString(payload.Value)
		if err != nil {
			t.Fatal(err)
		}
		n := len(b)
		if inner, length, ok := stun.Multiplexed(b, n); ok {
			b, n = inner, length
		}
		if carrier.Name == "tcp" {
			if inner, length, ok := stun.StripLength(b, n); ok {
				b, n = inner, length
			}
		}
		messages++
		if channel := message.find("stun.channel"); channel != nil {
			got, _, _, ok := stun.ParseChannelData(b, n)
			if want := channel.Show; !ok || fmt.Sprintf("0x%04x", got) != want {
				t.Errorf("message %d: channel %#x, %v, want %s", i, got, ok, want)
			}
			continue
		}
		var m stun.Message
		if err := stun.Parse(b, n, &m); err != nil {
			t.Errorf("message %d: %v; %d octets", i, err, n)
			continue
		}
		if got, want := ours(&m), theirs(t, message); got != want {
			t.Errorf("message %d\n got  %+v\n want %+v", i, got, want)
		}
	}
	return messages
}

func ours(m *stun.Message) reading {
	r := reading{
		Type: m.Type, Attributes: fmt.Sprintf("%#04x", m.Attributes[:m.NumAttributes]),
		Realm: string(m.Realm), Software: string(m.Software),
	}
	// tshark ends a USERNAME at the first NUL, with which Microsoft's clients pad it.
	username, _, _ := bytes.Cut(m.Username, []byte{0})
	r.Username = string(username)
	for _, a := range []struct {
		to   *string
		addr netip.AddrPort
	}{{&r.Mapped, m.Mapped}, {&r.Peer, m.Peer}, {&r.Relayed, m.Relayed}, {&r.Origin, m.Origin}, {&r.Other, m.Other}} {
		if a.addr.IsValid() {
			*a.to = a.addr.String()
		}
	}
	if m.HasLifetime {
		r.Lifetime = strconv.FormatUint(uint64(m.Lifetime), 10)
	}
	if m.Code != 0 {
		r.Code = strconv.Itoa(int(m.Code))
	}
	if m.Channel != 0 {
		r.Channel = fmt.Sprintf("0x%04x", m.Channel)
	}
	if m.Data != nil {
		r.Data, r.DataLen = hex.EncodeToString(m.Data), strconv.Itoa(m.DataLen)
	}
	return r
}

func theirs(t *testing.T, message *field) reading {
	t.Helper()
	number := func(f *field) uint16 {
		v, err := strconv.ParseUint(f.Show, 0, 16)
		if err != nil {
			t.Fatal(err)
		}
		return uint16(v)
	}
	r := reading{Type: number(message.find(message.Name + ".type"))}
	var kinds []uint16
	var mapped string
	for _, list := range []string{"stun.attributes", "classicstun.att"} {
		attributes := message.find(list)
		if attributes == nil {
			continue
		}
		for i := range attributes.Fields {
			a := &attributes.Fields[i]
			octets, err := hex.DecodeString(a.Value) // of an attribute that tshark does not know, its type alone
			if err != nil || len(octets) < 2 {
				t.Fatalf("attribute %q: %v", a.Value, err)
			}
			kind := binary.BigEndian.Uint16(octets)
			kinds = append(kinds, kind)
			show := func(name string) string {
				if f := a.find(message.Name + ".att." + name); f != nil {
					return f.Show
				}
				return ""
			}
			end := ""
			for _, name := range []string{"ipv4", "ipv6"} {
				if ip := show(name); ip != "" {
					port, _ := strconv.Atoi(show("port"))
					end = netip.AddrPortFrom(netip.MustParseAddr(ip), uint16(port)).String()
				}
			}
			switch kind {
			case stun.AttrMappedAddress:
				mapped = end
			case stun.AttrXORMappedAddress, stun.AttrXORMappedOld:
				r.Mapped = end
			case stun.AttrXORPeerAddress:
				r.Peer = end
			case stun.AttrXORRelayedAddress:
				r.Relayed = end
			case stun.AttrResponseOrigin:
				r.Origin = end
			case stun.AttrOtherAddress:
				r.Other = end
			case stun.AttrRealm:
				r.Realm = show("realm")
			case stun.AttrUsername:
				r.Username = show("username")
			case stun.AttrSoftware:
				r.Software = show("software")
			case stun.AttrLifetime:
				r.Lifetime = show("lifetime")
			case stun.AttrErrorCode:
				class, _ := strconv.Atoi(show("error.class"))
				code, _ := strconv.Atoi(show("error"))
				r.Code = strconv.Itoa(100*class + code)
			case stun.AttrChannelNumber:
				r.Channel = show("channelnum")
			case stun.AttrData:
				if v := a.find("stun.value"); v != nil {
					r.Data, r.DataLen = v.Value, show("length")
				}
			}
		}
	}
	if r.Mapped == "" {
		r.Mapped = mapped
	}
	r.Attributes = fmt.Sprintf("%#04x", kinds)
	return r
}

// pcap is a capture file of UDP datagrams over IPv4, from a port of a client to that of STUN.
func pcap(datagrams [][]byte) []byte {
	var f bytes.Buffer
	word := func(v ...uint32) { _ = binary.Write(&f, binary.BigEndian, v) }
	half := func(v ...uint16) { _ = binary.Write(&f, binary.BigEndian, v) }
	word(0xa1b2c3d4, 2<<16|4, 0, 0, 65535, 101) // version 2.4, link type "raw IP"
	for i, d := range datagrams {
		n := 28 + len(d)
		word(1_700_000_000, uint32(i), uint32(n), uint32(n))
		half(0x4500, uint16(n), uint16(i), 0, 0x4011, 0)
		word(0xc0000201, 0xc6336401)
		half(uint16(40000+i), 3478, uint16(8+len(d)), 0)
		f.Write(d)
	}
	return f.Bytes()
}

// Messages of ours must say to tshark what they say to Parse.
func TestAgreesWithTshark(t *testing.T) {
	var list [][]byte
	for _, v := range vectors {
		list = append(list, v.b)
	}
	list = append(list, []byte("\x40\x01\x00\x05hello\x00\x00\x00"))
	file := filepath.Join(t.TempDir(), "messages.pcap")
	if err := os.WriteFile(file, pcap(list), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := compare(t, file); n != len(list) {
		t.Errorf("tshark found %d messages, want %d", n, len(list))
	}
}

// Public captures, which may lie beside the repository: every message that tshark finds in them must say the same.
func TestSharedCapturesAgreeWithTshark(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "captures")
	if _, err := os.Stat(filepath.Join(dir, "expected.json")); err != nil {
		t.Skipf("no public captures: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.pcap*"))
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, file := range slices.Sorted(slices.Values(files)) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			n := compare(t, file)
			t.Logf("%d messages", n)
			all += n
		})
	}
	if all == 0 && !t.Failed() {
		t.Error("no message in any capture")
	}
}
