package clock

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"
)

// Answers of chronyd 4.3 to the request with the sequence number 0xdeadbeef.
const (
	header = "0602 0000 0021 0005 0000 0000 0000 0000 deadbeef 00000000 00000000 "
	noTime = "00000000 00006b02 957e3592 "

	// `local stratum 5`, nothing else.
	localReply = header + "7f7f0101" + "00000000 00000000 00000000 00000000 0000 0000" + "0005 0000" + noTime +
		"00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
	// Following 127.0.0.1, which has stratum 5; chronyc called the clock 0.5 µs fast, another decoder (facebook/time) 483 ns, and 3108 ns the bound of its error.
	serverReply = header + "7f000001" + "7f000001 00000000 00000000 00000000 0001 0000" + "0006 0000" + noTime +
		"db7e5167 d1159e19 de848c17 ff0222ca f336f967 feb446b2 e0a1c413 d6e67fa9 f88651df"
)

const sequence = 0xdeadbeef

func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// patch is serverReply with some octets replaced.
func patch(t testing.TB, at int, text string) []byte {
	t.Helper()
	b := octets(t, serverReply)
	copy(b[at:], octets(t, text))
	return b
}

func TestTracking(t *testing.T) {
	const data = replyHeader
	for _, tt := range []struct {
		name   string
		answer []byte
		want   State
	}{
		{"itself", octets(t, localReply), State{Reference: "chrony local stratum 5", Stratum: 5}},
		{"server", octets(t, serverReply), State{
			Reference: "chrony 127.0.0.1 stratum 6", Stratum: 6, Synced: true,
			Offset: 483, MaxError: 3_108, // ns
		}},
		{"server by IPv6", patch(t, data+4, "20010db8 00000000 00000000 00000001 0002 0000"), State{
			Reference: "chrony 2001:db8::1 stratum 6", Stratum: 6, Synced: true, Offset: 483, MaxError: 3_108,
		}},
		{"reference clock", patch(t, data, "50505300"+"00000000 00000000 00000000 00000000 0000 0000"+"0001"), State{
			Reference: "chrony PPS stratum 1", Stratum: 1, Synced: true, Offset: 483, MaxError: 3_108,
		}},
		{"reference clock without a name", patch(t, data, "1b5b324a"+"00000000 00000000 00000000 00000000 0000"), State{
			Reference: "chrony 1B5B324A stratum 6", Stratum: 6, Synced: true, Offset: 483, MaxError: 3_108,
		}},
		{"a leap second to come", patch(t, data+26, "0001"), State{
			Reference: "chrony 127.0.0.1 stratum 6", Stratum: 6, Synced: true, Offset: 483, MaxError: 3_108,
		}},
		// Then the kernel's word for offset and error stays.
		{"not synchronised", patch(t, data+26, "0003"), State{Offset: time.Hour, MaxError: 16 * time.Second}},
		{"as far off as can be said", patch(t, data+40, "7effffff"), State{
			Reference: "chrony 127.0.0.1 stratum 6", Stratum: 6, Synced: true, Offset: -math.MaxInt64, MaxError: math.MaxInt64,
		}},
	} {
		reply, err := parseTracking(tt.answer, sequence)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for _, synced := range []bool{false, true} { // whatever the kernel says
			got := State{Reference: "ntp", Synced: synced, Stratum: 15, Offset: time.Hour, MaxError: 16 * time.Second}
			if reply.over(&got); got != tt.want {
				t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
			}
		}
	}
}

// bad are answers that say nothing of the clock, and what is said of them.
func bad(t testing.TB) map[string][]byte {
	good := octets(t, serverReply)
	return map[string][]byte{
		"answer of 0 octets is too short":               {},
		"answer of 27 octets is too short":              good[:replyHeader-1],
		"answer of 28 octets is too short":              good[:replyHeader],
		"answer of 103 octets is too short":             good[:trackingReply-1],
		"speaks version 7 of its protocol, not 6":       patch(t, 0, "07"),
		"answer is not one to the tracking command":     patch(t, 1, "01"), // our own request, echoed
		"refused with status 2":                         patch(t, 8, "0002"),
		"answer is of kind 6, not tracking":             patch(t, 6, "0006"),
		"answer to another request":                     patch(t, 16, "deadbeee"),
		"refused with status 19":                        append(patch(t, 8, "0013")[:replyHeader:replyHeader], 0),
		"answer is not one to the tracking command\x00": patch(t, 4, "0022"),
	}
}

func TestTrackingRefuses(t *testing.T) {
	for want, answer := range bad(t) {
		want = strings.TrimRight(want, "\x00")
		if _, err := parseTracking(answer, sequence); err == nil || err.Error() != want {
			t.Errorf("%x: error %v, want %s", answer, err, want)
		}
	}
}

// Numbers of the protocol, by their definition in candm.h.
func TestFloat(t *testing.T) {
	for bits, want := range map[uint32]float64{
		0:          0,
		0x00000001: math.Ldexp(1, -25),
		0x02000001: math.Ldexp(1, -24),
		0x01ffffff: -math.Ldexp(1, -25),
		0x04800000: 1,                          // 2^(2-25) * 2^23
		0x05000000: -2,                         // 2^(2-25) * -2^24
		0x7effffff: math.Ldexp(1<<24-1, 63-25), // the largest
		0x80000001: math.Ldexp(1, -64-25),      // the smallest above 0
		0x7f000000: -math.Ldexp(1<<24, 63-25),  // the least
	} {
		if got := float(binary.BigEndian.AppendUint32(nil, bits)); got != want {
			t.Errorf("%08x is %g, want %g", bits, got, want)
		}
	}
}

func FuzzTracking(f *testing.F) {
	f.Add(octets(f, localReply))
	f.Add(octets(f, serverReply))
	for _, answer := range bad(f) {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		reply, err := parseTracking(answer, sequence)
		if err != nil {
			if reply != (tracking{}) {
				t.Errorf("%v, and %+v", err, reply)
			}
			return
		}
		var s State
		reply.over(&s)
		if s.MaxError < 0 || s.Stratum < 0 || (s.Synced && s.Reference == "") || s.MaxError < s.Offset.Abs() {
			t.Errorf("%+v", s)
		}
		if len(s.Reference) > 80 || strings.ContainsFunc(s.Reference, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("reference %q", s.Reference)
		}
	})
}
