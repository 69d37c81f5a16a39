package decode

import (
	"regexp"
	"testing"
)

func TestEveryReasonHasAName(t *testing.T) {
	snakeCase := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	seen := map[string]bool{"unknown": true}
	for r := range NumReasons {
		if name := r.String(); !snakeCase.MatchString(name) || seen[name] {
			t.Errorf("reason %d is called %q", r, name)
		}
		seen[r.String()] = true
	}
}

func TestEveryReasonHasItsClass(t *testing.T) {
	for r := range NumReasons {
		want := Dropped
		switch {
		case r == SIP || r == RTP || r == RTCP || r == Stream || r == TLS || r == T38 || r == Fragment || r == STUN || r == DTLS:
			want = Decoded
		case r < LinkTypeUnknown:
			want = Ignored
		}
		if r.Class() != want {
			t.Errorf("%v is %v, want %v", r, r.Class(), want)
		}
	}
}

func TestUnknownReason(t *testing.T) {
	if s := NumReasons.String(); s != "unknown" || NumReasons.Class() != Dropped {
		t.Errorf("%s, %v", s, NumReasons.Class())
	}
	if s := Class(3).String(); s != "unknown" {
		t.Error(s)
	}
}

func TestCountsBalance(t *testing.T) {
	var c, sum Counts
	for r := range NumReasons {
		c[r] = 1 << r // any two sums of different reasons differ
	}
	sum.Add(&c)
	sum.Add(&c)
	decoded, ignored, dropped := sum.Sum(Decoded), sum.Sum(Ignored), sum.Sum(Dropped)
	if decoded+ignored+dropped != sum.Total() || sum.Total() != 2*(1<<NumReasons-1) {
		t.Errorf("%d + %d + %d is not %d", decoded, ignored, dropped, sum.Total())
	}
	if want := uint64(2 * (1<<SIP + 1<<RTP + 1<<RTCP + 1<<Stream + 1<<TLS + 1<<T38 + 1<<Fragment + 1<<STUN + 1<<DTLS)); decoded != want {
		t.Errorf("decoded %b, want %b", decoded, want)
	}
}
