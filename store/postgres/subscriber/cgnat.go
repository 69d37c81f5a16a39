package subscriber

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// parseCGNAT reads a block of ports, or a single translation when it has an inside port.
func parseCGNAT(r *row) ([]event, error) {
	e := event{kind: span}
	public, err := r.address("public_ip")
	if err != nil {
		return nil, err
	}
	if !public.IsValid() {
		return nil, errors.New("public_ip is empty")
	}
	e.address = host(public)
	if e.inside, err = r.address("inside_ip"); err != nil {
		return nil, err
	}
	if !e.inside.IsValid() {
		return nil, errors.New("inside_ip is empty")
	}
	if r.get("port_start") != "" || r.get("port_end") != "" {
		e.ports.some = true
		if e.ports.first, err = r.port("port_start"); err != nil {
			return nil, err
		}
		if e.ports.last, err = r.port("port_end"); err != nil {
			return nil, err
		}
		if e.ports.first > e.ports.last {
			return nil, fmt.Errorf("port_start %d is after port_end %d", e.ports.first, e.ports.last)
		}
	}
	if r.get("inside_port") != "" {
		if e.insidePort, err = r.port("inside_port"); err != nil {
			return nil, err
		}
	}
	e.holder = holder{subscriber: r.get("subscriber"), circuit: r.get("line")}
	if s := r.get("mac"); s != "" {
		hw, ok := mac(s)
		if !ok {
			return nil, fmt.Errorf("mac: %s is no hardware address", quoted(s))
		}
		e.mac = hw
	}
	if e.from, err = r.time("from"); err != nil {
		return nil, err
	}
	if err := e.ends(r, "to"); err != nil {
		return nil, err
	}
	e.session = session("cgnat", e.inside.String(), strconv.Itoa(e.insidePort), strconv.Itoa(e.ports.first), strconv.Itoa(e.ports.last), e.from.Format(time.RFC3339Nano))
	return []event{e}, nil
}
