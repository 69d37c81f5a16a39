package natlog

import (
	"net/netip"
	"strings"

	"calltrail/decode/nat"
)

// maxCisco bounds the records of one message: a packet has room for some 20.
const maxCisco = 256

// ciscoEvents are the names of records (Cisco IOS XR Carrier Grade NAT Configuration Guide, External Logging, Syslog Message
// Format): assignments end in A or AD, withdrawals in W or WD.
var ciscoEvents = map[string]struct{ ended, ignored bool }{
	"UserbasedA":      {},
	"SessionbasedA":   {},
	"SessionbasedAD":  {},
	"UserbasedW":      {ended: true},
	"SessionbasedW":   {ended: true},
	"SessionbasedWD":  {ended: true},
	"Portblockrunout": {ignored: true},
}

func knowsCisco(m *message) bool {
	name, ok := strings.CutPrefix(m.all(), "[")
	name, _, _ = strings.Cut(name, " ")
	_, known := ciscoEvents[name]
	return ok && known
}

// all is STRUCTURED-DATA and MSG: Cisco leaves the former empty, and a reader takes the first record for it.
func (m *message) all() string {
	if m.data == "-" {
		return m.text
	}
	return m.data + m.text
}

// readCisco reads one or more records:
//
//	[EventName L4 OriginalSourceIP InsideVRF OriginalSourceIPv6 TranslatedIP OriginalPort FirstPort LastPort DestinationIP DestinationPort]
//
// What does not apply is "-". The VRF is not kept: who has the same private addresses in several cannot tell them apart.
func readCisco(m *message) (list []nat.Event, ok bool) {
	rest := m.all()
	for n := 0; strings.TrimSpace(rest) != ""; n++ {
		body, behind, ok := strings.Cut(strings.TrimLeft(rest, " "), "]")
		body, bracket := strings.CutPrefix(body, "[")
		if !ok || !bracket || n == maxCisco {
			return nil, false
		}
		rest = behind
		f := strings.Fields(body)
		if len(f) == 0 {
			return nil, false
		}
		kind, known := ciscoEvents[f[0]]
		if !known {
			return nil, false
		}
		if kind.ignored {
			continue
		}
		e, ok := ciscoRecord(f, m)
		if !ok {
			return nil, false
		}
		e.Ended = kind.ended
		list = append(list, e)
	}
	return list, true
}

// ciscoRecord reads the fields of a record. In the guide's example a record without protocol has one field less: its "-" stands for the
// protocol, and the fields behind the IPv6 address are the same.
func ciscoRecord(f []string, m *message) (e nat.Event, ok bool) {
	if len(f) != 11 {
		return e, false
	}
	e = nat.Event{Time: m.at, Protocol: protocols[strings.ToUpper(f[1])]}
	inside, err := netip.ParseAddr(f[2])
	if err != nil {
		return e, false
	}
	if e.Public, err = netip.ParseAddr(f[5]); err != nil {
		return e, false
	}
	var sp uint16
	if f[6] != "-" {
		if sp, ok = port(f[6]); !ok {
			return e, false
		}
	}
	e.Inside = netip.AddrPortFrom(inside, sp)
	if e.First, ok = port(f[7]); !ok {
		return e, false
	}
	if e.Last = e.First; f[8] != "-" {
		if e.Last, ok = port(f[8]); !ok {
			return e, false
		}
	}
	e.Ports = true
	if f[9] != "-" {
		remote, err := netip.ParseAddr(f[9])
		fp, ok := port(f[10])
		if err != nil || !ok {
			return e, false
		}
		e.Remote = netip.AddrPortFrom(remote, fp)
	}
	return e, e.Valid()
}
