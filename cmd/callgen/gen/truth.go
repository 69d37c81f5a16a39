package gen

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/netip"
	"strconv"
)

// truth is one row; doc.go tells the columns.
type truth struct {
	callID, fromTag, toTag              string
	caller, callee, display, requestURI string
	src, dst                            netip.AddrPort
	vlan                                uint16
	started, ringing, answered, ended   int64 // 0: never
	status                              int   // 0: none
	disposition, endedBy, attempts      string
	invites                             int
	noFinal                             bool
	transport, tunnel                   string
	fromCaller, fromCallee              *mediaTruth // nil: no media planned
}

// mediaTruth is one direction's media of a row.
type mediaTruth struct {
	ssrc        uint32
	codec       string
	pt          uint8
	packets     int64
	octets      int64
	lost        int64
	duplicates  int64
	first, last int64
}

var truthColumns = []string{
	"call_id", "from_tag", "to_tag", "caller", "callee", "caller_display", "request_uri",
	"src_ip", "src_port", "dst_ip", "dst_port", "vlan",
	"started_at_us", "ringing_at_us", "answered_at_us", "ended_at_us",
	"status", "disposition", "ended_by", "attempts", "invites", "no_final",
}

// carriageColumns follow when Config.Carries.
var carriageColumns = []string{"transport", "tunnel"}

var mediaColumns = []string{"ssrc", "codec", "pt", "packets", "octets", "lost", "duplicates", "first_us", "last_us"}

// truthFile writes rows of CSV (RFC 4180), in the order in which calls fell silent.
type truthFile struct {
	w       *csv.Writer
	row     []string
	carries bool
}

func newTruthFile(w io.Writer, carries bool) (*truthFile, error) {
	t := &truthFile{w: csv.NewWriter(w), carries: carries}
	t.row = append(t.row, truthColumns...)
	if carries {
		t.row = append(t.row, carriageColumns...)
	}
	for _, direction := range []string{"from_caller_", "from_callee_"} {
		for _, column := range mediaColumns {
			t.row = append(t.row, direction+column)
		}
	}
	return t, t.put()
}

func (t *truthFile) put() error {
	if err := t.w.Write(t.row); err != nil {
		return fmt.Errorf("write truth: %w", err)
	}
	return nil
}

// number is empty for 0, which none of the columns it is used for can have.
func number[T int | int64 | uint16](n T) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

func (t *truthFile) write(c *truth) error {
	t.row = append(t.row[:0], c.callID, c.fromTag, c.toTag, c.caller, c.callee, c.display, c.requestURI,
		c.src.Addr().String(), number(c.src.Port()), c.dst.Addr().String(), number(c.dst.Port()), number(c.vlan),
		number(c.started), number(c.ringing), number(c.answered), number(c.ended),
		number(c.status), c.disposition, c.endedBy, c.attempts, number(c.invites), strconv.FormatBool(c.noFinal))
	if t.carries {
		t.row = append(t.row, c.transport, c.tunnel)
	}
	for _, m := range []*mediaTruth{c.fromCaller, c.fromCallee} {
		if m == nil || m.packets == 0 {
			t.row = append(t.row, make([]string, len(mediaColumns))...)
			continue
		}
		t.row = append(t.row, strconv.FormatUint(uint64(m.ssrc), 10), m.codec, strconv.Itoa(int(m.pt)),
			strconv.FormatInt(m.packets, 10), strconv.FormatInt(m.octets, 10), strconv.FormatInt(m.lost, 10),
			strconv.FormatInt(m.duplicates, 10), number(m.first), number(m.last))
	}
	return t.put()
}

func (t *truthFile) flush() error {
	t.w.Flush()
	if err := t.w.Error(); err != nil {
		return fmt.Errorf("write truth: %w", err)
	}
	return nil
}
