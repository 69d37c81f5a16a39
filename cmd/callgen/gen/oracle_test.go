package gen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"calltrail/capture"
)

// An oracle reads a capture file back and makes the rows of the truth from nothing but its packets, with code that
// shares nothing with the generator.

// seenMessage is one SIP message.
type seenMessage struct {
	at       int64
	src, dst netip.AddrPort
	vlan     uint16
	tunnel   string
	tcp      bool
	first    string // start line
	headers  map[string]string
	body     string
}

// seenRTP is one RTP packet.
type seenRTP struct {
	at       int64
	seq      uint16
	ssrc     uint32
	pt       uint8
	payload  int
	src, dst netip.AddrPort
}

type seen struct {
	calls  map[string][]seenMessage
	ids    []string
	rtp    map[netip.AddrPort][]seenRTP // by destination
	counts map[string]int64

	// pieces are those of a datagram that is not whole, streams what a direction of a TCP connection has sent.
	pieces  map[string]*seenPieces
	streams map[string]*seenStream
}

var longNames = map[string]string{"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type", "l": "content-length", "k": "supported"}

func look(t *testing.T, file []byte) *seen {
	t.Helper()
	f, err := capture.NewFile(bytes.NewReader(file), "generated")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	s := &seen{
		calls: map[string][]seenMessage{}, rtp: map[netip.AddrPort][]seenRTP{}, counts: map[string]int64{},
		pieces: map[string]*seenPieces{}, streams: map[string]*seenStream{},
	}
	var p capture.Packet
	last := int64(0)
	for {
		if err := f.Next(&p); errors.Is(err, io.EOF) {
			return s
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Time < last {
			t.Fatalf("packet %d: time goes back", p.Position)
		}
		last = p.Time
		s.packet(t, p.Time/1000, p.Data)
	}
}

func (s *seen) packet(t *testing.T, at int64, b []byte) {
	t.Helper()
	vlan, etherType, b := uint16(0), binary.BigEndian.Uint16(b[12:]), b[14:]
	if etherType == 0x8100 {
		vlan, etherType, b = binary.BigEndian.Uint16(b)&0xfff, binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	if etherType == 0x0806 {
		s.counts["arp"]++
		return
	}
	s.ip(t, seenMessage{at: at, vlan: vlan}, etherType, b, true)
}

// ip reads an IP packet; alone: no other packet has a part of it.
func (s *seen) ip(t *testing.T, m seenMessage, etherType uint16, b []byte, alone bool) {
	t.Helper()
	var src, dst netip.Addr
	var protocol byte
	fragment, id, offset, more := false, uint32(0), 0, false
	switch etherType {
	case 0x0800:
		if slowSum(b[:20]) != 0xffff {
			t.Fatalf("wrong IPv4 checksum: % x", b[:20])
		}
		src, dst, protocol = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:])), b[9]
		field := binary.BigEndian.Uint16(b[6:])
		fragment, id = field&0x3fff != 0, uint32(binary.BigEndian.Uint16(b[4:]))
		offset, more = int(field&0x1fff)*8, field&0x2000 != 0
		b = b[20:binary.BigEndian.Uint16(b[2:])]
	case 0x86dd:
		src, dst, protocol = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:])), b[6]
		b = b[40 : 40+binary.BigEndian.Uint16(b[4:])]
		if protocol == 44 {
			fragment, id, protocol = true, binary.BigEndian.Uint32(b[4:]), b[0]
			offset, more = int(binary.BigEndian.Uint16(b[2:])&0xfff8), b[3]&1 != 0
			b = b[8:]
		}
	default:
		t.Fatalf("ether type %04x", etherType)
	}
	if fragment {
		s.counts["fragments"]++
		key := fmt.Sprint(src, dst, id, protocol)
		p := s.pieces[key]
		if p == nil {
			p = &seenPieces{parts: map[int][]byte{}}
			s.pieces[key] = p
		}
		p.parts[offset] = append([]byte(nil), b...)
		if !more {
			p.length = offset + len(b)
		}
		if b = p.whole(); b == nil {
			return
		}
		delete(s.pieces, key)
		alone = false
	}
	if protocol == 47 {
		etherType, head := binary.BigEndian.Uint16(b[2:]), 4
		id := ""
		if b[0]&0x20 != 0 {
			id, head = fmt.Sprint(binary.BigEndian.Uint32(b[4:])), 8
		}
		s.inside(t, m, "gre/"+id, src, dst, etherType, b[head:], alone)
		return
	}
	if protocol != 17 || binary.BigEndian.Uint16(b[6:]) != 0 {
		pseudo := append(append([]byte{}, src.AsSlice()...), dst.AsSlice()...)
		pseudo = append(pseudo, 0, protocol, byte(len(b)>>8), byte(len(b)))
		if slowSum(append(pseudo, b...)) != 0xffff {
			t.Fatalf("wrong transport checksum from %v to %v", src, dst)
		}
	}
	m.src = netip.AddrPortFrom(src, binary.BigEndian.Uint16(b))
	m.dst = netip.AddrPortFrom(dst, binary.BigEndian.Uint16(b[2:]))
	if protocol == 6 {
		s.segment(t, m, b)
		return
	}
	if int(binary.BigEndian.Uint16(b[4:])) != len(b) {
		t.Fatalf("UDP length %d of %d", binary.BigEndian.Uint16(b[4:]), len(b))
	}
	switch b = b[8:]; m.dst.Port() {
	case 4789:
		s.inside(t, m, "vxlan/"+fmt.Sprint(binary.BigEndian.Uint32(b[4:])>>8), src, dst, 0x6558, b[8:], alone)
	case 2152:
		head := 8
		if b[0] == 0x34 {
			head = 16
		}
		etherType := uint16(0x0800)
		if b[head]>>4 == 6 {
			etherType = 0x86dd
		}
		s.inside(t, m, "gtpu/"+fmt.Sprint(binary.BigEndian.Uint32(b[4:])), src, dst, etherType, b[head:], alone)
	default:
		s.datagram(t, m, b, alone)
	}
}

