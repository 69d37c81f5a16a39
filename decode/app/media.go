package app

// MediaKind is what an encapsulation holds.
type MediaKind uint8

// Kinds of media.
const (
	MediaNone MediaKind = iota
	MediaRTP
	MediaRTCP
)

// Zoom's headers.
const (
	zoomSFU    = 5 // first octet of the SFU header
	zoomSFULen = 8 // octets of it
	rtpLen     = 12
	rtcpLen    = 8
)

// zoomMedia says, for each type of Zoom's media header, how many octets from that header on RTP or RTCP begins.
var zoomMedia = [64]struct {
	offset uint8
	medium Medium
	kind   MediaKind
}{
	13: {27, MediumUnknown, MediaRTP},
	15: {19, Audio, MediaRTP},
	16: {24, Video, MediaRTP},
	30: {20, MediumUnknown, MediaRTP},
	33: {16, MediumUnknown, MediaRTCP},
	34: {16, MediumUnknown, MediaRTCP},
	35: {16, MediumUnknown, MediaRTCP},
}

// Media finds RTP or RTCP in Zoom's encapsulation: b[offset:] is then a packet of that kind, its header whole, and wireLen-offset
// its length on the wire. On a port 8801-8810 the SFU header stands first:
//
//	+---+----------------+------+--------------------+----------------------
//	| 5 |  7 octets      | type |  of that type      |  RTP or RTCP
//	+---+----------------+------+--------------------+----------------------
//
// On other ports, between two clients, there is none and the type is the first octet. That is little to know it by: ask there
// only in a conversation with a certain mark of Zoom. kind is MediaNone, and the rest zero, when b is nothing of the sort: at the
// offset there must be version 2, and of RTCP a packet type 192-213; without an SFU header RTP's payload type must be a dynamic one.
func Media(b []byte, wireLen int, srcPort, dstPort uint16) (offset int, medium Medium, kind MediaKind) {
	peer := !zoomPorts.either(srcPort, dstPort)
	if !peer {
		if len(b) < zoomSFULen || b[0] != zoomSFU {
			return 0, MediumUnknown, MediaNone
		}
		offset = zoomSFULen
	}
	if len(b) <= offset || int(b[offset]) >= len(zoomMedia) {
		return 0, MediumUnknown, MediaNone
	}
	z := &zoomMedia[b[offset]]
	offset += int(z.offset)
	switch z.kind {
	case MediaRTP:
		if len(b) >= offset+rtpLen && wireLen >= len(b) && b[offset]>>6 == 2 && (!peer || b[offset+1]&0x7f >= 96) {
			return offset, z.medium, MediaRTP
		}
	case MediaRTCP:
		if len(b) >= offset+rtcpLen && wireLen >= len(b) && b[offset]>>6 == 2 && b[offset+1]-192 <= 213-192 {
			return offset, z.medium, MediaRTCP
		}
	case MediaNone:
	}
	return 0, MediumUnknown, MediaNone
}

// Types are the marks of an RTP payload type, of several applications when they share it; none for one above 127. Payload
// types from 96 on mean what the two ends agreed on: they support other marks and name nothing.
func Types(pt uint8) Marks {
	if int(pt) >= len(known.types) {
		return Marks{}
	}
	return known.types[pt]
}

// MediumOf is what an application sends under an RTP payload type, as far as it is known. For WebRTC in general that is a
// convention, not a rule: Google's implementation, which most others follow, offers Opus as 111 and VP8 as 96.
func MediumOf(n Name, pt uint8) Medium {
	if n >= NumNames || int(pt) >= len(known.types) {
		return MediumUnknown
	}
	return known.mediums[n][pt]
}

// Medium is what the marks of an application speak of: Video when one of them is of video, for calls with video have sound too;
// MediumUnknown when none says.
func (m Marks) Medium(n Name) Medium {
	medium := MediumUnknown
	for id := range m.Of(n).All() {
		medium = max(medium, table[id].Medium)
	}
	return medium
}
