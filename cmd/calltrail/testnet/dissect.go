package testnet

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Opinion is what tshark says of a capture: pcaps/README.md describes each member.
type Opinion struct {
	Packets    uint64   `json:"packets"`
	SIPPackets uint64   `json:"sip_packets"`
	RTCP       uint64   `json:"rtcp_packets"`
	Calls      []Call   `json:"calls"`
	Streams    []Stream `json:"rtp_streams"`
	TLS        []TLS    `json:"tls"`
	Carriage   struct {
		Fragments int `json:"fragments"`
	} `json:"carriage"`
}

// TLS is a TLS connection whose ClientHello was seen, from the client's side. Octets are of TCP's payload.
type TLS struct {
	SrcIP    string `json:"src_ip"`
	SrcPort  int    `json:"src_port"`
	DstIP    string `json:"dst_ip"`
	DstPort  int    `json:"dst_port"`
	SNI      string `json:"sni"`
	Sent     uint64 `json:"-"` // octets; the dissector counts those of segments that come again, too
	Received uint64 `json:"-"`
	Hello    Moment `json:"-"`       // the packet of its ClientHello
	Last     Moment `json:"last_ts"` // that of its last packet
}

// Call is one call by Call-ID. Times are zero when there is none.
type Call struct {
	CallID    string `json:"call_id"`
	FromUser  string `json:"from_user"`
	ToUser    string `json:"to_user"`
	SrcIP     string `json:"src_ip"`
	SrcPort   int    `json:"src_port"`
	Transport string `json:"transport"` // udp, tcp or ws: of the first INVITE
	Invite    Moment `json:"invite_ts"`
	Rang      Moment `json:"-"` // on the caller's hop: see Hops
	Answer    Moment `json:"-"` // the same
	End       Moment `json:"end_ts"`
	Status    int    `json:"final_status"`
	ByeFrom   string `json:"bye_from"`
	Hops      []Hop  `json:"hops"`
}

// Hop is an INVITE on its way from one server to the next. The caller's hop is the one with the fewest Vias.
type Hop struct {
	Vias   int    `json:"vias"`
	Rang   Moment `json:"first_18x_ts"`
	Status int    `json:"final_status"`
	Final  Moment `json:"final_ts"`
}

// settle takes the times of ringing and answer from the caller's hop, the last attempt there.
func (c *Call) settle() {
	for i, hop := range c.Hops {
		if i > 0 && hop.Vias > c.Hops[0].Vias {
			continue
		}
		c.Rang, c.Answer = hop.Rang, Moment{}
		if hop.Status >= 200 && hop.Status < 300 {
			c.Answer = hop.Final
		}
	}
}

// Stream is the RTP of one SSRC in one direction.
type Stream struct {
	Src         string `json:"src"`
	Sport       int    `json:"sport"`
	Dst         string `json:"dst"`
	Dport       int    `json:"dport"`
	SSRC        string `json:"ssrc"` // 0x and eight hex digits
	PayloadType int    `json:"payload_type"`
	Packets     uint64 `json:"packets"`
	Lost        int64  `json:"lost"`
	First       Moment `json:"first_ts"`
	Last        Moment `json:"last_ts"`
}

// Moment is a time in seconds since 1970 with six decimals; null is the zero time.
type Moment struct{ time.Time }

// UnmarshalJSON reads the digits themselves: a float64 cannot hold them all.
func (m *Moment) UnmarshalJSON(b []byte) (err error) {
	m.Time = time.Time{}
	if string(b) != "null" {
		m.Time, err = parseSeconds(string(b))
	}
	return err
}

// parseSeconds reads seconds since 1970 with up to six decimals.
func parseSeconds(text string) (time.Time, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	micros, err := strconv.ParseInt(whole+(fraction + "000000")[:6], 10, 64)
	return time.UnixMicro(micros).UTC(), err
}

