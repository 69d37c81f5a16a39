package natlog

import (
	"strconv"
	"strings"
	"time"

	"calltrail/decode/nat"
)

// readJunos reads the structured data of RT_FLOW_SESSION_CREATE and RT_FLOW_SESSION_CLOSE, with and without _USF (Juniper, System Log
// Error Messages for Next Gen Services; System Log Explorer). A session that was denied is no session.
func readJunos(m *message) ([]nat.Event, bool) {
	e := nat.Event{Time: m.at}
	switch strings.TrimSuffix(m.id, "_USF") {
	case "RT_FLOW_SESSION_CREATE":
	case "RT_FLOW_SESSION_CLOSE":
		e.Ended = true
	default:
		return nil, true
	}
	v, ok := parameters(m.data)
	if !ok {
		return nil, false
	}
	if v["nat-source-address"] == "" || v["nat-source-address"] == "N/A" {
		return nil, true
	}
	protocol, err := strconv.ParseUint(v["protocol-id"], 10, 8)
	if err != nil {
		return nil, false
	}
	if e.Protocol = uint8(protocol); e.Protocol != 6 && e.Protocol != 17 && e.Protocol != 132 {
		return nil, true // its "ports" are identifiers
	}
	if s, err := strconv.ParseUint(v["elapsed-time"], 10, 31); err == nil && e.Ended {
		e.Elapsed = time.Duration(s) * time.Second
	}
	return tuple(e, v["source-address"], v["source-port"], v["destination-address"], v["destination-port"], v["nat-source-address"], v["nat-source-port"])
}

// parameters reads the SD-PARAMs of one SD-ELEMENT (RFC 5424 section 6.3.3): name="value". Escapes stay as they are: no value that
// is read has one.
func parameters(s string) (map[string]string, bool) {
	v := map[string]string{}
	_, s, ok := strings.Cut(s, " ") // the SD-ID
	if !ok {
		return nil, false
	}
	for n := 0; ; n++ {
		name, rest, ok := strings.Cut(s, `="`)
		if !ok {
			return v, true
		}
		value, behind, ok := strings.Cut(rest, `"`)
		if !ok || n == maxPairs {
			return nil, false
		}
		if name = strings.TrimSpace(name); v[name] == "" {
			v[name] = value
		}
		s = behind
	}
}
