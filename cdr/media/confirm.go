package media

// What confirms a stream. One packet that looks like RTP is a weak sign: of random datagrams whose first octet is 128 to 191 about
// half do, and many protocols have a constant or a counter in the place of one field or the other. Media has one SSRC, numbers
// that follow one another, packet after packet, and it goes on. So Confirmed is told of a stream
//
//   - that had TableConfig.Confirm packets each with the number after the one before (rtp.Stream.Consecutive). Random numbers
//     never have; neither has a constant, which is one packet and its copies, nor what counts by other steps than one;
//   - that had minConfirmed packets over confirmSpan at least: a burst that a port scan, or a test of a NAT's bindings, sends is
//     none;
//   - that goes to one host: a multicast is no call;
//   - whose payload is not MPEG video or an MPEG transport stream (payload types 32 and 33, RFC 3551 section 6), which carry
//     television to one viewer too. H.261 (31), H.263 (34) and the dynamic types are what video telephones use.
//
// The rest is counted all the same, and a call whose signalling announced it has it: there, SDP is the proof.
const (
	minConfirmed = 20
	confirmSpan  = int64(1e9) // nanoseconds

	payloadMPV  = 32
	payloadMP2T = 33
)

// judge confirms a stream that has had packets enough in a row, if it is media by the rest.
func (t *Table) judge(i uint32) {
	e := &t.entries[i]
	s := &e.stream
	if s.Packets >= minConfirmed && s.Last-s.First >= confirmSpan &&
		s.PayloadType != payloadMPV && s.PayloadType != payloadMP2T &&
		e.key[keyKind] != keyUDPTL && !isMulticast((*[16]byte)(e.key[16:32])) {
		t.confirm(i)
	}
}

// confirm tells of a stream that it is media, once.
func (t *Table) confirm(i uint32) {
	t.entries[i].confirmed = true
	t.Stats.Confirmed++
	t.tell(Confirmed, i, t.now)
}

// isMulticast says whether an address is one of many hosts at a time: 224.0.0.0/4, 255.255.255.255, ff00::/8.
func isMulticast(ip *[16]byte) bool {
	if ip[0] == 0xff {
		return true
	}
	mapped := [12]byte{10: 0xff, 11: 0xff}
	return [12]byte(ip[:12]) == mapped && (ip[12]&0xf0 == 0xe0 || [4]byte(ip[12:]) == [4]byte{255, 255, 255, 255})
}
