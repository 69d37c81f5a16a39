package clock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"
)

// chronyd's command protocol, version 6, candm.h of chrony 2.2 and later. All numbers are big-endian.
//
//	request, CMD_Request                reply, CMD_Reply               tracking, RPY_Tracking, in the reply at 28
//	 0  version    6                     0  version   6                 0  ref_id                 uint32
//	 1  pkt_type   1, request            1  pkt_type  2, reply          4  ip_addr                16 octets
//	 2  res1, res2                       2  res1, res2                 20  family, padding        2 × uint16
//	 4  command    33, tracking          4  command   as asked         24  stratum                uint16
//	 6  attempt                          6  reply     5, tracking      26  leap_status            uint16
//	 8  sequence   any                   8  status    0, success       28  ref_time               3 × uint32
//	12  pad1, pad2                      10  pad1-3                     40  current_correction     float
//	20  padding, up to the              16  sequence  as asked         44  last_offset, rms_offset, freq_ppm,
//	    size of the reply               20  pad4, pad5                     resid_freq_ppm, skew_ppm
//	                                    28  data                       64  root_delay             float
//	                                                                   68  root_dispersion        float
//	                                                                   72  last_update_interval   float
//
// A request is as long as its answer, so that chronyd cannot be used to amplify.
const (
	protocolVersion = 6
	packetRequest   = 1
	packetReply     = 2
	commandTracking = 33
	replyTracking   = 5
	replyHeader     = 28
	trackingReply   = replyHeader + 76

	familyUnspec = 0
	familyIPv4   = 1
	familyIPv6   = 2

	leapUnsynchronised = 3

	refIDLocal = 0x7f7f0101 // 127.127.1.1, the directive `local`
)

// errOther is an answer to something else: late, or not chronyd's.
var errOther = errors.New("answer to another request")

// tracking is what chronyd says of the clock.
type tracking struct {
	refID   uint32
	server  netip.Addr // invalid when it is no server but a reference clock, itself, or nothing
	stratum uint16
	leap    uint16
	// correction is what has to be added to the clock to have true time, in seconds: positive when it is behind.
	correction                float64
	rootDelay, rootDispersion float64 // seconds
}

func trackingRequest(sequence uint32) []byte {
	b := make([]byte, trackingReply)
	b[0], b[1] = protocolVersion, packetRequest
	binary.BigEndian.PutUint16(b[4:], commandTracking)
	binary.BigEndian.PutUint32(b[8:], sequence)
	return b
}

// parseTracking reads the answer to trackingRequest(sequence). It keeps nothing of b.
func parseTracking(b []byte, sequence uint32) (tracking, error) {
	if len(b) < replyHeader {
		return tracking{}, fmt.Errorf("answer of %d octets is too short", len(b))
	}
	u16 := func(at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
	if binary.BigEndian.Uint32(b[16:]) != sequence {
		return tracking{}, errOther
	}
	switch {
	case b[0] != protocolVersion:
		return tracking{}, fmt.Errorf("speaks version %d of its protocol, not %d", b[0], protocolVersion)
	case b[1] != packetReply || u16(4) != commandTracking:
		return tracking{}, errors.New("answer is not one to the tracking command")
	case u16(8) != 0:
		return tracking{}, fmt.Errorf("refused with status %d", u16(8)) // STT_*: 2 is unauthorised
	case u16(6) != replyTracking:
		return tracking{}, fmt.Errorf("answer is of kind %d, not tracking", u16(6))
	case len(b) < trackingReply:
		return tracking{}, fmt.Errorf("answer of %d octets is too short", len(b))
	}
	d := b[replyHeader:trackingReply]
	t := tracking{
		refID:          binary.BigEndian.Uint32(d),
		stratum:        binary.BigEndian.Uint16(d[24:]),
		leap:           binary.BigEndian.Uint16(d[26:]),
		correction:     float(d[40:]),
		rootDelay:      float(d[64:]),
		rootDispersion: float(d[68:]),
	}
	switch binary.BigEndian.Uint16(d[20:]) {
	case familyIPv4:
		t.server = netip.AddrFrom4([4]byte(d[4:8]))
	case familyIPv6:
		t.server = netip.AddrFrom16([16]byte(d[4:20]))
	case familyUnspec:
	}
	return t, nil
}

// float is a number of the protocol: a signed exponent of 7 bits and a signed coefficient of 25, both two's complement;
// 2^(exponent-25) * coefficient. There are no NaN and no infinity; the largest is 2^62.
func float(b []byte) float64 {
	x := int32(binary.BigEndian.Uint32(b)) //nolint:gosec // the same 32 bits, signed
	exponent := x >> 25
	coefficient := x << 7 >> 7
	return math.Ldexp(float64(coefficient), int(exponent)-25)
}

// over lays what chronyd says over what the kernel said.
func (t tracking) over(s *State) {
	s.Synced, s.Stratum, s.Reference = false, 0, ""
	if t.leap == leapUnsynchronised {
		return
	}
	s.Stratum = int(t.stratum)
	itself := !t.server.IsValid() && t.refID == refIDLocal
	s.Synced = !itself
	name := "local"
	switch {
	case t.server.IsValid():
		name = t.server.String()
	case !itself:
		name = refIDText(t.refID)
	}
	s.Reference = fmt.Sprintf("chrony %s stratum %d", name, t.stratum)
	s.Offset = -seconds(t.correction)
	s.MaxError = seconds(math.Abs(t.correction) + max(t.rootDispersion, 0) + max(t.rootDelay, 0)/2)
}

// refIDText is the name of a reference clock, up to four ASCII letters ("PPS", "GPS"), or hexadecimal digits.
func refIDText(id uint32) string {
	text := make([]byte, 0, 4)
	for _, c := range binary.BigEndian.AppendUint32(nil, id) {
		switch {
		case c == 0 && len(text) > 0: // padding
		case c > ' ' && c <= '~':
			text = append(text, c)
		default:
			return fmt.Sprintf("%08X", id)
		}
	}
	return string(text)
}

// seconds is f as a Duration, or the nearest there is, 292 years.
func seconds(f float64) time.Duration {
	ns := f * float64(time.Second)
	switch {
	case ns >= math.MaxInt64:
		return math.MaxInt64
	case ns <= -math.MaxInt64:
		return -math.MaxInt64
	}
	return time.Duration(ns)
}
