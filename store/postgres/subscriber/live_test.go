package subscriber

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

var (
	bng    = netip.MustParseAddr("192.0.2.1")
	inside = netip.MustParseAddrPort("100.64.0.5:40001")
	public = netip.MustParseAddr("203.0.113.9")
	remote = netip.MustParseAddrPort("198.51.100.1:5060")
	ten    = time.Date(2026, 5, 28, 10, 0, 0, 0, time.UTC)
)

// translation is an event of a NAT, d after ten.
func translation(kind Kind, d, elapsed time.Duration) Event {
	return Event{
		Kind: kind, At: ten.Add(d), Elapsed: elapsed, Session: NATSession(ByIPFIX, bng, 17, inside, public, 31409, 31409, remote),
		Address: host(public), Ports: true, First: 31409, Last: 31409, Inside: inside.Addr(), InsidePort: inside.Port(),
		Via: ByIPFIX, Sender: bng, Received: ten.Add(time.Minute),
	}
}

func accounted(kind Kind, d, elapsed time.Duration) Event {
	return Event{
		Kind: kind, At: ten.Add(d), Elapsed: elapsed, Session: RADIUSSession("", bng, "01", "asha"), Subscriber: "asha", Address: netip.MustParsePrefix("198.51.100.7/32"),
		Via: ByRADIUS, Sender: bng, Received: ten.Add(time.Minute),
	}
}

// closed is a Stop that ends a session, whatever addresses it has.
func closed(e Event, of ...string) Event {
	e.Kind, e.Address = Closed, netip.Prefix{}
	e.Session += strings.Join(of, "")
	return e
}

