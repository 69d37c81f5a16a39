package capture

// enhancedPacket reads an Enhanced Packet Block: interface, timestamp (two 32-bit halves, high first), captured
// length, original length, octets padded to 32 bits, options.
func (f *File) enhancedPacket(p *Packet, total uint32) error {
	body, err := f.block(total, 20)
	if err != nil {
		return err
	}
	order := f.ng.order
	count := uint64(order.uint32(body[4:]))<<32 | uint64(order.uint32(body[8:]))
	return f.packet(p, body[20:], total, order.uint32(body), count, order.uint32(body[12:]), order.uint32(body[16:]))
}

// obsoletePacket reads a Packet Block: as above, but the interface has 16 bits and the drop count the other 16.
func (f *File) obsoletePacket(p *Packet, total uint32) error {
	body, err := f.block(total, 20)
	if err != nil {
		return err
	}
	order := f.ng.order
	count := uint64(order.uint32(body[4:]))<<32 | uint64(order.uint32(body[8:]))
	return f.packet(p, body[20:], total, uint32(order.uint16(body)), count, order.uint32(body[12:]), order.uint32(body[16:]))
}

// packet fills p from the fields of a packet block; octets are what follows the fields.
func (f *File) packet(p *Packet, octets []byte, total, id uint32, count uint64, captured, original uint32) error {
	if int64(id) >= int64(len(f.ng.interfaces)) {
		return f.damaged("interface %d, the section describes %d", id, len(f.ng.interfaces))
	}
	if captured > MaxPacket || int64(captured) > int64(len(octets)) {
		return f.damaged("captured length %d, the block holds %d", captured, min(len(octets), MaxPacket))
	}
	in := &f.ng.interfaces[id]
	p.Time = in.clock.nanoseconds(count)
	p.Data = octets[:captured:captured]
	p.Length = int(max(original, captured))
	p.Tap = in.tap
	p.Link = in.link
	f.win.r += int(total)
	return nil
}

// simplePacket reads a Simple Packet Block: original length and octets, of the section's first interface, cut at its
// snap length. It has no timestamp: the packet gets that of the one before, which keeps the order.
func (f *File) simplePacket(p *Packet, total uint32) error {
	body, err := f.block(total, 4)
	if err != nil {
		return err
	}
	if len(f.ng.interfaces) == 0 {
		return f.damaged("simple packet in a section without interface")
	}
	in := &f.ng.interfaces[0]
	original, octets := f.ng.order.uint32(body), body[4:]
	captured := int64(original)
	if in.snaplen != 0 {
		captured = min(captured, int64(in.snaplen))
	}
	if captured > MaxPacket || captured > int64(len(octets)) {
		return f.damaged("captured length %d, the block holds %d", captured, min(len(octets), MaxPacket))
	}
	p.Time = f.lastAt
	p.Data = octets[:captured:captured]
	p.Length = int(original)
	p.Tap = in.tap
	p.Link = in.link
	f.win.r += int(total)
	return nil
}