// inside goes on with what a tunnel carries.
func (s *seen) inside(t *testing.T, m seenMessage, name string, src, dst netip.Addr, etherType uint16, b []byte, alone bool) {
	t.Helper()
	if m.tunnel != "" {
		t.Fatal("a tunnel in a tunnel")
	}
	m.tunnel = name + "/" + src.String() + "/" + dst.String()
	if etherType == 0x6558 {
		etherType, b = binary.BigEndian.Uint16(b[12:]), b[14:]
	}
	s.ip(t, m, etherType, b, alone)
}

func (s *seen) datagram(t *testing.T, m seenMessage, b []byte, alone bool) {
	t.Helper()
	switch {
	case m.dst.Port() == 53:
		s.counts["dns"]++
	case m.src.Port() == 443:
		s.counts["quic"]++
	case m.src.Port() < 6000:
		if alone {
			s.counts["sip"]++
		}
		s.sip(t, m, string(b))
	case m.src.Port()%2 == 1:
		s.counts["rtcp"]++
		if b[1] != 200 || len(b)%4 != 0 {
			t.Fatalf("not a sender report: % x", b)
		}
	default:
		s.counts["rtp"]++
		r := seenRTP{
			at: m.at, src: m.src, dst: m.dst, seq: binary.BigEndian.Uint16(b[2:]), ssrc: binary.BigEndian.Uint32(b[8:]), pt: b[1] & 0x7f,
		}
		r.payload = len(b) - 12
		if b[0]&0x10 != 0 {
			r.payload -= 4 + 4*int(binary.BigEndian.Uint16(b[14:]))
		}
		if b[0]&0x20 != 0 {
			r.payload -= int(b[len(b)-1])
		}
		s.rtp[m.dst] = append(s.rtp[m.dst], r)
	}
}

