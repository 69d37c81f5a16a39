package subscriber

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseRADIUS reads an accounting request. One may tell of an IPv4 address and of IPv6 prefixes: an event each.
func parseRADIUS(r *row) ([]event, error) {
	var kind eventKind
	switch status := strings.ToLower(r.get("Acct-Status-Type")); status {
	case "start", "1":
		kind = start
	case "stop", "2":
		kind = stop
	case "interim-update", "interim", "alive", "3":
		kind = interim
	case "accounting-on", "7", "accounting-off", "8":
		return nil, nil // tells of the access server, not of a session
	default:
		return nil, fmt.Errorf("Acct-Status-Type: %s is none of Start, Interim-Update, Stop", quoted(status))
	}
	at, err := r.time("Event-Timestamp")
	if err != nil {
		return nil, err
	}
	id := r.get("Acct-Session-Id")
	if id == "" {
		return nil, errors.New("Acct-Session-Id is empty")
	}
	e := event{kind: kind, at: at, elapsed: -1}
	if s := r.get("Acct-Session-Time"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("Acct-Session-Time: %s is no number of seconds", quoted(s))
		}
		e.elapsed = time.Duration(n) * time.Second
	}
	e.holder = holder{subscriber: r.get("User-Name"), circuit: r.get("NAS-Port-Id"), client: r.get("Calling-Station-Id")}
	if hw, ok := mac(e.client); ok {
		e.mac, e.client = hw, ""
	}
	if e.holder == (holder{}) {
		return nil, errors.New("nobody is named: User-Name, NAS-Port-Id and Calling-Station-Id are empty")
	}
	e.session = session("radius", r.get("NAS-Identifier"), r.get("NAS-IP-Address"), id, e.subscriber)

	var list []event
	for _, name := range []string{"Framed-IP-Address", "Framed-IPv6-Address"} {
		a, err := r.address(name)
		if err != nil {
			return nil, err
		}
		if !a.IsValid() {
			continue
		}
		if a.Is4() == (name == "Framed-IPv6-Address") {
			return nil, fmt.Errorf("%s: %s is of the other family", name, a)
		}
		e.address = host(a)
		list = append(list, e)
	}
	for _, name := range []string{"Framed-IPv6-Prefix", "Delegated-IPv6-Prefix"} {
		p, err := r.prefix(name)
		if err != nil {
			return nil, err
		}
		if p.IsValid() {
			e.address = p
			list = append(list, e)
		}
	}
	return list, nil
}
