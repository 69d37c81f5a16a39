package ipfix

import (
	"encoding/binary"
	"net/netip"
)

// Bounds of what a Decoder keeps. An exporter has some tens of templates.
const (
	maxTemplates = 4096 // of all exporters together
	maxOfOne     = 256  // of one address: an exporter pushes out its own
	maxFields    = 128  // of one template
)

// field is a Field Specifier (RFC 7011 section 3.2) of a template:
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|E|  Information Element ident. |        Field Length           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Enterprise Number, when E is 1           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type field struct {
	element uint16 // 0: of an enterprise, or of no interest
	length  uint16 // variable: 65535
}

const variable = 0xffff

// name is what a template is known by: RFC 7011 section 8 has it unique within an observation domain of a transport session.
type name struct {
	exporter netip.AddrPort
	domain   uint32
	id       uint16
}

// template is a Template Record, as far as it is needed to read data.
type template struct {
	fields []field
	least  int // octets of the shortest record
	scoped bool
}

// learn reads a set of Template Records, or of Options Template Records, whose body is b. Padding is less than a record.
func (d *Decoder) learn(m *Message, exporter netip.AddrPort, domain uint32, b []byte, options bool) {
	header := 4
	if options {
		header = 6
	}
	for len(b) >= header {
		id, count := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		b = b[header:]
		n := name{exporter, domain, id}
		if count == 0 { // withdrawal, which UDP does not have (RFC 7011 section 8.4); it does no harm
			d.forget(n)
			continue
		}
		if id < firstData || count > maxFields {
			m.Malformed++
			return
		}
		t := &template{fields: make([]field, 0, count), scoped: options}
		for range count {
			if len(b) < 4 {
				m.Malformed++
				return
			}
			f := field{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])}
			b = b[4:]
			if f.element&0x8000 != 0 {
				if len(b) < 4 {
					m.Malformed++
					return
				}
				b, f.element = b[4:], 0
			}
			if t.least += int(f.length); f.length == variable {
				t.least += 1 - variable
			}
			t.fields = append(t.fields, f)
		}
		if t.least == 0 { // its records would have no end
			m.Malformed++
			return
		}
		d.keep(n, t)
	}
}

// keep remembers a template. When its exporter has too many, or all together have, the one learnt first of these goes.
func (d *Decoder) keep(n name, t *template) {
	if _, known := d.templates[n]; !known {
		own, first := 0, -1
		for i := range d.order {
			if d.order[i].exporter.Addr() == n.exporter.Addr() {
				if own++; first < 0 {
					first = i
				}
			}
		}
		switch {
		case own >= maxOfOne:
			d.evict(first)
		case len(d.templates) >= maxTemplates:
			d.evict(0)
		}
		d.order = append(d.order, n)
	}
	d.templates[n] = t
}

func (d *Decoder) evict(i int) {
	delete(d.templates, d.order[i])
	d.order = append(d.order[:i:i], d.order[i+1:]...)
	d.Evicted++
}

func (d *Decoder) forget(n name) {
	if _, known := d.templates[n]; !known {
		return
	}
	delete(d.templates, n)
	for i, o := range d.order {
		if o == n {
			d.order = append(d.order[:i:i], d.order[i+1:]...)
			return
		}
	}
}