// slowSum adds 16-bit words one's complement, the way RFC 1071 tells it.
func slowSum(b []byte) uint16 {
	sum := uint32(0)
	for i, octet := range b {
		sum += uint32(octet) << (8 * (1 - i%2))
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

func (s *seen) sip(t *testing.T, m seenMessage, text string) {
	t.Helper()
	head, body, ok := strings.Cut(text, "\r\n\r\n")
	if !ok {
		t.Fatalf("no end of headers:\n%s", text)
	}
	m.body = body
	lines := strings.Split(head, "\r\n")
	m.first, m.headers = lines[0], map[string]string{}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		name = strings.ToLower(name)
		if long, ok := longNames[name]; ok {
			name = long
		}
		m.headers[name] = value
	}
	if m.headers["content-length"] != strconv.Itoa(len(body)) {
		t.Fatalf("content length %s of %d", m.headers["content-length"], len(body))
	}
	id := m.headers["call-id"]
	if _, ok := s.calls[id]; !ok {
		s.ids = append(s.ids, id)
	}
	s.calls[id] = append(s.calls[id], m)
}

var (
	userPart     = regexp.MustCompile(`<(?:sip:([^@>]*)@[^>]*|tel:([^>]*))>(?:;tag=\S+)?$`)
	tagPart      = regexp.MustCompile(`>;tag=(\S+)$`)
	displayPart  = regexp.MustCompile(`^(?:"((?:[^"\\]|\\.)*)"|([^<"]*?)) ?<`)
	escape       = regexp.MustCompile(`\\(.)`)
	mediaLine    = regexp.MustCompile(`(?m)^m=audio (\d+) RTP/AVP (\d+)`)
	connectionAt = regexp.MustCompile(`(?m)^c=IN IP[46] (\S+)\r`)
)

func user(value string) string {
	m := userPart.FindStringSubmatch(value)
	return m[1] + m[2]
}

func tagOf(value string) string {
	if m := tagPart.FindStringSubmatch(value); m != nil {
		return m[1]
	}
	return ""
}

// row makes a call's row.
func (s *seen) row(messages []seenMessage) map[string]string {
	row := map[string]string{"no_final": "true", "ended_by": "timeout", "disposition": "no_answer"}
	us := func(at int64) string { return strconv.FormatInt(at, 10) }
	once := func(column, value string) {
		if row[column] == "" {
			row[column] = value
		}
	}
	invites := 0
	media := map[string]netip.AddrPort{}
	var answer string
	for _, m := range messages {
		method := strings.Fields(m.headers["cseq"])[1]
		if mm := mediaLine.FindStringSubmatch(m.body); mm != nil {
			side := "caller"
			if m.src != messages[0].src {
				side, answer = "callee", mm[2]
			}
			address := netip.MustParseAddr(connectionAt.FindStringSubmatch(m.body)[1])
			port, _ := strconv.ParseUint(mm[1], 10, 16)
			media[side] = netip.AddrPortFrom(address, uint16(port))
		}
		if !strings.HasPrefix(m.first, "SIP/2.0 ") {
			switch {
			case strings.HasPrefix(m.first, "INVITE "):
				if invites++; invites > 1 {
					continue
				}
				from := m.headers["from"]
				display := displayPart.FindStringSubmatch(from)
				row["call_id"], row["from_tag"] = m.headers["call-id"], tagOf(from)
				row["caller"], row["callee"] = user(from), user(m.headers["to"])
				row["caller_display"] = escape.ReplaceAllString(display[1], "$1") + display[2]
				row["request_uri"] = strings.Fields(m.first)[1]
				row["src_ip"], row["src_port"] = m.src.Addr().String(), strconv.Itoa(int(m.src.Port()))
				row["dst_ip"], row["dst_port"] = m.dst.Addr().String(), strconv.Itoa(int(m.dst.Port()))
				if m.vlan != 0 {
					row["vlan"] = strconv.Itoa(int(m.vlan))
				}
				row["started_at_us"], row["transport"], row["tunnel"] = us(m.at), "udp", m.tunnel
				if m.tcp {
					row["transport"] = "tcp"
				}
			case method == "BYE" && row["ended_at_us"] == "":
				row["ended_at_us"], row["ended_by"] = us(m.at), "callee"
				if tagOf(m.headers["from"]) == row["from_tag"] {
					row["ended_by"] = "caller"
				}
			}
			continue
		}
		status, _ := strconv.Atoi(m.first[8:11])
		if method != "INVITE" || status == 100 {
			continue
		}
		tag := tagOf(m.headers["to"])
		switch {
		case status == 401 || status == 407:
			once("attempts", strconv.Itoa(status))
			continue
		case status < 200 && tag != "":
			once("ringing_at_us", us(m.at))
		case status >= 200 && status < 300:
			once("answered_at_us", us(m.at))
		case status >= 300:
			once("ended_at_us", us(m.at))
		}
		if tag != "" {
			row["to_tag"] = tag
		}
		if status >= 200 {
			row["status"], row["no_final"] = strconv.Itoa(status), "false"
			row["disposition"], row["ended_by"] = meaning(status, row["ended_by"])
		}
	}
	row["invites"] = strconv.Itoa(invites)
	ended, _ := strconv.ParseInt(row["ended_at_us"], 10, 64)
	s.direction(row, "from_caller_", media["caller"], media["callee"], ended, answer)
	s.direction(row, "from_callee_", media["callee"], media["caller"], ended, answer)
	return row
}

// meaning is record.md's table of dispositions, and who ended the call.
func meaning(status int, by string) (disposition, endedBy string) {
	switch {
	case status < 300:
		return "answered", by
	case status < 400:
		return "redirected", "callee"
	case status == 486 || status == 600:
		return "busy", "callee"
	case status == 487:
		return "cancelled", "caller"
	case status == 480 || status == 408:
		return "no_answer", "callee"
	case status == 403 || status == 603:
		return "rejected", "callee"
	}
	return "failed", "callee"
}

// direction counts the media of one direction.
func (s *seen) direction(row map[string]string, prefix string, src, dst netip.AddrPort, ended int64, answer string) {
	names := map[string]string{"0": "PCMU", "8": "PCMA", "107": "opus", "111": "opus"}
	var packets, duplicates, octets, highest int
	have := map[int]bool{}
	var first seenRTP
	extended := 0
	for _, r := range s.rtp[dst] {
		if r.src != src || r.at >= ended+2_000_000 {
			continue
		}
		if packets == 0 {
			first = r
			extended = int(r.seq)
			highest = extended
		}
		near := extended + int(int16(r.seq-uint16(extended))) // the closest number with these 16 bits
		if have[near] {
			duplicates++
			continue
		}
		have[near] = true
		extended = near
		highest = max(highest, near)
		packets++
		octets += r.payload
		row[prefix+"last_us"] = strconv.FormatInt(r.at, 10)
	}
	if packets == 0 {
		return
	}
	for column, value := range map[string]any{
		"ssrc": first.ssrc, "codec": names[answer], "pt": answer, "packets": packets, "octets": octets,
		"lost": highest - int(first.seq) + 1 - packets, "duplicates": duplicates, "first_us": first.at,
	} {
		row[prefix+column] = fmt.Sprint(value)
	}
}
