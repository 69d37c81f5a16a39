package dialog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var eventNames = map[RegistrationEvent]string{LogIn: "login", LogOut: "logout", Change: "change", Refused: "refused"}

// registered runs lines of the ladders' notation through a Registrar and returns the events as text.
func registered(t *testing.T, r *Registrar, events *[]string, lines string) []string {
	t.Helper()
	*events = nil
	for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		r.Handle(message(t, "%s", strings.TrimSpace(line)))
	}
	return *events
}

// With the right credentials and an old nonce the answer is a challenge like the first one (RFC 7616 section 3.3).
func TestStaleIsAChallenge(t *testing.T) {
	for stale, want := range map[bool][]string{
		true:  {"0.030 login 200 from A"},
		false: {"0.010 refused 401 from A", "0.030 login 200 from A"},
	} {
		r, events := newRegistrar(Config{})
		r.Handle(message(t, "0.000 A>P REGISTER contact=A auth=Basic"))
		challenge := message(t, "0.010 P>A 401 REGISTER ttag=9")
		challenge.Stale = stale
		r.Handle(challenge)
		r.Handle(message(t, "0.020 A>P REGISTER cseq=2 contact=A auth=Basic"))
		r.Handle(message(t, "0.030 P>A 200 REGISTER cseq=2 ttag=9 contact=A"))
		if !slices.Equal(*events, want) {
			t.Errorf("stale %t: got %q, want %q", stale, *events, want)
		}
	}
}

func newRegistrar(cfg Config) (*Registrar, *[]string) {
	events := new([]string)
	return NewRegistrar(cfg, func(e *Registration) {
		s := fmt.Sprintf("%s %s %d from %s", since(e.At), eventNames[e.Event], e.Status, hostName(e.Src))
		if e.Expires >= 0 {
			s += fmt.Sprintf(" expires %d", e.Expires)
		}
		if len(e.AuthUser) > 0 {
			s += " as " + string(e.AuthUser)
		}
		if e.Relayed {
			s += " relayed"
		}
		*events = append(*events, s)
	}), events
}

