package gen

import "encoding/binary"

// packet builds the RTP packet of a slot (RFC 3550 section 5.1) in s.buffer and returns its octets of payload.
//
//	 0                   1                   2                   3
//	|V=2|P|X|  CC   |M|     PT      |       sequence number         |
//	|                           timestamp                           |
//	|           synchronization source (SSRC) identifier            |
func (s *stream) packet(slot int) (payload int) {
	first, second := byte(2<<6), s.truth.pt
	padding := s.extension && slot%16 == 7
	if padding {
		first |= 1 << 5
	}
	if s.extension {
		first |= 1 << 4
	}
	if slot == 0 {
		second |= 1 << 7 // marker: the talk begins (RFC 3551 section 4.1)
	}
	b := append(s.buffer[:0], first, second)
	b = binary.BigEndian.AppendUint16(b, s.sequence+low16(slot))
	b = binary.BigEndian.AppendUint32(b, s.rtpTime(int64(slot)*s.interval))
	b = binary.BigEndian.AppendUint32(b, s.truth.ssrc)
	if s.extension { // one-byte header (RFC 8285), audio level (RFC 6464)
		b = append(b, 0xbe, 0xde, 0, 1, 0x10, 0x30, 0, 0)
	}
	payload = s.call.codec.clock / 1000 * s.call.ptime // one octet a sample
	if s.call.codec.name == "opus" {
		payload = 20 + slot*7%40
	}
	for range payload {
		b = append(b, s.call.codec.fill)
	}
	if padding {
		b = append(b, 0, 0, 0, 4)
	}
	s.buffer = b
	return payload
}

// rtpTime is the timestamp at a time after the first packet, in microseconds.
func (s *stream) rtpTime(after int64) uint32 {
	return s.timestamp + low32(after*int64(s.call.codec.clock)/second)
}

// senderReport builds a compound packet of SR and SDES with CNAME (RFC 3550 sections 6.4.1 and 6.5) in s.reported.
func (s *stream) senderReport(now int64) {
	const (
		typeSR, typeSDES = 200, 202
		itemCNAME        = 1
		ntpEpoch         = 2208988800 // seconds from 1900 to 1970
	)
	b := append(s.reported[:0], 2<<6, typeSR, 0, 6)
	b = binary.BigEndian.AppendUint32(b, s.truth.ssrc)
	b = binary.BigEndian.AppendUint32(b, low32(now/second+ntpEpoch))
	b = binary.BigEndian.AppendUint32(b, low32((now%second)<<32/second))
	b = binary.BigEndian.AppendUint32(b, s.rtpTime(now-s.from))
	b = binary.BigEndian.AppendUint32(b, s.sent)
	b = binary.BigEndian.AppendUint32(b, s.sentOctets)
	start := len(b)
	b = append(b, 2<<6|1, typeSDES, 0, 0)
	b = binary.BigEndian.AppendUint32(b, s.truth.ssrc)
	name := s.call.party(s.by).host
	b = append(b, itemCNAME, low8(len(name)))
	b = append(append(b, name...), 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[start+2:], low16((len(b)-start)/4-1))
	s.reported = b
}