// Whatever comes, together or one after the other, and all of it twice, gives the same assignments.
func TestLiveStore(t *testing.T) {
	t.Parallel()
	const no = -1
	d := newDatabase(t)
	for i, c := range []struct {
		name   string
		events []Event
		want   string // beginning and end in seconds after ten, and whether the beginning was seen
	}{
		{"began and ended", []Event{translation(Began, 0, no), translation(Ended, 3250*time.Millisecond, no)}, "0.000000|3.250000|t"},
		{"ended is heard first", []Event{translation(Ended, 3*time.Second, no), translation(Began, 0, no)}, "0.000000|3.000000|t"},
		{"ended is heard long before it began", []Event{translation(Ended, 90*time.Second, no), translation(Began, 0, no)}, "0.000000|-|t\n89.999999|90.000000|f"},
		{"twice within a second", []Event{translation(Began, 0, no), translation(Ended, 200*time.Millisecond, no), translation(Began, 400*time.Millisecond, no), translation(Ended, 900*time.Millisecond, no)}, "0.000000|0.200000|t\n0.400000|0.900000|t"},
		{"its beginning was lost", []Event{translation(Ended, time.Second, no)}, "0.999999|1.000000|f"},
		{"its beginning was lost, and it says how long it was", []Event{translation(Ended, time.Second, 800*time.Millisecond)}, "0.200000|1.000000|t"},
		{"its end was lost", []Event{translation(Began, 0, no), translation(Began, 5*time.Second, no), translation(Ended, 6*time.Second, no)}, "0.000000|-|t\n5.000000|6.000000|t"},
		{"of no time", []Event{translation(Began, 0, no), translation(Ended, 0, no)}, "0.000000|0.000001|t"},
		{"a session", []Event{accounted(Began, 0, no), accounted(Alive, time.Minute, no), accounted(Ended, time.Hour, no)}, "0.000000|3600.000000|t"},
		{"a Stop that names no address", []Event{accounted(Began, 0, no), closed(accounted(Ended, time.Hour, no))}, "0.000000|3600.000000|t"},
		{"a Stop of another session", []Event{accounted(Began, 0, no), closed(accounted(Ended, time.Hour, no), "x")}, "0.000000|-|t"},
		{"a Stop alone", []Event{accounted(Ended, time.Hour, no)}, "3599.000000|3600.000000|f"},
		{"a Stop alone that says how long it was", []Event{accounted(Ended, time.Hour, time.Hour)}, "0.000000|3600.000000|t"},
	} {
		address := netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)}), 32)
		for k := range c.events {
			c.events[k].Session += address.String()
			if c.events[k].Kind != Closed {
				c.events[k].Address = address
			}
		}
		ask := func() string {
			return d.ask(`SELECT extract(epoch FROM lower(during) - '2026-05-28 10:00Z')::text AS b, extract(epoch FROM upper(during) - '2026-05-28 10:00Z')::text AS e, left(start_seen::text, 1) AS s
				FROM calltrail.assignments WHERE address = $1 ORDER BY lower(during)`, address)
		}
		l := NewLive(d.cfg)
		for i := range c.events { // one after the other
			if _, err := l.Store(context.Background(), c.events[i:i+1]); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		got := ask()
		if c.want != "" && got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, got, c.want)
		}
		s, err := l.Store(context.Background(), c.events) // again, together
		if err != nil || c.want != "" && s.Added != 0 || ask() != got && c.want != "" {
			t.Errorf("%s: again: %+v, %v\n%s\nbefore\n%s", c.name, s, err, ask(), got)
		}
		d.want(`SELECT count(*) FROM calltrail.assignment a WHERE NOT EXISTS (SELECT FROM calltrail.assignment_receipt r WHERE r.assignment_id = a.assignment_id)`, "0")
		if err := l.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestEventCheck(t *testing.T) {
	t.Parallel()
	good := translation(Began, 0, -1)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(e *Event){
		"a time before computers":       func(e *Event) { e.At = time.Unix(0, 0) },
		"a session of eleven years":     func(e *Event) { e.Elapsed = 11 * 366 * 24 * time.Hour },
		"a name with NUL":               func(e *Event) { e.Subscriber = "a\x00" },
		"a name that is no UTF-8":       func(e *Event) { e.Subscriber = "\xff" },
		"no session":                    func(e *Event) { e.Session = "" },
		"no sender":                     func(e *Event) { e.Sender = netip.Addr{} },
		"no address":                    func(e *Event) { e.Address = netip.Prefix{} },
		"bits behind the length":        func(e *Event) { e.Address = netip.MustParsePrefix("2001:db8::1/64") },
		"a network for an address":      func(e *Event) { e.Address = netip.MustParsePrefix("203.0.113.0/24") },
		"everybody's prefix":            func(e *Event) { e.Address = netip.MustParsePrefix("2001:db8::/32") },
		"nobody's address":              func(e *Event) { e.Address = netip.MustParsePrefix("0.0.0.0/32") },
		"ports that end and then begin": func(e *Event) { e.First = 31410 },
		"nobody":                        func(e *Event) { e.Inside = netip.Addr{} },
	} {
		e := good
		if spoil(&e); e.Check() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// The rights that the comment of Store names are enough, and it needs no less.
func TestLiveRights(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	role := fmt.Sprintf("calltrail_test_%016x", rand.Uint64())
	d.exec("CREATE ROLE " + role + " LOGIN PASSWORD 'test'")
	t.Cleanup(func() {
		d.exec("DROP OWNED BY " + role)
		d.exec("DROP ROLE " + role)
	})
	u, err := url.Parse(d.cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "test")
	cfg := d.cfg
	cfg.DSN = u.String()
	d.exec("GRANT USAGE ON SCHEMA calltrail TO " + role)
	d.exec("GRANT SELECT ON calltrail.schema_version TO " + role)
	l := NewLive(cfg)
	for _, right := range []string{"SELECT ON calltrail.assignments", "INSERT ON calltrail.assignment", "INSERT ON calltrail.assignment_receipt"} {
		if _, err := l.Store(context.Background(), []Event{translation(Began, 0, -1)}); err == nil || !strings.Contains(err.Error(), "permission denied") || Unstorable(err) {
			t.Errorf("without %s: %v", right, err)
		}
		d.allow(role, right)
	}
	if _, err := l.Store(context.Background(), []Event{translation(Began, 0, -1), {Kind: Restart, At: ten, Session: RADIUSServer("", bng), Via: ByRADIUS, Sender: bng, Received: ten}}); err != nil {
		t.Error(err)
	}
	if err := l.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
