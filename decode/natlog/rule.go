package natlog

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"calltrail/decode/nat"
)

// maxLine is the longest message that is read, in octets; a NAT's is a tenth of it, but for Cisco's, which fill a packet.
const maxLine = 16 << 10

// What is wrong with a message.
var (
	// ErrUnknown: no rule knows it.
	ErrUnknown = errors.New("natlog: no rule knows this line")
	// ErrMalformed: it begins like one that is known, and goes on otherwise.
	ErrMalformed = errors.New("natlog: the line has not the form that is documented")
)

// rule is the line of one product.
type rule struct {
	name string
	// knows says by its beginning or its names whether a line is of this product.
	knows func(m *message) bool
	// read makes the events; none: the line tells of no translation of ports. Not ok: it is damaged.
	read func(m *message) (list []nat.Event, ok bool)
}

// rules are asked in this order. The example of each is in rule_test.go.
var rules = []rule{
	{name: "Linux netfilter, ulogd2 with NFCT and GPRINT", knows: func(m *message) bool { return strings.Contains(m.text, "orig.ip.saddr=") }, read: readGPRINT},
	{name: "Linux netfilter, ulogd2 with NFCT, PRINTFLOW and SYSLOG or LOGEMU", knows: func(m *message) bool { return strings.Contains(m.text, "] ORIG: SRC=") }, read: readPRINTFLOW},
	{name: "Cisco IOS XR carrier grade NAT", knows: knowsCisco, read: readCisco},
	{name: "Juniper Junos, RT_FLOW", knows: func(m *message) bool { return strings.HasPrefix(m.id, "RT_FLOW_SESSION_") }, read: readJunos},
}

// Parse reads one syslog message, which came at received. Times that name no zone are in zone. No event and no error: the line is
// known, and tells of no translation of ports. It keeps nothing of b.
func Parse(b []byte, received time.Time, zone *time.Location) ([]nat.Event, error) {
	if len(b) > maxLine {
		return nil, ErrMalformed
	}
	s := strings.TrimRight(string(b), "\r\n\x00")
	if !utf8.ValidString(s) {
		return nil, ErrMalformed
	}
	m := header(s, received, zone)
	for i := range rules {
		if !rules[i].knows(&m) {
			continue
		}
		list, ok := rules[i].read(&m)
		if !ok {
			return nil, ErrMalformed
		}
		return list, nil
	}
	return nil, ErrUnknown
}
