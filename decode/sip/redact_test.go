package sip

import "testing"

var redactions = []struct{ name, in, want string }{
	{"nothing to hide", `"Alice: a@b" <sip:alice@example.com;transport=tcp>;tag=1`, `"Alice: a@b" <sip:alice@example.com;transport=tcp>;tag=1`},
	{"IPv6 and port", "<sip:[2001:db8::1]:5060;lr>", "<sip:[2001:db8::1]:5060;lr>"},
	{"password", "sip:alice:secret@example.com;tag=1", "sip:alice:***@example.com;tag=1"},
	{"password in brackets", "Alice <sips:alice:secret@example.com>", "Alice <sips:alice:***@example.com>"},
	{"empty password", "sip:alice:@example.com", "sip:alice:***@example.com"},
	{"password with an @", "<sip:alice:se@cret@example.com>", "<sip:alice:***@example.com>"},
	{"password, no scheme", "alice:secret@example.com", "alice:***@example.com"},
	{"password, unknown scheme", "<x:alice:secret@example.com>", "<x:***@example.com>"},
	{"password of an HTTP URI", "<https://u:secret@example.com:8443/p?q=1>", "<https://u:***@example.com:8443/p?***>"},
	{"list", "<sip:a:x@example.com>, \"b\" <sip:b:y@example.com>;c=d", "<sip:a:***@example.com>, \"b\" <sip:b:***@example.com>;c=d"},
	{"unclosed", "<sip:a:x@example.com", "<sip:a:***@example.com"},
	{"URI outside its brackets", "sip:a:x@example.com;y=<z>", "sip:a:***@example.com;y=<z>"},
	{"URI headers", "<sip:bob@example.com;a=b?Subject=hello&body=x>;c=d", "<sip:bob@example.com;a=b?***>;c=d"},
	{"question mark in the user part", "<sip:who?@example.com>", "<sip:who?@example.com>"},
	{"comma", "tel:+12025550100,,1234#", "tel:+12025550100,***"},
	{"comma, SIP", "<sip:2025550100,1234@example.com;user=phone>", "<sip:2025550100,***@example.com;user=phone>"},
	{"comma, escaped", "<sip:2025550100%2C12%334@example.com>", "<sip:2025550100%2C***@example.com>"},
	{"comma after a name", "<sip:flowers,1234@example.com>", "<sip:flowers,***@example.com>"},
	{"pause", "sip:+1-202-555-0100p1234@example.com", "sip:+1-202-555-0100p***@example.com"},
	{"wait", "sip:(202)555.0100W1,2@example.com", "sip:(202)555.0100W***@example.com"},
	{"escaped pause", "sip:2025550100%701234@example.com", "sip:2025550100%70***@example.com"},
	{"semicolon as wait", "sip:2025550100;1234@example.com", "sip:2025550100;***@example.com"},
	{"names with p and w", "<sip:paul12@example.com>,<sip:12west@example.com>,<sip:sw1@example.com>", "<sip:paul12@example.com>,<sip:12west@example.com>,<sip:sw1@example.com>"},
	{"postd of a tel URI", "<tel:+12025550100;ext=7;postd=pp22;isub=1>", "<tel:+12025550100;ext=7;postd=***;isub=1>"},
	{"postd in a user part", "<sip:+12025550100;PostD=22@example.com>", "<sip:+12025550100;PostD=***@example.com>"},
	{"postd, escaped name", "<tel:+12025550100;%70ostd=22>", "<tel:+12025550100;%70ostd=***>"},
	{"password and digits", "<sip:2025550100,12:pw@example.com>", "<sip:2025550100,***:***@example.com>"},
	{
		"push", "<sip:a@192.0.2.1;pn-provider=apns;pn-param=DEF123GHIJ.com.example;pn-prid=00fc13adff78512>;expires=60",
		"<sip:a@192.0.2.1;pn-provider=apns;pn-param=***;pn-prid=***>;expires=60",
	},
	{"push outside", `<sip:a@192.0.2.1>;PN-Tok="a,b", <sip:b@192.0.2.1>;pn-prid=x,"c" <sip:c@192.0.2.1>`, `<sip:a@192.0.2.1>;PN-Tok=***, <sip:b@192.0.2.1>;pn-prid=***,"c" <sip:c@192.0.2.1>`},
	{"star", "*", "*"},
	{"empty", "", ""},
}

func TestAppendRedacted(t *testing.T) {
	for _, c := range redactions {
		t.Run(c.name, func(t *testing.T) {
			got := string(AppendRedacted([]byte("x"), []byte(c.in)))
			if got != "x"+c.want {
				t.Errorf("AppendRedacted(%q)\ngot  %q\nwant %q", c.in, got[1:], c.want)
			}
			if again := string(AppendRedacted(nil, []byte(c.want))); again != c.want {
				t.Errorf("a second time: %q", again)
			}
		})
	}
}
