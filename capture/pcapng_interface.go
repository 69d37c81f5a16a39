package capture

import (
	"math"
	"slices"
	"strings"
)

const (
	// maxInterfaces bounds the interfaces of one section and of one file.
	maxInterfaces = 4096
	// maxInterfaceName bounds the octets kept of an if_name.
	maxInterfaceName = 256
)

// Options of an Interface Description Block, section 4.2.
const (
	optEnd      = 0
	optIfName   = 2  // UTF-8
	optTSResol  = 9  // 1 octet: 10^-n s, or 2^-n s with the highest bit set
	optTSOffset = 14 // signed 64 bits: seconds to add
)

// iface is one Interface Description Block.
type iface struct {
	link    LinkType
	tap     uint16
	snaplen uint32 // 0: no limit
	clock   clock
}

// describeInterface reads an Interface Description Block: link type, reserved, snap length, options.
func (f *File) describeInterface(total uint32) error {
	body, err := f.block(total, 8)
	if err != nil {
		return err
	}
	if len(f.ng.interfaces) == maxInterfaces {
		return f.damaged("more than %d interfaces in a section", maxInterfaces)
	}
	in := iface{
		link:    linkOf(uint32(f.ng.order.uint16(body))),
		snaplen: f.ng.order.uint32(body[4:]),
		clock:   microseconds,
	}
	name := ""
	for options := body[8:]; len(options) > 0; {
		if len(options) < 4 {
			return f.damaged("interface description: option of %d octets", len(options))
		}
		code, length := f.ng.order.uint16(options), int(f.ng.order.uint16(options[2:]))
		if code == optEnd {
			break
		}
		options = options[4:]
		if length > len(options) {
			return f.damaged("interface description: option %d of %d octets, %d left", code, length, len(options))
		}
		value := options[:length]
		switch {
		case code == optIfName:
			name = strings.ToValidUTF8(string(value[:min(length, maxInterfaceName)]), "\uFFFD")
		case code == optTSResol && length == 1:
			in.clock.setResolution(value[0])
		case code == optTSOffset && length == 8:
			in.clock.setOffset(signed64(f.ng.order, value))
		case code == optTSResol || code == optTSOffset:
			return f.damaged("interface description: option %d of %d octets", code, length)
		}
		options = options[min((length+3)&^3, len(options)):]
	}
	if in.tap, err = f.tapOf(tap{len(f.ng.interfaces), name}); err != nil {
		return err
	}
	f.ng.interfaces = append(f.ng.interfaces, in)
	f.win.r += int(total)
	return nil
}

// tapOf gives an interface its index in the whole file.
func (f *File) tapOf(key tap) (uint16, error) {
	if known, ok := f.ng.taps[key]; ok {
		return known, nil
	}
	if len(f.names) == maxInterfaces {
		return 0, f.damaged("more than %d different interfaces", maxInterfaces)
	}
	index := uint16(len(f.names) & math.MaxUint16)
	f.ng.taps[key] = index
	f.names = append(slices.Clip(f.names), key.name)
	return index, nil
}

func signed64(order endian, b []byte) int64 {
	return int64(order.uint64(b)) //nolint:gosec // two's complement is what the field holds
}