// Dissect asks tshark, through the program that also dissects the captures of pcaps.
func Dissect(t testing.TB, path string) (o Opinion) {
	t.Helper()
	said := command(t, filepath.Join(Root(t), "pcaps", "make", "dissect"), path)
	if err := json.Unmarshal([]byte(said), &o); err != nil {
		t.Fatalf("dissect %s: %v", path, err)
	}
	for i := range o.Calls {
		o.Calls[i].settle()
	}
	if len(o.TLS) > 0 {
		measure(t, path, o.TLS)
	}
	return o
}

// measure adds to TLS connections, by the client's port, when their ClientHello came, and how many octets they carried: by the
// sequence numbers, for a segment may come twice.
func measure(t testing.TB, path string, connections []TLS) {
	t.Helper()
	said := command(t, "tshark", "-n", "-r", path, "-Y", "tcp.len > 0", "-T", "fields", "-E", "occurrence=f",
		"-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.seq", "-e", "tcp.len", "-e", "tls.handshake.type", "-e", "frame.time_epoch")
	for line := range strings.Lines(said) {
		field := strings.Split(strings.TrimSpace(line), "\t")
		if len(field) != 6 {
			continue // tshark says something of itself
		}
		seq, err := strconv.ParseUint(field[2], 10, 64)
		length, failed := strconv.ParseUint(field[3], 10, 64)
		if err != nil || failed != nil || seq == 0 {
			t.Fatalf("tshark: %v, %v: %s", err, failed, line)
		}
		for i := range connections {
			c, octets := &connections[i], seq-1+length // the SYN has number 0
			switch port := strconv.Itoa(c.SrcPort); port {
			case field[0]:
				c.Sent = max(c.Sent, octets)
			case field[1]:
				c.Received = max(c.Received, octets)
			default:
				continue
			}
			if field[4] == "1" && c.Hello.IsZero() {
				if c.Hello.Time, err = parseSeconds(field[5]); err != nil {
					t.Fatalf("tshark: %v: %s", err, line)
				}
			}
		}
	}
}

// streamLine is a line of tshark's table of streams: addresses, SSRC, packets and lost ones.
var streamLine = regexp.MustCompile(`(?m)^\s*[\d.]+\s+[\d.]+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+(0x[0-9A-Fa-f]{8})\s+.*?\s(\d+)\s+(-?\d+) \(`)

// Streams are tshark's RTP streams of a capture, without payload types and times: this is quick where Dissect, which
// reads every field, would take minutes.
func Streams(t testing.TB, path string) (streams []Stream) {
	t.Helper()
	table := command(t, "tshark", "-n", "-o", "rtp.heuristic_rtp:TRUE", "-r", path, "-q", "-z", "rtp,streams")
	for _, m := range streamLine.FindAllStringSubmatch(table, -1) {
		s := Stream{Src: m[1], Dst: m[3], SSRC: strings.ToLower(m[5])}
		var errs [4]error
		s.Sport, errs[0] = strconv.Atoi(m[2])
		s.Dport, errs[1] = strconv.Atoi(m[4])
		s.Packets, errs[2] = strconv.ParseUint(m[6], 10, 64)
		s.Lost, errs[3] = strconv.ParseInt(m[7], 10, 64)
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatalf("tshark's table of streams: %v: %s", err, m[0])
		}
		streams = append(streams, s)
	}
	return streams
}

// Values are a field's in the packets of a capture that tshark's display filter takes: of each packet one, a number.
func Values(t testing.TB, path, filter, field string) (list []uint64) {
	t.Helper()
	for line := range strings.Lines(command(t, "tshark", "-n", "-r", path, "-Y", filter, "-T", "fields", "-e", field)) {
		// It says things of itself, too.
		if v, err := strconv.ParseUint(strings.TrimSpace(line), 10, 64); err == nil {
			list = append(list, v)
		}
	}
	return list
}

// Root is the directory of the module.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err = os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == "/" || !errors.Is(err, os.ErrNotExist) {
			break
		}
		err = nil
	}
	t.Fatalf("no go.mod above the working directory: %v", err)
	return ""
}