func TestRegistrations(t *testing.T) {
	cases := []struct {
		name, lines string
		want        []string
	}{
		{
			"log-in, refresh, log-out", `
			0.000 A>P REGISTER contact=A expires=3600
			0.010 P>A 200 REGISTER ttag=9 contact=A expires=1800
			900.000 A>P REGISTER cseq=2 contact=A expires=3600
			900.010 P>A 200 REGISTER cseq=2 ttag=9 contact=A expires=1800
			1000.000 A>P REGISTER cseq=3 contact=A expires=0
			1000.010 P>A 200 REGISTER cseq=3 ttag=9`,
			[]string{"0.010 login 200 from A expires 1800", "1000.010 logout 200 from A expires 0"},
		},
		{
			"challenged, then accepted, under one number too", `
			0.000 A>P REGISTER contact=A expires=3600
			0.010 P>A 401 REGISTER ttag=9
			0.020 A>P REGISTER contact=A expires=3600 auth=Basic
			0.030 P>A 200 REGISTER ttag=9 contact=A`,
			[]string{"0.030 login 200 from A expires 3600"},
		},
		{
			"refused with credentials", `
			0.000 A>P REGISTER contact=A expires=3600
			0.010 P>A 401 REGISTER ttag=9
			0.020 A>P REGISTER cseq=2 contact=A expires=3600 auth=Basic
			0.030 P>A 401 REGISTER cseq=2 ttag=9`,
			[]string{"0.030 refused 401 from A"},
		},
		{
			"forbidden", `
			0.000 A>P REGISTER contact=A
			0.010 P>A 403 REGISTER ttag=9`,
			[]string{"0.010 refused 403 from A"},
		},
		{
			"too short, then as long as was asked", `
			0.000 A>P REGISTER contact=A expires=10
			0.010 P>A 423 REGISTER ttag=9
			0.020 A>P REGISTER cseq=2 contact=A expires=60
			0.030 P>A 200 REGISTER cseq=2 ttag=9 contact=A expires=60`,
			[]string{"0.030 login 200 from A expires 60"},
		},
		{"a question for the bindings", `
			0.000 A>P REGISTER
			0.010 P>A 200 REGISTER ttag=9 contact=A`, nil},
		{
			"through a proxy, the hop behind it seen first", `
			0.000 P>B REGISTER branch=p vias=2 contact=A expires=3600
			0.001 A>P REGISTER contact=A expires=3600
			0.010 B>P 200 REGISTER branch=p vias=2 ttag=9 contact=A`,
			[]string{"0.010 login 200 from A expires 3600"},
		},
		{
			"seen behind a proxy only: its source is not the telephone", `
			0.000 P>B REGISTER branch=p vias=2 contact=A expires=3600
			0.010 B>P 200 REGISTER branch=p vias=2 ttag=9 contact=A`,
			[]string{"0.010 login 200 from P expires 3600 relayed"},
		},
		{
			"the same contact from another address", `
			0.000 A>P REGISTER contact=B expires=3600
			0.010 P>A 200 REGISTER ttag=9
			10.000 D>P REGISTER cseq=2 contact=B expires=3600
			10.010 P>D 200 REGISTER cseq=2 ttag=9
			20.000 D>P REGISTER cseq=3 contact=B expires=3600
			20.010 P>D 200 REGISTER cseq=3 ttag=9`,
			[]string{"0.010 login 200 from A expires 3600", "10.010 change 200 from D expires 3600"},
		},
		{
			"expired, then back", `
			0.000 A>P REGISTER contact=A expires=60
			0.010 P>A 200 REGISTER ttag=9
			60.010 A>P REGISTER cseq=2 contact=A expires=60
			60.020 P>A 200 REGISTER cseq=2 ttag=9`,
			[]string{"0.010 login 200 from A expires 60", "60.020 login 200 from A expires 60"},
		},
		{
			"log-out of all contacts, then back", `
			0.000 A>P REGISTER contact=A expires=3600
			0.010 P>A 200 REGISTER ttag=9
			1.000 A>P REGISTER cseq=2 contact=* expires=0
			1.010 P>A 200 REGISTER cseq=2 ttag=9
			2.000 A>P REGISTER cseq=3 contact=A expires=3600
			2.010 P>A 200 REGISTER cseq=3 ttag=9`,
			[]string{
				"0.010 login 200 from A expires 3600", "1.010 logout 200 from A expires 0", "2.010 login 200 from A expires 3600",
			},
		},
		{
			"copies of both, before and after the answer", `
			0.000 A>P REGISTER contact=A expires=0
			0.000 A>P REGISTER contact=A expires=0
			0.010 P>A 200 REGISTER ttag=9
			0.010 P>A 200 REGISTER ttag=9
			0.500 A>P REGISTER contact=A expires=0
			0.510 P>A 200 REGISTER ttag=9`,
			[]string{"0.010 logout 200 from A expires 0"},
		},
		{
			"on two hops", `
			0.000 A>P REGISTER contact=A expires=60
			0.001 P>Q REGISTER vias=2 branch=p contact=A expires=60
			0.009 Q>P 200 REGISTER vias=2 branch=p ttag=9
			0.010 P>A 200 REGISTER ttag=9`,
			[]string{"0.009 login 200 from A expires 60"},
		},
		{
			"a program that starts again with the same Call-ID and number", `
			0.000 A>P REGISTER contact=A expires=0
			0.010 P>A 200 REGISTER ttag=9
			60.000 A>P REGISTER contact=A expires=60
			60.010 P>A 200 REGISTER ttag=9`,
			[]string{"0.010 logout 200 from A expires 0", "60.010 login 200 from A expires 60"},
		},
		{
			"an answer without its question, and a provisional one", `
			0.000 P>A 200 REGISTER ttag=9
			1.000 A>P REGISTER cseq=2 contact=A expires=60
			1.010 P>A 100 REGISTER cseq=2
			1.020 P>A 200 REGISTER cseq=2 ttag=9`,
			[]string{"1.020 login 200 from A expires 60"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, events := newRegistrar(Config{})
			if got := registered(t, r, events, c.lines); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// Floods fill no memory: of questions without answers, of answered ones, of contacts of one user, of users.
func TestRegistrationFloods(t *testing.T) {
	r, events := newRegistrar(Config{Registrations: 1000})
	check := func(what string) {
		t.Helper()
		if len(r.pending) > maxPending || len(r.order) > maxPending || r.size > 1000 {
			t.Fatalf("%s: %d pending, %d in order, %d bindings", what, len(r.pending), len(r.order), r.size)
		}
	}
	for i := range maxPending + 1000 {
		r.Handle(message(t, "0.000 A>P REGISTER call=c%d contact=A expires=60", i))
	}
	check("questions")
	for i := range 2000 {
		r.Handle(message(t, "1.000 A>P REGISTER call=d%d contact=<sip:u%d@192.0.2.1> expires=60", i, i))
		r.Handle(message(t, "1.000 P>A 200 REGISTER call=d%d ttag=9", i))
	}
	check("contacts of one user")
	if n := len(*events); n != 2000 {
		t.Errorf("%d events of 2000 log-ins", n)
	}
	sum := 0
	for _, list := range r.bindings {
		sum += len(list)
		if len(list) > maxContacts {
			t.Errorf("%d contacts of one user", len(list))
		}
	}
	if sum != r.size {
		t.Errorf("%d bindings, counted %d", sum, r.size)
	}
	r.Handle(message(t, "200.000 A>P REGISTER call=e contact=A expires=60"))
	if len(r.pending) != 1 || len(r.order) != 1 {
		t.Errorf("%d pending, %d in order after the flood", len(r.pending), len(r.order))
	}
}

// What has expired does not stay until the table is full: telephones that come once and go leave little behind.
func TestExpiredBindingsGo(t *testing.T) {
	r, _ := newRegistrar(Config{})
	most := 0
	for now := range int64(3000) {
		r.remember(fmt.Sprint("sip:", now, "@example.net"), binding{contact: "a", expires: (now + 60) * 1e9}, now*1e9)
		most = max(most, r.Len())
	}
	if r.Len() < 60 || most > 400 { // 60 are in force at any time
		t.Errorf("%d bindings in the end, %d at most", r.Len(), most)
	}
}
