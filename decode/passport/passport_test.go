package passport

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"calltrail/decode/sip"

	"calltrail/decode/fuzzbound"
)

// RFC 8225 appendix A: header, payload and signature. Signatures are checked in cdr/attest, on PASSporTs made there.
const (
	rfcHeader    = "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9"
	rfcPayload   = "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19"
	rfcSignature = "VLBCIVDCaeK6M4hLJb6SHQvacAQVvoiiEOWQ_iUkqk79UD81fHQ0E1b3_GluIkba7UWYRM47ZbNFdOJquE35cw"
	rfcURL       = "https://cert.example.org/passport.cer"
	rfcToken     = rfcHeader + "." + rfcPayload + "." + rfcSignature
)

// token makes a PASSporT of that header and payload, with a signature that is none.
func token(header, payload string) string {
	return encode(header) + "." + encode(payload) + "." + rfcSignature
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

const (
	shakenHeader = `{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/passport.cer"}`
	// RFC 8588 section 6, with the commas it lacks; iat in quotes as there (erratum 6656).
	shakenPayload = `{"attest":"A","dest":{"tn":["12155550131"]},"iat":"1443208345","orig":{"tn":"12155550121"},"origid":"123e4567-e89b-12d3-a456-426655440000"}`
	plainHeader   = `{"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/passport.cer"}`
)

var identities = []struct {
	name, value, want string // ppt x5u|orig|dest tn uri|div|iat|attest origid
	err               error
}{
	{"RFC 8225 A", rfcToken + ";info=<" + rfcURL + ">", " " + rfcURL + "|12155551212|[] [sip:alice@example.com]||1471375418| ", nil},
	{"RFC 8588 6", token(shakenHeader, shakenPayload) + ";info=<" + rfcURL + ">;alg=ES256;ppt=\"shaken\"", "shaken " + rfcURL + "|12155550121|[12155550131] []||1443208345|A 123e4567-e89b-12d3-a456-426655440000", nil},
	{"folded within the token (RFC 8224 4)", rfcHeader[:60] + "\r\n " + rfcHeader[60:] + "\r\n\t." + rfcPayload + "." + rfcSignature + "\r\n ;info=<" + rfcURL + ">", " " + rfcURL + "|12155551212|[] [sip:alice@example.com]||1471375418| ", nil},
	{"RFC 8946 4.1: diversion", token(`{"typ":"passport","ppt":"div","alg":"ES256","x5u":"https://www.example.com/cert.cer"}`, `{"orig":{"tn":"12155551212"},"dest":{"tn":["12155551214"]},"iat":1443208345,"div":{"tn":"12155551213"}}`) + ";info=<https://www.example.com/cert.cer>;ppt=div", "div https://www.example.com/cert.cer|12155551212|[12155551214] []|12155551213|1443208345| ", nil},
	{"no x5u: the info parameter", token(`{"alg":"ES256","typ":"passport"}`, `{"orig":{"uri":"sip:a@example.com"},"dest":{"uri":"sip:b@example.com"},"iat":1.5}`) + ";info=<https://cert.example.org/a;b,c>", " https://cert.example.org/a;b,c|sip:a@example.com|[] [sip:b@example.com]||1| ", nil},
	{"no parameters", token(plainHeader, `{"orig":{"tn":["+1 (202) 555-0100"]},"dest":{"tn":"+12025550111"},"iat":1}`), " " + rfcURL + "|12025550100|[12025550111] []||1| ", nil},
	{"attest of no level, claims of other kinds", token(plainHeader, `{"orig":{"tn":"1"},"dest":{"tn":["2"]},"iat":1,"attest":"D","rcd":{"nam":"Alice","jcl":"https://example.org/x"},"crn":"content"}`), " " + rfcURL + "|1|[2] []||1| ", nil},
	{"plain base64 with padding in the signature", rfcHeader + "." + rfcPayload + "." + strings.NewReplacer("-", "+", "_", "/").Replace(rfcSignature) + "==", "", ErrIdentity},

	{"compact (RFC 8225 7)", ".." + rfcSignature + ";info=<" + rfcURL + ">", "", ErrCompact},
	{"RFC 4474", `"KVhPKbfU/pryhVn9Yc6U=";alg=rsa-sha1`, "", ErrIdentity},
	{"too long", strings.Repeat("a", MaxIdentity+1), "", ErrTooLong},
	{"empty", ";info=<x>", "", ErrIdentity},
	{"two parts", rfcHeader + "." + rfcPayload, "", ErrToken},
	{"four parts", rfcToken + ".a", "", ErrToken},
	{"other algorithm", token(`{"alg":"none","typ":"passport"}`, shakenPayload), "", ErrHeader},
	{"HMAC", token(`{"alg":"HS256","typ":"passport"}`, shakenPayload), "", ErrHeader},
	{"other type", token(`{"alg":"ES256","typ":"JWT"}`, shakenPayload), "", ErrHeader},
	{"header is no JSON", token("x", shakenPayload), "", ErrHeader},
	{"claims are no JSON", token(plainHeader, `{"orig":`), "", ErrClaims},
	{"more behind the claims", token(plainHeader, shakenPayload+"{}"), "", ErrClaims},
	{"no orig", token(plainHeader, `{"dest":{"tn":["2"]},"iat":1}`), "", ErrClaims},
	{"no dest", token(plainHeader, `{"orig":{"tn":"1"},"iat":1}`), "", ErrClaims},
	{"no iat", token(plainHeader, `{"orig":{"tn":"1"},"dest":{"tn":["2"]}}`), "", ErrClaims},
	{"iat before 1970", token(plainHeader, `{"orig":{"tn":"1"},"dest":{"tn":["2"]},"iat":-1}`), "", ErrClaims},
	{"iat after 9999", token(plainHeader, `{"orig":{"tn":"1"},"dest":{"tn":["2"]},"iat":1e30}`), "", ErrClaims},
	{"iat is no number", token(plainHeader, `{"orig":{"tn":"1"},"dest":{"tn":["2"]},"iat":"x"}`), "", ErrClaims},
	{"number without digits", token(plainHeader, `{"orig":{"tn":"alice"},"dest":{"tn":["2"]},"iat":1}`), "", ErrClaims},
	{"nine levels", token(plainHeader, `{"orig":{"tn":"1"},"dest":{"tn":["2"]},"iat":1,"x":[[[[[[[[0]]]]]]]]}`), "", ErrClaims},
	{"eight levels, and brackets in a text", token(plainHeader, `{"orig":{"tn":"1"},"dest":{"tn":["2"]},"iat":1,"x":[[[[[[["\"[[[["]]]]]]]}`), " " + rfcURL + "|1|[2] []||1| ", nil},
	{"65 destinations", token(plainHeader, `{"orig":{"tn":"1"},"dest":{"tn":["2"`+strings.Repeat(`,"2"`, 64)+`]},"iat":1}`), "", ErrClaims},
	{"short signature", rfcHeader + "." + rfcPayload + "." + rfcSignature[:80], "", ErrSignature},
	{"long signature", rfcHeader + "." + rfcPayload + "." + rfcSignature + "AA", "", ErrSignature},
	{"payload is no base64url", rfcHeader + "." + rfcPayload + "A." + rfcSignature, "", ErrBase64},
}

func show(p *Passport) string {
	return fmt.Sprintf("%s %s|%s|%v %v|%s|%d|%s %s", p.PPT, p.X5U, p.Orig, p.Dest.TN, p.Dest.URI, p.Div, p.IAT, p.Attest, p.OrigID)
}

func parse(value []byte) (*Passport, error) {
	id, err := ParseIdentity(value)
	if err != nil {
		return nil, err
	}
	return Parse(id)
}

func TestParse(t *testing.T) {
	for _, c := range identities {
		t.Run(c.name, func(t *testing.T) {
			value := []byte(c.value)
			p, err := parse(value)
			for i := range value {
				value[i] = 'x' // the packet may be used again
			}
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			if got := show(p); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSigned(t *testing.T) {
	p, err := parse([]byte(identities[2].value)) // the folded one
	if err != nil {
		t.Fatal(err)
	}
	if got := string(p.Signed); got != rfcHeader+"."+rfcPayload {
		t.Errorf("signed octets %s", got)
	}
	if got := base64.RawURLEncoding.EncodeToString(p.Signature[:]); got != rfcSignature {
		t.Errorf("signature %s", got)
	}
}

// TestRebuild: of RFC 8225 appendix A's claims come the octets that it prints.
func TestRebuild(t *testing.T) {
	alice, caller := Party{URI: "sip:alice@example.com"}, Party{TN: "+1 215 555 1212"}
	compact := func(params string) string { return ".." + rfcSignature + params }
	for _, c := range []struct {
		name, value string
		orig, dest  Party
		iat         int64
		signed      string // "" not compared
		err         error
	}{
		{"RFC 8225 A", compact(";info=<" + rfcURL + ">"), caller, alice, 1471375418, rfcHeader + "." + rfcPayload, nil},
		{"URI calls number", compact(";info=<https://a/?b=<c>&d>"), alice, caller, 7, "", nil},
		{
			"nothing is escaped (RFC 8225 9)", compact(";info=<https://a/?b&c>"),
			Party{URI: "sip:a<&>@example.com"},
			caller, 7,
			encode(`{"alg":"ES256","typ":"passport","x5u":"https://a/?b&c"}`) + "." + encode(`{"dest":{"tn":["12155551212"]},"iat":7,"orig":{"uri":"sip:a<&>@example.com"}}`), nil,
		},
		{"full form", rfcToken + ";info=<x>", caller, alice, 1, "", ErrToken},
		{"SHAKEN has claims of its own", compact(";info=<x>;ppt=shaken"), caller, alice, 1, "", ErrCompact},
		{"no info", compact(""), caller, alice, 1, "", ErrCompact},
		{"other algorithm", compact(";info=<x>;alg=RS256"), caller, alice, 1, "", ErrHeader},
		{"no caller", compact(";info=<x>"), Party{}, alice, 1, "", ErrClaims},
		{"no time", compact(";info=<x>"), caller, alice, -1, "", ErrClaims},
		{"short signature", "..AAAA;info=<x>", caller, alice, 1, "", ErrSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := ParseIdentity([]byte(c.value))
			if err != nil {
				t.Fatal(err)
			}
			p, err := Rebuild(id, c.orig, c.dest, c.iat)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err == nil && c.signed != "" && string(p.Signed) != c.signed {
				t.Errorf("signed %s\nwant   %s", p.Signed, c.signed)
			}
		})
	}
}

// TestRebuildIsParsed: what is rebuilt is what the full form would have said.
func TestRebuildIsParsed(t *testing.T) {
	id := Identity{Token: []byte(".." + rfcSignature), Info: []byte(rfcURL)}
	rebuilt, err := Rebuild(id, Party{TN: "12025550100"}, Party{TN: "+912255500199"}, 1_700_000_000)
	if err != nil {
		t.Fatal(err)
	}
	full, err := parse([]byte(string(rebuilt.Signed) + "." + rfcSignature))
	if err != nil {
		t.Fatal(err)
	}
	if show(full) != show(rebuilt) || full.Signature != rebuilt.Signature {
		t.Errorf("rebuilt %s\nfull    %s", show(rebuilt), show(full))
	}
}

func TestChoose(t *testing.T) {
	const plain, shaken, div, rcd = "a.a.a;info=<x>", "b.b.b;info=<x>;ppt=shaken", "c.c.c;info=<x>;ppt=div", "d.d.d;info=<x>;ppt=rcd"
	for _, c := range []struct{ name, list, want string }{
		{"SHAKEN first", strings.Join([]string{rcd, div, plain, shaken}, ","), shaken},
		{"then a plain one", strings.Join([]string{rcd, div, plain}, ", "), plain},
		{"then a diversion", rcd + "," + div, div},
		{"then any", rcd, rcd},
		{"of equals the first", shaken + ",e.e.e;ppt=SHAKEN", shaken},
		{"RFC 4474 is none", `"x=";alg=rsa-sha1,` + div, div},
		{"none", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(Choose(sip.Elements([]byte(c.list)))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	seen := map[string]bool{"": true}
	for e := ErrTooLong; int(e) < ParseErrors; e++ {
		if seen[e.Reason()] {
			t.Errorf("%d: name %q again, or none", e, e.Reason())
		}
		seen[e.Reason()] = true
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range identities {
		if len(c.value) <= MaxIdentity {
			f.Add([]byte(c.value))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { _, _ = parse(b) })
		p, err := parse(b)
		if err != nil {
			return
		}
		if p.Orig == (Party{}) || len(p.Dest.TN)+len(p.Dest.URI) == 0 || p.IAT < 0 || p.IAT > maxIAT {
			t.Errorf("claims missing: %+v", p)
		}
		if len(p.Signed) > len(b) || strings.Count(string(p.Signed), ".") != 1 {
			t.Errorf("signed octets %q", p.Signed)
		}
		if strings.Trim(p.Orig.TN, "0123456789*#") != "" || len(p.Attest) > 1 {
			t.Errorf("not in canonical form: %+v", p)
		}
	})
}

// FuzzClaims: JSON, without the shell that a fuzzer does not get through.
func FuzzClaims(f *testing.F) {
	f.Add(shakenHeader, shakenPayload)
	f.Add(plainHeader, `{"orig":{"uri":["sip:a@example.com"]},"dest":{"tn":"1","uri":["sip:b@example.com"]},"iat":1,"div":{"tn":"3"}}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		identity := Identity{Token: []byte(token(header, payload))}
		fuzzbound.Check(t, len(identity.Token), func() { _, _ = Parse(identity) })
		p, err := Parse(Identity{Token: []byte(token(header, payload))})
		if err == nil && p.Orig == (Party{}) {
			t.Errorf("no caller: %+v", p)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	v := []byte(identities[1].value)
	b.ReportAllocs()
	b.SetBytes(int64(len(v)))
	for b.Loop() {
		_, _ = parse(v)
	}
}
