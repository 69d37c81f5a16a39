package sip

import (
	"errors"
	"fmt"
	"testing"
)

var valueSeeds = []string{
	`"A. \"B\"" <sip:a@example.com>;tag=1`, "sip:a:b@example.com:5060;x=y?h=v", "tel:+1-202-555-0100;phone-context=example.com",
	"SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bK1;received=[2001:db8::1];rport", "Q.850;cause=16;text=\"x;y\"",
	`Digest username="a\"b", realm="r"`, "ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000",
	"icid-value=\"1;2\";orig-ioi=a", "1800;refresher=uac", "a@b;to-tag=1;from-tag=2", "4711 INVITE",
	"<sip:a@example.com?Reason=SIP%3Bcause%3D302>;index=1.1",
}

// show makes one comparable text of whatever a parser returned.
func show(format string, args ...any) string {
	for i, a := range args {
		if b, ok := a.([]byte); ok && b == nil {
			args[i] = "-"
		}
	}
	return fmt.Sprintf(format, args...)
}

func TestValueParsers(t *testing.T) {
	nameAddr := func(v []byte) (string, error) {
		a, err := ParseNameAddr(v)
		return show("%s|%s|%s|%s", a.Display, a.URI, a.Params, a.Tag()), err
	}
	uri := func(v []byte) (string, error) {
		u, err := ParseURI(v)
		return show("%d|%s|%s|%s|%s|%d|%s|%s|%s", u.Scheme, u.User, u.UserParams, u.Password, u.Host, u.Port, u.Params, u.Headers, u.PhoneContext()), err
	}
	via := func(b []byte) (string, error) {
		v, err := ParseVia(b)
		return show("%s|%s|%d|%s|%s|%d|%t", v.Transport, v.Host, v.Port, v.Branch, v.Received, v.RPort, v.HasRPort), err
	}
	cseq := func(v []byte) (string, error) {
		c, err := ParseCSeq(v)
		return show("%d|%s", c.Number, c.Method), err
	}
	credentials := func(v []byte) (string, error) {
		c, err := ParseCredentials(v)
		return show("%s|%s|%s", c.Scheme, c.Username, c.Realm), err
	}
	reason := func(v []byte) (string, error) {
		r, err := ParseReason(v)
		return show("%s|%d|%t|%s|%t|%t", r.Protocol, r.Cause, r.HasCause, r.Text, r.IsQ850(), r.IsSIP()), err
	}
	sessionID := func(v []byte) (string, error) {
		s, err := ParseSessionID(v)
		return show("%s|%s|%t", s.Local, s.Remote, IsNullUUID(s.Remote)), err
	}
	charging := func(v []byte) (string, error) {
		c, err := ParseChargingVector(v)
		return show("%s|%s|%s", c.ICID, c.OrigIOI, c.TermIOI), err
	}
	diversion := func(v []byte) (string, error) {
		d, err := ParseDiversion(v)
		return show("%s|%s|%d", d.URI, d.Reason, d.Counter), err
	}
	history := func(v []byte) (string, error) {
		h, err := ParseHistoryEntry(v)
		return show("%s|%s|%s|%d", h.URI, h.Index, AppendUnescaped(nil, h.Reason), h.Cause), err
	}
	expires := func(v []byte) (string, error) {
		s, err := ParseSessionExpires(v)
		return show("%d|%s", s.Seconds, s.Refresher), err
	}
	contact := func(v []byte) (string, error) {
		c, err := ParseContact(v)
		return show("%s|%t|%d|%t|%s", c.URI, c.Star, c.Expires, c.HasExpires, c.Instance), err
	}
	replaces := func(v []byte) (string, error) {
		r, err := ParseReplaces(v)
		return show("%s|%s|%s", r.CallID, r.ToTag, r.FromTag), err
	}
	const uuid1, uuid0 = "ab30317f1a784dc48ff824d0d3715d86", "00000000000000000000000000000000"
	for _, c := range []struct {
		name     string
		parse    func([]byte) (string, error)
		in, want string
		err      error
	}{
		// RFC 3261 section 20.20 and 20.10
		{"quoted", nameAddr, `"A. G. Bell" <sip:agb@bell-telephone.example.com> ;tag=a48s`, `"A. G. Bell"|sip:agb@bell-telephone.example.com|tag=a48s|a48s`, nil},
		{"addr-spec", nameAddr, "sip:+12125551212@server.example.com;tag=887s", "-|sip:+12125551212@server.example.com|tag=887s|887s", nil},
		{"tokens", nameAddr, "Anonymous  User <sip:c8oqz84zk7z@example.org>;tag=hyh8", "Anonymous  User|sip:c8oqz84zk7z@example.org|tag=hyh8|hyh8", nil},
		{"spaces in brackets", nameAddr, `"Watson, Thomas" < sip:t.watson@example.org >`, `"Watson, Thomas"|sip:t.watson@example.org|-|-`, nil},
		{"display with comma, no quotes", nameAddr, "Bell, Alexander <sip:a@example.com>;tag=43", "Bell, Alexander|sip:a@example.com|tag=43|43", nil},
		{"escaped quote", nameAddr, `"a\"<b>" <sip:a@example.com>`, `"a\"<b>"|sip:a@example.com|-|-`, nil},
		{"semicolon in the URI", nameAddr, "<sip:a@example.com;user=phone>;x=\";\";TAG = 1", "-|sip:a@example.com;user=phone|x=\";\";TAG = 1|1", nil},
		{"bracket in a parameter", nameAddr, `sip:a@example.com;x="<";tag=1`, `-|sip:a@example.com|x="<";tag=1|1`, nil},
		{"no tag value", nameAddr, "<sip:a@example.com>;tag", "-|sip:a@example.com|tag|-", nil},
		{"unclosed quote (RFC 4475 3.1.2.6)", nameAddr, `"Mr. J. User <sip:j.user@example.com>;tag=1`, `"Mr. J. User|sip:j.user@example.com|tag=1|1`, ErrNameAddr},
		{"unclosed quote, no brackets", nameAddr, `"Mr. J. User sip:j.user@example.com`, "-|-|-|-", ErrNameAddr},
		{"lone quote in a display-name", nameAddr, `O"Brien <sip:ob@example.com>;tag=1`, `O"Brien|sip:ob@example.com|tag=1|1`, nil},
		{"quotes in a display-name after a colon", nameAddr, `Tel: "B" <sip:b@example.com>`, `Tel: "B"|sip:b@example.com|-|-`, nil},
		{"unclosed bracket", nameAddr, "<sip:a@example.com;tag=1", "-|sip:a@example.com;tag=1|-|-", ErrNameAddr},
		{"quoted without brackets", nameAddr, `"a" sip:a@example.com;tag=1`, `"a"|sip:a@example.com|tag=1|1`, ErrNameAddr},
		{"rubbish before parameters", nameAddr, "<sip:a@example.com> x;tag=1", "-|sip:a@example.com|tag=1|1", ErrNameAddr},
		{"empty", nameAddr, " ", "-|-|-|-", ErrNameAddr},
		{"no scheme", nameAddr, "alice", "-|alice|-|-", ErrNameAddr},
		{"empty URI", nameAddr, "<>", "-||-|-", ErrNameAddr},

		// RFC 3261 section 19.1.3, RFC 3966 section 6
		{"all parts", uri, "sip:alice:secretword@atlanta.example.com:5061;transport=tcp?subject=project%20x&priority=urgent", "1|alice|-|secretword|atlanta.example.com|5061|transport=tcp|subject=project%20x&priority=urgent|-", nil},
		{"telephone-subscriber", uri, "sip:+1-212-555-1212;npdi;rn=+12025550100:1234@gateway.example.com;user=phone", "1|+1-212-555-1212|npdi;rn=+12025550100|1234|gateway.example.com|0|user=phone|-|-", nil},
		{"sips", uri, "SIPS:1212@gateway.example.com", "2|1212|-|-|gateway.example.com|0|-|-|-", nil},
		{"no user", uri, "sip:[2001:db8::10]:5070;lr", "1|-|-|-|2001:db8::10|5070|lr|-|-", nil},
		{"semicolon in user", uri, "sip:alice;day=tuesday@atlanta.example.com", "1|alice|day=tuesday|-|atlanta.example.com|0|-|-|-", nil},
		{"escaped at", uri, "sip:sips%3Auser%40example.com@example.net", "1|sips%3Auser%40example.com|-|-|example.net|0|-|-|-", nil},
		{"tel", uri, "tel:7042;phone-context=example.com", "3|7042|-|-|-|0|phone-context=example.com|-|example.com", nil},
		{"phone-context in user part", uri, "sip:7042;phone-context=+1@example.com", "1|7042|phone-context=+1|-|example.com|0|-|-|+1", nil},
		{"other scheme", uri, "urn:service:sos", "0|-|-|-|-|0|-|-|-", nil},
		{"IPv6 without brackets (RFC 5118 4.2)", uri, "sip:2001:db8::10", "0|-|-|-|-|0|-|-|-", ErrURI},
		{"port in brackets (RFC 5118 4.3)", uri, "sip:[2001:db8::10:5070]", "1|-|-|-|2001:db8::10:5070|0|-|-|-", nil},
		{"two at", uri, "sip:a@b@example.com", "0|-|-|-|-|0|-|-|-", ErrURI},
		{"port above 65535", uri, "sip:a@example.com:65536", "0|-|-|-|-|0|-|-|-", ErrURI},
		{"no digits of a port", uri, "sip:a@example.com:", "0|-|-|-|-|0|-|-|-", ErrURI},
		{"space", uri, "sip:a b@example.com", "0|-|-|-|-|0|-|-|-", ErrURI},
		{"NUL", uri, "sip:a\x00@example.com", "0|-|-|-|-|0|-|-|-", ErrURI},
		{"no host", uri, "sip:a@", "0|-|-|-|-|0|-|-|-", ErrURI},
		{"no number", uri, "tel:;ext=1", "0|-|-|-|-|0|-|-|-", ErrURI},
		{"no scheme", uri, "+12025550100", "0|-|-|-|-|0|-|-|-", ErrURI},

		// RFC 3261 section 20.42, RFC 3581, RFC 5118 section 4.5
		{"all parts", via, "SIP/2.0/UDP first.example.com:4000;ttl=16;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1;received=192.0.2.207;rport=9988", "UDP|first.example.com|4000|z9hG4bKa7c6a8dlze.1|192.0.2.207|9988|true", nil},
		{"rport asked for", via, "SIP/2.0/TLS 192.0.2.1;rport;branch=z9hG4bKkjshdyff", "TLS|192.0.2.1|0|z9hG4bKkjshdyff|-|0|true", nil},
		{"IPv6, received with brackets", via, "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3", "UDP|2001:db8::9:1|0|z9hG4bKas3|2001:db8::9:255|0|false", nil},
		{"IPv6, received without", via, "SIP/2.0/UDP [2001:db8::9:1]:5061;received=2001:db8::9:255;branch=z9hG4bKas3", "UDP|2001:db8::9:1|5061|z9hG4bKas3|2001:db8::9:255|0|false", nil},
		{"spaces", via, "SIP / 2.0 / UDP  first.example.com : 4000 ; branch = z9hG4bK1", "UDP|first.example.com|4000|z9hG4bK1|-|0|false", nil},
		{"no sent-by", via, "SIP/2.0/UDP", "-|-|0|-|-|0|false", ErrVia},
		{"no transport", via, "SIP/2.0 first.example.com", "-|-|0|-|-|0|false", ErrVia},
		{"host is none", via, "SIP/2.0/UDP a<b", "-|-|0|-|-|0|false", ErrVia},

		{"plain", cseq, "4711 INVITE", "4711|INVITE", nil},
		{"largest", cseq, "4294967295 X", "4294967295|X", nil},
		{"too large", cseq, "4294967296 X", "0|-", ErrCSeq},
		{"two methods", cseq, "1 A B", "0|-", ErrCSeq},
		{"no number", cseq, "INVITE", "0|-", ErrCSeq},

		{"Digest", credentials, `Digest username="Alice, \"A\"", realm="atlanta.example.com", nonce="84a4cc6f3082121f32b42a2187831a9e", response="7587245234b3434cc3412213e5f113a5432"`, `Digest|"Alice, \"A\""|"atlanta.example.com"`, nil},
		{"other order and case", credentials, "DIGEST Realm=r,nonce=n ,USERNAME = u", "DIGEST|u|r", nil},
		{"Basic", credentials, "Basic dXNlcjpwYXNz", "Basic|-|-", nil},
		{"no scheme", credentials, `"x"`, "-|-|-", ErrCredentials},

		// RFC 3326 section 3.1
		{"Q.850", reason, `Q.850 ;cause=16 ;text="Terminated"`, `Q.850|16|true|"Terminated"|true|false`, nil},
		{"SIP", reason, "SIP ;cause=580", "SIP|580|true|-|false|true", nil},
		{"no cause", reason, "preemption", "preemption|0|false|-|false|false", nil},
		{"cause too large", reason, "SIP;cause=65536", "SIP|0|false|-|false|true", nil},
		{"no protocol", reason, ";cause=1", "-|0|false|-|false|false", ErrReason},

		{"both", sessionID, uuid1 + ";remote=" + uuid0, uuid1 + "|" + uuid0 + "|true", nil},
		{"RFC 7329", sessionID, uuid1, uuid1 + "|-|true", nil},
		{"31 digits", sessionID, uuid1[1:], "-|-|true", ErrSessionID},
		{"no digits", sessionID, "g" + uuid1[1:], "-|-|true", ErrSessionID},

		{"quoted", charging, `icid-value="AyretyU0dm+6O2IrT5tAFrbHLso=023551024"; orig-ioi="home1.example.net";term-ioi=b`, "AyretyU0dm+6O2IrT5tAFrbHLso=023551024|home1.example.net|b", nil},
		{"not first", charging, "orig-ioi=a; ICID-Value = 1234bc9876e", "1234bc9876e|a|-", nil},
		{"none", charging, `icid-value="";orig-ioi=a`, "-|-|-", ErrChargingVector},

		// RFC 5806 section 8
		{"diversion", diversion, "<sip:+19195551002@example.net>;privacy=off;reason=user-busy;screen=no;counter=2", "sip:+19195551002@example.net|user-busy|2", nil},
		{"quoted reason", diversion, `<sip:a@example.net>;reason="no-answer"`, "sip:a@example.net|no-answer|0", nil},
		{"counter too large", diversion, "<tel:+19195551002>;counter=256", "tel:+19195551002|-|0", nil},
		{"no address", diversion, ";reason=x", "|-|0", ErrNameAddr},

		// RFC 7044 section 5
		{"history", history, "<sip:bob@192.0.2.4?Reason=SIP%3Bcause%3D302>;index=1.1;mp=1", "sip:bob@192.0.2.4?Reason=SIP%3Bcause%3D302|1.1|SIP;cause=302|0", nil},
		{"cause of the URI", history, "<sip:bob@example.com;cause=486>;index=1", "sip:bob@example.com;cause=486|1|-|486", nil},
		{"history, no URI", history, "<x>;index=1", "x|1|-|0", nil},

		{"session timer", expires, "1800;refresher=uac", "1800|uac", nil},
		{"beyond 2^32", expires, "99999999999", "4294967295|-", nil},
		{"negative", expires, "-1", "0|-", ErrDeltaSeconds},

		{"star", contact, " * ", "-|true|0|false|-", nil},
		{"contact", contact, `<sip:a@192.0.2.1;ob>;expires=3600;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"`, "sip:a@192.0.2.1;ob|false|3600|true|urn:uuid:00000000-0000-1000-8000-000A95A0E128", nil},
		{"expires zero", contact, "sip:a@192.0.2.1;expires=0", "sip:a@192.0.2.1|false|0|true|-", nil},
		{"expires is no number", contact, "<sip:a@192.0.2.1>;expires=x", "sip:a@192.0.2.1|false|0|false|-", nil},

		{"replaces", replaces, "98asjd8@test.example.com ;from-tag=r33th4x0r ;to-tag=ff87ff", "98asjd8@test.example.com|ff87ff|r33th4x0r", nil},
		{"one tag", replaces, "98asjd8@test.example.com;to-tag=ff87ff", "-|-|-", ErrReplaces},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.parse([]byte(c.in))
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if got != c.want {
				t.Errorf("%s\ngot  %s\nwant %s", c.in, got, c.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		name     string
		f        func(dst, b []byte) []byte
		in, want string
	}{
		{"quoted", DisplayText, ` "A. \"G\" \\ Bell" `, `A. "G" \ Bell`},
		{"folded", DisplayText, "\"A\r\n  B\"", "A B"},
		{"escaped quote at the end, not closed", DisplayText, `"A\"`, `A"`},
		{"lone quote", DisplayText, `"`, ""},
		{"tokens", DisplayText, "Anonymous \r\n\t User", "Anonymous User"},
		{"backslash of a token", DisplayText, `DOMAIN\user`, `DOMAIN\user`},
		{"empty", DisplayText, "", ""},
		{"unfold", AppendUnfolded, "a  b\r\n \tc\n d", "a  b c d"},
		{"unescape", AppendUnescaped, "J%6fe%2", "Joe%2"},
		{"unescape NUL", AppendUnescaped, "%00%zz%", "\x00%zz%"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(c.f([]byte("x"), []byte(c.in))); got != "x"+c.want {
				t.Errorf("got %q, want %q", got[1:], c.want)
			}
		})
	}
}
