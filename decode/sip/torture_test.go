package sip

import (
	"errors"
	"strings"
	"testing"
)

// body150 is the session description of RFC 4475's INVITEs: Content-Length 150.
const body150 = `
v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
`

// RFC 4475 section 3.1.1.1, "A Short Tortuous INVITE".
const wsinv = `INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 150
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \"\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33
` + body150

// RFC 4475 section 3.1.1.2, "Wide Range of Valid Characters": BEL, NUL and DEL stand as such in To.
const intmeth = "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\n" +
	"Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\n" +
	"To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\n" +
	"From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.\n" +
	"Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n" +
	"CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\n" +
	"Max-Forwards: 255\n" +
	"extensionHeader-!.%*+_`'~:\xef\xbb\xbf大停電\n" +
	"Content-Length: 0\n\n"

// required are the header fields that a table row does not care about.
const required = `Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw
To: <sip:user@example.com>
From: <sip:caller@example.net>;tag=8814
Call-ID: row@example.net
CSeq: 8 INVITE
`

func TestTorture(t *testing.T) {
	for _, c := range []struct {
		name string // of RFC 4475 or RFC 5118
		text string
		err  error
		odd  Anomaly
		want string // method-or-status, tags, branch, number of Vias
	}{
		{"4475/3.1.1.1 wsinv", wsinv, nil, Folded, "INVITE 98asjd8 1918181833n 390skdjuw 3"},
		{"4475/3.1.1.2 intmeth", intmeth, nil, NUL, "OTHER _token~1'+`*%!-.  z9hG4bK-.!%66*_+`'~ 1"},
		{"4475/3.1.1.3 esc01", `INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0
To: sip:%75se%72@example.com
From: <sip:I%20have%20spaces@example.net>;tag=938
Max-Forwards: 87
i: esc01.239409asdfakjkn23onasd0-3234
CSeq: 234234 INVITE
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw
C: application/sdp
Contact:
  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>
Content-Length: 150
` + body150, nil, Folded, "INVITE 938  z9hG4bKkdjuw 1"},
		{"4475/3.1.1.4 escnull", `REGISTER sip:example.com SIP/2.0
To: sip:null-%00-null@example.com
From: sip:null-%00-null@example.com;tag=839923423
Max-Forwards: 70
Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw
Contact: <sip:%00@host5.example.com>
Contact: <sip:%00%00@host5.example.com>
L:0

`, nil, 0, "REGISTER 839923423  z9hG4bKkdjuw 1"},
		{"4475/3.1.1.5 esc02", `RE%47IST%45R sip:registrar.example.com SIP/2.0
To: "%Z%45" <sip:resource@example.com>
From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23
Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf
Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234
CSeq: 29344 RE%47IST%45R
Max-Forwards: 70
Contact: <sip:alias1@host1.example.com>
C%6Fntact: <sip:alias2@host2.example.com>
Contact: <sip:alias3@host3.example.com>
l: 0

`, nil, 0, "OTHER f232jadfj23  z9hG4bK209%fzsnel234 1"},
		{"4475/3.1.1.6 lwsdisp", `OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: caller<sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID: lwsdisp.1234abcd@funky.example.com
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw
l: 0

`, nil, 0, "OPTIONS 323  z9hG4bKkdjuw 1"},
		{"4475/3.1.1.8 dblreq", `REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=43251j3j324
Max-Forwards: 8
I: dblreq.0ha0isndaksdj99sdfafnl3lk233412
Contact: sip:j.user@host.example.com
CSeq: 8 REGISTER
Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492
Content-Length: 0


INVITE sip:joe@example.com SIP/2.0
t: sip:joe@example.com
From: sip:caller@example.net;tag=141334
Max-Forwards: 8
Call-ID: dblreq.0ha0isnda977644900765@192.0.2.15
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw380234
Content-Type: application/sdp
Content-Length: 150
` + body150, nil, BodyLonger, "REGISTER 43251j3j324  z9hG4bKkdjuw23492 1"},
		{"4475/3.1.1.10 transports", `OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: <sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID:  transports.kijh4akdnaqjkwendsasfdj
Accept: application/sdp
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw
Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf
Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj
Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en
Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee
l: 0

`, nil, 0, "OPTIONS 323  z9hG4bKkdjuw 5"},
		{"4475/3.1.1.12 unreason", `SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923
Call-ID: unreason.1234ksdfak3j2erwedfsASdf
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: 0

`, nil, 0, "200 11141343 2229 z9hG4bK1324923 1"},
		{"4475/3.1.1.13 noreason", `SIP/2.0 100 
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe
Call-ID: noreason.asndj203insdf99223ndf
CSeq: 35 INVITE
From: <sip:user@example.com>;tag=39ansfi3
To: <sip:user@example.edu>;tag=902jndnke3
Content-Length: 0

`, nil, 0, "100 39ansfi3 902jndnke3 z9hG4bK2398ndaoe 1"},
		// From here on RFC 4475 asks for a refusal by elements that take part. A tap keeps what parties may have
		// understood and names what is wrong.
		{"4475/3.1.2.1 badinv01", `INVITE sip:user@example.com SIP/2.0
To: sip:j.user@example.com
From: sip:caller@example.net;tag=134161461246
Max-Forwards: 7
Call-ID: badinv01.0ha0isndaksdjasdf3234nas
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;;,;,,
Contact: "Joe" <sip:joe@example.org>;;;;
Content-Length: 150
Content-Type: application/sdp
` + body150, nil, 0, "INVITE 134161461246   2"},
		{"4475/3.1.2.2 clerr", "INVITE sip:user@example.com SIP/2.0\n" + required + "Content-Length: 9999\n" + body150, nil, BodyShorter, "INVITE 8814  z9hG4bKkdjuw 1"},
		{"4475/3.1.2.3 ncl", "INVITE sip:user@example.com SIP/2.0\n" + required + "Content-Length: -999\n" + body150, nil, ContentLengthInvalid, "INVITE 8814  z9hG4bKkdjuw 1"},
		{"4475/3.1.2.4 scalar02", `REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bK342sdfoi3
To: <sip:user@example.com>
From: <sip:user@example.com>;tag=239232jh3
CSeq: 36893488147419103232 REGISTER
Call-ID: scalar02.23o0pd9vanlq3wnrlnewofjas9ui32
Max-Forwards: 300
Expires: 10000000000000000000000000000000000000000000000000000000000000000
Contact: <sip:user@host129.example.com>
  ;expires=280297596632815
Content-Length: 0

`, ErrCSeq, 0, ""},
		{"4475/3.1.2.5 scalarlg", `SIP/2.0 503 Service Unavailable
Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129
To: <sip:user@example.com>
From: <sip:other@example.net>;tag=2easdjfejw
CSeq: 9292394834772304023312 OPTIONS
Call-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r
Retry-After: 949302838503028349304023988
Warning: 1812 overture "In Progress"
Content-Length: 0

`, ErrCSeq, 0, ""},
		{"4475/3.1.2.6 quotbal", `INVITE sip:user@example.com SIP/2.0
To: "Mr. J. User <sip:j.user@example.com>
From: sip:caller@example.net;tag=93334
Max-Forwards: 10
Call-ID: quotbal.aksdj
Contact: <sip:caller@host59.example.net>
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234
Content-Type: application/sdp
Content-Length: 150
` + body150, nil, AddressSyntax, "INVITE 93334  z9hG4bKkdjuw39234 1"},
		{"4475/3.1.2.7 ltgtruri", "INVITE <sip:user@example.com> SIP/2.0\n" + required + "\n", nil, StartLineSyntax, "INVITE 8814  z9hG4bKkdjuw 1"},
		{"4475/3.1.2.8 lwsruri", "INVITE sip:user@example.com; lr SIP/2.0\n" + required + "\n", nil, StartLineSyntax, "INVITE 8814  z9hG4bKkdjuw 1"},
		{"4475/3.1.2.9 lwsstart", "INVITE  sip:user@example.com  SIP/2.0\n" + required + "\n", nil, StartLineSyntax, "INVITE 8814  z9hG4bKkdjuw 1"},
		{"4475/3.1.2.10 trws", "INVITE sip:user@example.com SIP/2.0  \n" + required + "\n", nil, StartLineSyntax, "INVITE 8814  z9hG4bKkdjuw 1"},
		{"4475/3.1.2.16 badvers", "OPTIONS sip:t.watson@example.org SIP/7.0\n" + required + "\n", ErrVersion, 0, ""},
		{"4475/3.1.2.17 mismatch01", "OPTIONS sip:user@example.com SIP/2.0\n" + required + "\n", nil, CSeqMethod, "OPTIONS 8814  z9hG4bKkdjuw 1"},
		{"4475/3.1.2.18 mismatch02", "NEWMETHOD sip:user@example.com SIP/2.0\n" + required + "\n", nil, CSeqMethod, "OTHER 8814  z9hG4bKkdjuw 1"},
		{"4475/3.1.2.19 bigcode", "SIP/2.0 4294967301 better not break the receiver\n" + required + "\n", ErrStatus, 0, ""},
		{"4475/3.3.1 insuf", `INVITE sip:user@example.com SIP/2.0
CSeq: 193942 INVITE
Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf
Content-Type: application/sdp
l: 150
` + body150, ErrCallID, 0, ""},
		{"4475/3.3.2 unkscm", "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\n" + required + "\n", nil, CSeqMethod, "OPTIONS 8814  z9hG4bKkdjuw 1"},
		{"4475/3.3.8 multi01", `INVITE sip:user@company.com SIP/2.0
Contact: <sip:caller@host25.example.net>
Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw
Max-Forwards: 70
CSeq: 5 INVITE
Call-ID: multi01.98asdh@192.0.2.1
CSeq: 59 INVITE
Call-ID: multi01.98asdh@192.0.2.2
From: sip:caller@example.com;tag=3413415
To: sip:user@example.com
To: sip:other@example.net
From: sip:caller@example.net;tag=2923420123
Content-Type: application/sdp
l: 150
Contact: <sip:caller@host36.example.net>
Max-Forwards: 5
` + body150, nil, DuplicateCallID | DuplicateCSeq | DuplicateFrom | DuplicateTo, "INVITE 3413415  z9hG4bKkdjuw 1"},
		{"4475/3.3.9 mcl01", "INVITE sip:user@example.com SIP/2.0\n" + required + "Content-Length: 13\nContent-Length: 5\n\nThere's no way to know how many octets are supposed to be here.\n", nil, DuplicateLength | BodyLonger, "INVITE 8814  z9hG4bKkdjuw 1"},
		{"4475/3.4.1 inv2543", `INVITE sip:UserB@example.com SIP/2.0
Via: SIP/2.0/UDP iftgw.example.com
From: <sip:+13035551111@ift.client.example.net;user=phone>
Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>
To: sip:+16505552222@ss1.example.net;user=phone
Call-ID: inv2543.1717@ift.client.example.com
CSeq: 56 INVITE
Content-Type: application/sdp

v=0
`, nil, ViaSyntax, "INVITE    1"},
		{"5118/4.1", `REGISTER sip:[2001:db8::10] SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: "Caller" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER
Content-Length: 0

`, nil, 0, "REGISTER 81x2  z9hG4bKas3-111 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Message
			if err := m.Parse(crlf(c.text)); !errors.Is(err, c.err) {
				t.Fatalf("Parse = %v, want %v", err, c.err)
			}
			if c.err != nil {
				return
			}
			if m.Anomalies() != c.odd {
				t.Errorf("anomalies %q, want %q", m.Anomalies(), c.odd)
			}
			if got := summary(&m); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTortureValues(t *testing.T) {
	var m Message
	if err := m.Parse(crlf(wsinv)); err != nil {
		t.Fatal(err)
	}
	var transports, hosts []string
	for element := range m.Values(HeaderVia) {
		via, err := ParseVia(element)
		if err != nil {
			t.Fatalf("ParseVia(%q): %v", element, err)
		}
		transports = append(transports, string(via.Transport))
		hosts = append(hosts, string(via.Host)+" "+string(via.Branch))
	}
	if got := strings.Join(transports, ","); got != "UDP,TCP,UDP" {
		t.Errorf("transports %s", got)
	}
	if got, want := strings.Join(hosts, ","), "192.0.2.2 390skdjuw,spindle.example.com z9hG4bK9ikj8,192.168.255.111 z9hG4bK30239"; got != want {
		t.Errorf("Vias %s\nwant %s", got, want)
	}
	if m.CSeq() != 9 || m.CSeqMethod() != MethodINVITE {
		t.Errorf("CSeq %d %v", m.CSeq(), m.CSeqMethod())
	}
	from, err := ParseNameAddr(m.Value(HeaderFrom))
	if err != nil || string(DisplayText(nil, from.Display)) != `J Rosenberg \"` || string(from.URI) != "sip:jdrosen@example.com" {
		t.Errorf("From = %+v, %v", from, err)
	}
	if len(m.Body()) != 150 {
		t.Errorf("body of %d octets", len(m.Body()))
	}

	if err := m.Parse(crlf(intmeth)); err != nil {
		t.Fatal(err)
	}
	if got, want := string(m.CallID()), "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"; got != want {
		t.Errorf("Call-ID %q", got)
	}
	if got, want := string(m.MethodToken()), "!interesting-Method0123456789_*+`.%indeed'~"; got != want {
		t.Errorf("method %q", got)
	}
	uri, err := ParseURI(m.RequestURI())
	if err != nil || string(uri.User) != "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/" ||
		string(uri.Password) != "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)" || string(uri.Host) != "example.com" {
		t.Errorf("Request-URI = %+v, %v", uri, err)
	}
}
