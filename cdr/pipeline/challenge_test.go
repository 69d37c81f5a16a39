package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"

	"calltrail/cdr/record"
)

// A REGISTER with the right credentials and a nonce that is too old is asked for them again (RFC 7616 section 3.3): that is no
// refusal, and its next try is the log-in. With wrong ones it is a refusal. Nothing of the challenge is in a record.
func TestStaleChallenge(t *testing.T) {
	const request = `REGISTER sip:192.0.2.70 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKnSEQ
From: <sip:asha@192.0.2.70>;tag=r1
To: <sip:asha@192.0.2.70>
Call-ID: stale@198.51.100.10
CSeq: SEQ REGISTER
Contact: <sip:asha@198.51.100.10>;expires=600
Authorization: Digest username="asha",realm="example.com",nonce="MARK",response="MARK"
Content-Length: 0

`
	const answer = `SIP/2.0 STATUS
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKnSEQ
From: <sip:asha@192.0.2.70>;tag=r1
To: <sip:asha@192.0.2.70>;tag=r2
Call-ID: stale@198.51.100.10
CSeq: SEQ REGISTER
EXTRAContent-Length: 0

`
	for _, c := range []struct{ status, challenge, want string }{
		{"401 Unauthorized", `WWW-Authenticate: Digest realm="example.com",nonce="MARK",opaque="MARK",stale=true` + "\n", "login 200"},
		{"407 Proxy Authentication Required", `Proxy-Authenticate: Digest realm="example.com", nonce="MARK", STALE=TRUE` + "\n", "login 200"},
		{"401 Unauthorized", `WWW-Authenticate: Digest realm="example.com",nonce="MARK",opaque="MARK",stale=false` + "\n", "refused 401, login 200"},
		{"401 Unauthorized", `WWW-Authenticate: Digest realm="MARK, stale=true",nonce="MARK"` + "\n", "refused 401, login 200"},
		{"403 Forbidden", `WWW-Authenticate: Digest realm="example.com",nonce="MARK",stale=true` + "\n", "refused 403, login 200"},
	} {
		var w wire
		w.udp(hostileCaller, hostileCallee, hostile(request, "SEQ", "1"))
		w.udp(hostileCallee, hostileCaller, hostile(answer, "SEQ", "1", "STATUS", c.status, "EXTRA", c.challenge))
		w.udp(hostileCaller, hostileCallee, hostile(request, "SEQ", "2"))
		w.udp(hostileCallee, hostileCaller, hostile(answer, "SEQ", "2", "STATUS", "200 OK", "EXTRA", "Contact: <sip:asha@198.51.100.10>;expires=600\n"))
		var got []string
		for _, r := range w.run(t).records {
			var reg record.Registration
			if err := json.Unmarshal([]byte(r.body), &reg); err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Event+map[int]string{200: " 200", 401: " 401", 403: " 403"}[reg.Status])
			if strings.Contains(r.body, "MARK") || len(r.Flags) != 0 {
				t.Errorf("%s %s: %s", c.status, c.challenge, r.body)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s %s: got %q, want %s", c.status, c.challenge, got, c.want)
		}
	}
}
