package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Ports is a range of ports, both ends in it.
type Ports struct{ First, Last uint16 }

// ParsePorts reads "5060" or "5060-5080".
func ParsePorts(text string) (Ports, error) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.ParseUint(strings.TrimSpace(from), 10, 16)
	last, err2 := strconv.ParseUint(strings.TrimSpace(to), 10, 16)
	if err1 != nil || err2 != nil || first == 0 || last < first {
		return Ports{}, fmt.Errorf("%q is not a port or a range of ports; write 5060 or 5060-5080", text)
	}
	return Ports{uint16(first), uint16(last)}, nil
}

// ParsePortList reads a list that has been validated; what is no port is left out.
func ParsePortList(list []string) []Ports {
	out := make([]Ports, 0, len(list))
	for _, text := range list {
		if p, err := ParsePorts(text); err == nil {
			out = append(out, p)
		}
	}
	return out
}
