package natlog

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"calltrail/decode/nat"
)

// maxPairs bounds the name=value pairs of a line.
const maxPairs = 128

// readGPRINT reads what ulogd2's output GPRINT writes of a connection (its source: output/ulogd_output_GPRINT.c, names of
// input/flow/ulogd_inpflow_NFCT.c): pairs with commas between them. The time is the kernel's, to the microsecond, when
// net.netfilter.nf_conntrack_timestamp is set.
func readGPRINT(m *message) ([]nat.Event, bool) {
	i := strings.Index(m.text, "timestamp=")
	if j := strings.Index(m.text, "orig.ip.saddr="); i < 0 || j < i {
		i = j
	}
	v, ok := pairs(m.text[i:], ",")
	if !ok {
		return nil, false
	}
	e := nat.Event{Time: m.at}
	begin, beginSaid := seconds(v["flow.start.sec"], v["flow.start.usec"])
	end, endSaid := seconds(v["flow.end.sec"], v["flow.end.usec"])
	switch v["ct.event"] { // enum nf_conntrack_msg_type
	case "1":
		if beginSaid {
			e.Time = begin
		}
	case "4":
		e.Ended = true
		if endSaid {
			e.Time = end
			if beginSaid && end.After(begin) {
				e.Elapsed = end.Sub(begin)
			}
		}
	default:
		return nil, v["ct.event"] == "2" // a change of state
	}
	protocol, err := strconv.ParseUint(v["orig.ip.protocol"], 10, 8)
	if err != nil {
		return nil, false
	}
	e.Protocol = uint8(protocol)
	return tuple(e, v["orig.ip.saddr"], v["orig.l4.sport"], v["orig.ip.daddr"], v["orig.l4.dport"], v["reply.ip.daddr"], v["reply.l4.dport"])
}

func seconds(sec, micro string) (time.Time, bool) {
	s, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || s <= 0 || s > 1<<40 {
		return time.Time{}, false
	}
	us, err := strconv.ParseInt(micro, 10, 32)
	if err != nil || us < 0 || us > 999_999 {
		us = 0
	}
	return time.Unix(s, us*1000).UTC(), true
}

// protocols are the names that the filter PRINTFLOW writes (filter/ulogd_filter_PRINTFLOW.c) of those with ports.
var protocols = map[string]uint8{"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1}

// readPRINTFLOW reads what ulogd2's filter PRINTFLOW writes of a connection: the two directions, each as SRC= DST= PROTO= SPT= DPT=.
// It has no time but the header's, in whole seconds.
func readPRINTFLOW(m *message) ([]nat.Event, bool) {
	before, flows, _ := strings.Cut(m.text, "] ORIG: ")
	e := nat.Event{Time: m.at}
	switch kind := before[strings.LastIndexByte(before, '[')+1:]; kind {
	case "NEW":
	case "DESTROY":
		e.Ended = true
	default:
		return nil, kind == "UPDATE"
	}
	out, back, ok := strings.Cut(flows, " , REPLY: ")
	if !ok {
		return nil, false
	}
	o, ok1 := pairs(out, " ")
	r, ok2 := pairs(back, " ")
	if !ok1 || !ok2 {
		return nil, false
	}
	e.Protocol = protocols[o["PROTO"]]
	return tuple(e, o["SRC"], o["SPT"], o["DST"], o["DPT"], r["DST"], r["DPT"])
}

// tuple makes the event of a connection: who began it, where to, and which address the answers come to. Without ports, or when the
// source was not translated, there is none.
func tuple(e nat.Event, source, sourcePort, far, farPort, public, publicPort string) ([]nat.Event, bool) {
	inside, err1 := netip.ParseAddr(source)
	outside, err2 := netip.ParseAddr(public)
	remote, err3 := netip.ParseAddr(far)
	if err1 != nil || err2 != nil || err3 != nil {
		return nil, false
	}
	if sourcePort == "" || publicPort == "" || farPort == "" {
		return nil, true // ICMP and the like
	}
	sp, ok1 := port(sourcePort)
	pp, ok2 := port(publicPort)
	fp, ok3 := port(farPort)
	if !ok1 || !ok2 || !ok3 {
		return nil, false
	}
	if inside == outside && sp == pp {
		return nil, true
	}
	e.Inside, e.Public, e.Remote = netip.AddrPortFrom(inside, sp), outside, netip.AddrPortFrom(remote, fp)
	e.Ports, e.First, e.Last = true, pp, pp
	return []nat.Event{e}, e.Valid()
}

func port(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil
}

// pairs reads name=value pairs; the first of a name counts. Words that are no pair are left out.
func pairs(s, separator string) (map[string]string, bool) {
	v := map[string]string{}
	n := 0
	for part := range strings.SplitSeq(s, separator) {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			continue
		}
		if n++; n > maxPairs {
			return nil, false
		}
		if _, twice := v[name]; !twice {
			v[name] = value
		}
	}
	return v, true
}
