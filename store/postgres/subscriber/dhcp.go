package subscriber

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseDHCP reads a lease; a lease of Kea has an end and a length instead of a beginning.
func parseDHCP(r *row) ([]event, error) {
	e := event{kind: span}
	if strings.Contains(r.get("address"), "/") {
		p, err := r.prefix("address")
		if err != nil {
			return nil, err
		}
		e.address = p
	} else {
		a, err := r.address("address")
		if err != nil {
			return nil, err
		}
		if !a.IsValid() {
			return nil, errors.New("address is empty")
		}
		e.address = host(a)
	}
	e.holder = holder{subscriber: r.get("subscriber"), circuit: r.get("line"), client: r.get("client_id")}
	if s := r.get("hwaddr"); s != "" {
		hw, ok := mac(s)
		if !ok {
			return nil, fmt.Errorf("hwaddr: %s is no hardware address", quoted(s))
		}
		e.mac = hw
	}
	if e.holder == (holder{}) {
		return nil, errors.New("nobody is named: hwaddr, client_id, subscriber and line are empty")
	}
	end := "end"
	if r.get("start") == "" && r.get("expire") != "" {
		end = "expire"
		until, err := r.time(end)
		if err != nil {
			return nil, err
		}
		life, err := strconv.ParseUint(r.get("valid_lifetime"), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("valid_lifetime: %s is no number of seconds", quoted(r.get("valid_lifetime")))
		}
		e.from = until.Add(-time.Duration(life) * time.Second)
	} else {
		from, err := r.time("start")
		if err != nil {
			return nil, err
		}
		e.from = from
	}
	if err := e.ends(r, end); err != nil {
		return nil, err
	}
	e.session = session("dhcp", e.mac, e.client, e.from.Format(time.RFC3339Nano))
	return []event{e}, nil
}
