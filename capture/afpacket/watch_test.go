//go:build linux && cgo

package afpacket

import (
	"testing"
	"time"
)

func TestOutage(t *testing.T) {
	type note struct{ up, failed bool }
	for _, test := range []struct {
		name  string
		notes []note // a second apart
		total time.Duration
		ended uint64
		up    bool
	}{
		{"never", []note{{true, false}, {true, false}}, 0, 0, true},
		{"two seconds", []note{{true, false}, {false, true}, {false, false}, {true, false}, {true, false}}, 2 * time.Second, 1, true},
		{"still", []note{{true, false}, {false, true}, {false, false}}, time.Second, 0, false},
		{"from the start", []note{{false, false}, {false, true}, {true, false}}, 2 * time.Second, 1, true},
		{"twice", []note{{true, false}, {false, true}, {true, false}, {false, true}, {true, false}}, 2 * time.Second, 2, true},
		{"between two looks", []note{{true, false}, {true, true}, {true, false}}, 0, 1, true},
		{"said late", []note{{true, false}, {false, false}, {true, true}, {true, false}}, time.Second, 1, true},
		{"refused to be opened", []note{{true, true}, {true, false}}, 0, 0, true},
	} {
		var o outage
		now := time.Unix(1767612032, 0)
		for i, n := range test.notes {
			if i > 0 {
				now = now.Add(time.Second)
			}
			o.note(n.up, n.failed, now)
		}
		if o.duration(now) != test.total || o.ended != test.ended || o.since.IsZero() != test.up {
			t.Errorf("%s: %v in %d outages, up %v", test.name, o.duration(now), o.ended, o.since.IsZero())
		}
	}
}
