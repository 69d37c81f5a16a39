package sip

import (
	"slices"
	"strings"
	"testing"
)

// TestTortureValues reads what is within the values of messages that RFC 4475 and RFC 5118 say something about.
func TestTortureValues(t *testing.T) {
	display := func(m *Message) string {
		a, _ := ParseNameAddr(m.Value(HeaderFrom))
		return string(DisplayText(nil, a.Display))
	}
	requestURI := func(m *Message) string {
		u, err := ParseURI(m.RequestURI())
		return show("%d user %s password %s host %s port %d params %s %v", u.Scheme, AppendUnescaped(nil, u.User), u.Password, u.Host, u.Port, u.Params, err)
	}
	userOf := func(id HeaderID) func(*Message) string {
		return func(m *Message) string {
			var all []string
			for v := range m.Values(id) {
				a, _ := ParseNameAddr(v)
				u, _ := ParseURI(a.URI)
				all = append(all, string(AppendUnescaped(nil, u.User)))
			}
			return strings.Join(all, "|")
		}
	}
	vias := func(m *Message) string {
		var all []string
		for element := range m.Values(HeaderVia) {
			v, err := ParseVia(element)
			s := show("%s %s", v.Transport, v.Host)
			if v.Port != 0 {
				s += show(":%d", v.Port)
			}
			if v.Received != nil {
				s += show(" received %s", v.Received)
			}
			if err != nil {
				s = err.Error()
			}
			all = append(all, s)
		}
		return strings.Join(all, "|")
	}
	contact := func(m *Message) string {
		var all []string
		for v := range m.Values(HeaderContact) {
			c, err := ParseContact(v)
			u, uriErr := ParseURI(c.URI)
			all = append(all, show("%s host %s headers %s params %s %v %v", c.URI, u.Host, u.Headers, c.Params, err, uriErr))
		}
		return strings.Join(all, "|")
	}
	bodyLength := func(m *Message) string { return show("%d", len(m.Body())) }
	date := func(m *Message) string {
		seconds, err := ParseDate(m.Value(HeaderDate))
		return show("%d %v", seconds, err)
	}
	for _, c := range []struct {
		name string
		what func(*Message) string
		want string
	}{
		{"rfc4475/wsinv", vias, "UDP 192.0.2.2|TCP spindle.example.com|UDP 192.168.255.111"},
		{"rfc4475/wsinv", display, `J Rosenberg \"`},
		{"rfc4475/wsinv", bodyLength, "150"},
		{"rfc4475/intmeth", requestURI, "1 user 1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/ password &it+has=1,weird!*pas$wo~d_too.(doesn't-it) host example.com port 0 params - <nil>"},
		{"rfc4475/intmeth", display, "token1~` token2'+_ token3*%!.-"},
		{"rfc4475/esc01", requestURI, "1 user sips:user@example.com password - host example.net port 0 params - <nil>"},
		{"rfc4475/esc01", userOf(HeaderFrom), "I have spaces"},
		{"rfc4475/esc01", userOf(HeaderTo), "user"},
		{"rfc4475/esc01", userOf(HeaderContact), "caller"},
		{"rfc4475/escnull", userOf(HeaderFrom), "null-\x00-null"},
		{"rfc4475/escnull", userOf(HeaderContact), "\x00|\x00\x00"},
		{"rfc4475/esc02", userOf(HeaderContact), "alias1|alias3"},
		{"rfc4475/esc02", display, "%Z%45"},
		{"rfc4475/lwsdisp", display, "caller"},
		{"rfc4475/semiuri", func(m *Message) string {
			u, err := ParseURI(m.RequestURI())
			return show("user %s;%s params %s %v", u.User, AppendUnescaped(nil, u.UserParams), u.Params, err)
		}, "user user;par=u@example.net params - <nil>"},
		{"rfc4475/transports", vias, "UDP t1.example.com|SCTP t2.example.com|TLS t3.example.com|UNKNOWN t4.example.com|TCP t5.example.com"},
		{"rfc4475/mpart01", bodyLength, "553"},
		{"rfc4475/mpart01", date, "1129351496 <nil>"},
		{"rfc4475/unreason", func(m *Message) string { return string(m.ReasonPhrase()) }, "= 2**3 * 5**2 но сто девяносто девять - простое"},
		{"rfc4475/noreason", func(m *Message) string { return string(m.ReasonPhrase()) }, ""},
		{"rfc4475/dblreq", bodyLength, "0"},
		{"rfc4475/badinv01", vias, "UDP 192.0.2.15|" + ErrVia.Error()},
		{"rfc4475/clerr", bodyLength, "154"},
		{"rfc4475/ncl", bodyLength, "152"},
		{"rfc4475/mcl01", bodyLength, "13"},
		{"rfc4475/quotbal", userOf(HeaderTo), "j.user"},
		{"rfc4475/baddate", date, "0 " + ErrDate.Error()},
		{"rfc4475/regbadct", contact, "sip:user@example.com?Route=%3Csip:sip.example.com%3E host example.com headers Route=%3Csip:sip.example.com%3E params - <nil> <nil>"},
		{"rfc4475/regescrt", contact, "sip:user@example.com?Route=%3Csip:sip.example.com%3E host example.com headers Route=%3Csip:sip.example.com%3E params - <nil> <nil>"},
		{"rfc4475/cparam01", contact, "sip:+19725552222@gw1.example.net host gw1.example.net headers - params unknownparam <nil> <nil>"},
		{"rfc4475/cparam02", contact, "sip:+19725552222@gw1.example.net;unknownparam host gw1.example.net headers - params - <nil> <nil>"},
		{"rfc4475/baddn", display, "Bell, Alexander"},
		{"rfc4475/novelsc", requestURI, "0 user - password - host - port 0 params - <nil>"},
		{"rfc4475/bcast", vias, "UDP 192.0.2.198|UDP 255.255.255.255"},
		{"rfc4475/multi01", func(m *Message) string {
			return strings.Join([]string{values(m, HeaderCallID), values(m, HeaderCSeq), values(m, HeaderFrom), values(m, HeaderTo)}, " ")
		}, "multi01.98asdh@192.0.2.1|multi01.98asdh@192.0.2.2 5 INVITE|59 INVITE sip:caller@example.com;tag=3413415|sip:caller@example.net;tag=2923420123 sip:user@example.com|sip:other@example.net"},
		{"rfc5118/ipv6-good", requestURI, "1 user - password - host 2001:db8::10 port 0 params - <nil>"},
		{"rfc5118/ipv6-good", contact, "sip:caller@[2001:db8::1] host 2001:db8::1 headers - params - <nil> <nil>"},
		{"rfc5118/ipv6-bad", requestURI, "0 user - password - host - port 0 params - " + ErrURI.Error()},
		{"rfc5118/port-ambiguous", requestURI, "1 user - password - host 2001:db8::10:5070 port 0 params - <nil>"},
		{"rfc5118/port-unambiguous", requestURI, "1 user - password - host 2001:db8::10 port 5070 params - <nil>"},
		{"rfc5118/via-received-param-with-delim", vias, "UDP 2001:db8::9:1 received 2001:db8::9:255"},
		{"rfc5118/via-received-param-no-delim", vias, "UDP 2001:db8::9:1 received 2001:db8::9:255"},
		{"rfc5118/mult-ip-in-header", vias, "UDP 2001:db8::9:1:6050|UDP 192.0.2.1|TCP 2001:db8::9:255 received 192.0.2.200"},
		{"rfc5118/ipv4-mapped-ipv6", vias, "UDP ::ffff:192.0.2.10:19823|UDP ::ffff:192.0.2.2"},
		{"rfc5118/ipv6-bug-abnf-3-colons", requestURI, "1 user user password - host 2001:db8:::192.0.2.1 port 0 params - <nil>"},
		{"rfc5118/ipv6-correct-abnf-2-colons", requestURI, "1 user user password - host 2001:db8::192.0.2.1 port 0 params - <nil>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Message
			if err := m.Parse(tortureMessage(t, c.name)); err != nil {
				t.Fatal(err)
			}
			if got := c.what(&m); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestTortureKept holds that none of the messages leaves more than what Keep names: no body, no header in a URI, no
// credentials.
func TestTortureKept(t *testing.T) {
	for _, rfc := range tortures {
		for _, c := range slices.Concat(rfc.tables...) {
			var m Message
			if m.Parse(tortureMessage(t, rfc.folder+"/"+c.name)) != nil {
				continue
			}
			kept := string(m.Keep(nil))
			for _, content := range []string{"mhandley", "Hello", "pcmu", "There's", "Route=", "opaque-data", "newfangled", "In Progress"} {
				if strings.Contains(kept, content) {
					t.Errorf("%s: %q is kept", c.name, content)
				}
			}
		}
	}
}
