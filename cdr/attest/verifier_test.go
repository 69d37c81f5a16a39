package attest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/decode/passport"
)

const named = "cert.example.org/shaken/1.pem" // where x5u's certificate lies

func TestVerify(t *testing.T) {
	good, other := newSigner(t, template{}), newSigner(t, template{})
	expired := newSigner(t, template{from: iat - 1000, to: iat - 1})
	edge := newSigner(t, template{from: iat, to: iat})
	flat := map[string][]byte{"a.pem": other.cert, "b.pem": good.cert}
	byName := map[string][]byte{named: good.cert}
	at := func(ns int64) Call { c := call; c.At = ns; return c }
	const second = 1_000_000_000
	tampered := good.passport()
	tampered.Signed = []byte(strings.Replace(string(tampered.Signed), ".", ".e", 1))

	for _, c := range []struct {
		name  string
		files map[string][]byte
		p     *passport.Passport
		call  Call
		want  Reason
	}{
		{"certificate by its URL", byName, good.passport(), call, Verified},
		{"any certificate", flat, good.passport(), call, Verified},
		{"any certificate, from an unknown URL", flat, good.of("https://else.example.net/x", "912255500100", iat), call, Verified},
		{"host in capitals, a query", byName, good.of("https://CERT.example.org/shaken/1.pem?a=b#c", "912255500100", iat), call, Verified},
		{"chain behind the certificate", map[string][]byte{named: append(append([]byte("a note\n"), good.cert...), other.cert...)}, good.passport(), call, Verified},

		{"no certificate", map[string][]byte{".hidden": other.cert, "README": []byte("x"), "lab.key": []byte("x")}, good.passport(), call, NoCertificate},
		{"unknown signer", map[string][]byte{"a.pem": other.cert}, good.passport(), call, UnknownCertificate},
		{"certificate of another URL is not tried", map[string][]byte{"cert.example.org/shaken/2.pem": good.cert}, good.passport(), call, UnknownCertificate},
		{"signed by somebody else", map[string][]byte{named: other.cert}, good.passport(), call, SignatureInvalid},
		{"signed by somebody else, who is known too", map[string][]byte{named: other.cert, "b.pem": good.cert}, good.passport(), call, SignatureInvalid},
		{"one octet changed", byName, tampered, call, SignatureInvalid},
		{"certificate is out of date, and there may be a new one", map[string][]byte{named: expired.cert}, good.passport(), call, UnknownCertificate},
		{"certificate expired", map[string][]byte{named: expired.cert}, expired.passport(), call, CertificateTime},
		{"certificate of one second", map[string][]byte{named: edge.cert}, edge.passport(), call, Verified},
		{"certificate not valid yet", map[string][]byte{named: edge.cert}, edge.of(x5u, "912255500100", iat-1), call, CertificateTime},

		{"60 s old (RFC 8224 6.2.2)", byName, good.passport(), at((iat + 60) * second), Verified},
		{"older than 60 s", byName, good.passport(), at((iat+60)*second + 1), Stale},
		{"60 s ahead", byName, good.passport(), at((iat - 60) * second), Verified},
		{"further ahead", byName, good.passport(), at((iat-60)*second - 1), Stale},
		{"of 1970", byName, good.passport(), at(0), Stale},

		{"another caller", byName, good.passport(), Call{[]string{"+912255500101"}, []string{callee}, call.At}, OrigDiffers},
		{"asserted identity agrees, From does not", byName, good.passport(), Call{[]string{caller, "+15"}, []string{callee}, call.At}, Verified},
		{"number as written in its country agrees", byName, good.passport(), Call{[]string{"912255500100"}, []string{callee}, call.At}, Verified},
		{"number as written in its country differs", byName, good.passport(), Call{[]string{"02255500100"}, []string{callee}, call.At}, OrigUnknown},
		{"no caller", byName, good.passport(), Call{nil, []string{callee}, call.At}, OrigUnknown},
		{"caller without a number", byName, good.passport(), Call{[]string{"", "sip:anonymous@anonymous.invalid"}, []string{callee}, call.At}, OrigUnknown},
		{"cut from another call", byName, good.passport(), Call{[]string{caller}, []string{"+12025550112"}, call.At}, DestDiffers},
		{"no callee", byName, good.passport(), Call{[]string{caller}, nil, call.At}, DestUnknown},
		{"a fault comes before what is not known", byName, good.passport(), Call{nil, []string{"+12025550112"}, call.At}, DestDiffers},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVerifier(t, Config{Dir: folder(t, c.files)})
			for _, again := range []string{"first", "remembered"} {
				got := v.Verify(c.p, c.call)
				if got.Reason != c.want {
					t.Errorf("%s: %s, want %s", again, got.Reason, c.want)
				}
				if got.Verified != (c.want == Verified) || got.Verified && !got.Checked {
					t.Errorf("%s: %+v", again, got)
				}
			}
			if n := v.Stats().Results[c.want]; n != 2 {
				t.Errorf("%s counted %d times, want 2", c.want, n)
			}
		})
	}
}

// TestChecked: only what was looked into is a verdict.
func TestChecked(t *testing.T) {
	for r := Verified; int(r) < NumReasons; r++ {
		want := true
		switch r {
		case NoCertificate, UnknownCertificate, OrigUnknown, DestUnknown:
			want = false
		default:
		}
		if got := resultOf(r); got.Checked != want || got.Reason != r || r.String() == "" {
			t.Errorf("%s: %+v", r, got)
		}
	}
}

func TestVerifyURI(t *testing.T) {
	s := newSigner(t, template{})
	v := newVerifier(t, Config{Dir: folder(t, map[string][]byte{"a.pem": s.cert})})
	p := parse(t, s.token(`{"alg":"ES256","typ":"passport","x5u":"https://x/y"}`,
		fmt.Sprintf(`{"dest":{"tn":["12025550111"],"uri":["sip:bob@example.com"]},"iat":%d,"orig":{"uri":"sip:Alice@example.com"}}`, iat)))
	for _, c := range []struct {
		caller, callee string
		want           Reason
	}{
		{"sip:Alice@EXAMPLE.com", "sip:bob@example.com", Verified},
		{"sips:Alice:secret@example.com:5061;user=ip?x=y", "SIP:bob@example.com", Verified},
		{"sip:Alice@example.com", callee, Verified},
		{"sip:alice@example.com", callee, OrigDiffers}, // RFC 3261 section 19.1.4: the user part with its case
		{"sip:Alice@example.com", "sip:eve@example.com", DestDiffers},
		{caller, callee, OrigUnknown},
	} {
		if got := v.Verify(p, Call{[]string{c.caller}, []string{c.callee}, call.At}); got.Reason != c.want {
			t.Errorf("%s calls %s: %s, want %s", c.caller, c.callee, got.Reason, c.want)
		}
	}
}

// TestVerifyCompact: a PASSporT of which only the signature was sent (RFC 8225 section 7).
func TestVerifyCompact(t *testing.T) {
	s := newSigner(t, template{})
	v := newVerifier(t, Config{Dir: folder(t, map[string][]byte{named: s.cert})})
	full := s.token(`{"alg":"ES256","typ":"passport","x5u":"`+x5u+`"}`, fmt.Sprintf(`{"dest":{"tn":["12025550111"]},"iat":%d,"orig":{"tn":"912255500100"}}`, iat))
	id, err := passport.ParseIdentity([]byte(".." + full[strings.LastIndexByte(full, '.')+1:] + ";info=<" + x5u + ">"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		callee string
		want   Reason
	}{{callee, Verified}, {"+12025550112", SignatureInvalid}} {
		p, err := passport.Rebuild(id, passport.Party{TN: caller}, passport.Party{TN: c.callee}, iat)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Verify(p, Call{[]string{caller}, []string{c.callee}, call.At}); got.Reason != c.want {
			t.Errorf("to %s: %s, want %s", c.callee, got.Reason, c.want)
		}
	}
}

// TestES256Vector is RFC 7515 appendix A.3: the order of r and s, and their octets.
func TestES256Vector(t *testing.T) {
	decode := func(s string) []byte {
		t.Helper()
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4},
		decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"))
	var signature [64]byte
	copy(signature[:], decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"))
	c := &certificate{key: key}
	if !c.signed(&digest, &signature) {
		t.Error("the signature does not hold")
	}
	signature[63] ^= 1
	if c.signed(&digest, &signature) {
		t.Error("a changed signature holds")
	}
	if c.signed(&digest, &[64]byte{}) {
		t.Error("a signature of zeros holds")
	}
}

func TestNumbers(t *testing.T) {
	spc := tnEntry(t, 0, "1234", "ia5")
	block := tnEntry(t, 1, tnRange{"912255500100", 10}, "")
	one := tnEntry(t, 2, "12025550100", "ia5")
	for _, c := range []struct {
		name string
		list []byte
		orig string
		want Reason
	}{
		{"service provider code: any number", tnList(t, spc), "912255500100", Verified},
		{"code and range: any number", tnList(t, block, spc), "15", Verified},
		{"first of a range", tnList(t, one, block), "912255500100", Verified},
		{"last of a range", tnList(t, block), "912255500109", Verified},
		{"behind a range", tnList(t, block), "912255500110", NumberNotCovered},
		{"before a range", tnList(t, block), "912255500099", NumberNotCovered},
		{"same value, other length", tnList(t, tnEntry(t, 1, tnRange{"0100", 10}, "")), "100", NumberNotCovered},
		{"one number", tnList(t, one), "12025550100", Verified},
		{"not that number", tnList(t, one), "12025550101", NumberNotCovered},
		{"not dialled as a number", tnList(t, one), "*12025550100", NumberNotCovered},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSigner(t, template{numbers: c.list})
			v := newVerifier(t, Config{Dir: folder(t, map[string][]byte{"a.pem": s.cert})})
			p := s.of(x5u, c.orig, iat)
			if got := v.Verify(p, Call{[]string{"+" + c.orig, c.orig}, []string{callee}, call.At}); got.Reason != c.want {
				t.Errorf("%s, want %s", got.Reason, c.want)
			}
		})
	}
	for _, c := range []struct {
		name, want string
		list       []byte
	}{
		{"no sequence", "no sequence", []byte{5, 0}},
		{"empty", "0 entries", []byte{0x30, 0}},
		{"unknown tag", "entry 2", tnList(t, one, tnEntry(t, 3, "1", "ia5"))},
		{"not a number", "entry 1", tnList(t, tnEntry(t, 2, "12#", "ia5"))},
		{"16 digits", "entry 1", tnList(t, tnEntry(t, 2, "1234567890123456", "ia5"))},
		{"range of none", "entry 1", tnList(t, tnEntry(t, 1, tnRange{"1", 0}, ""))},
		{"octets behind it", "no sequence", append(tnList(t, one), 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseNumbers(c.list); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	good := newSigner(t, template{})
	many := map[string][]byte{}
	for i := range maxForAll + 1 {
		many[fmt.Sprintf("%02d.pem", i)] = good.cert
	}
	rsaLike := newSigner(t, template{curve: elliptic.P384()})
	for _, c := range []struct {
		name, want string
		cfg        Config
	}{
		{"no such folder", "is not there", Config{Dir: filepath.Join(t.TempDir(), "x")}},
		{"no certificate in a file", "a.pem: no certificate in PEM form", Config{Dir: folder(t, map[string][]byte{"a.pem": []byte("x")})}},
		{"a private key", "no certificate in PEM form", Config{Dir: folder(t, map[string][]byte{"a.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})})}},
		{"damaged", "read the certificate", Config{Dir: folder(t, map[string][]byte{"a.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})})}},
		{"other curve", "P-256", Config{Dir: folder(t, map[string][]byte{"a.pem": rsaLike.cert})}},
		{"too many for any signer", "more than 8", Config{Dir: folder(t, many)}},
		{"too long", "65536", Config{Dir: folder(t, map[string][]byte{"a.pem": make([]byte, maxFile+1)})}},
		{"bad list of numbers", "TNAuthList", Config{Dir: folder(t, map[string][]byte{"a.pem": newSigner(t, template{numbers: []byte{5, 0}}).cert})}},
		{"negative age", "negative", Config{MaxAge: -1}},
		{"age of two days", "more than a day", Config{MaxAge: 48 * time.Hour}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
		})
	}
	if got := newVerifier(t, Config{}).Verify(good.passport(), call); got.Reason != NoCertificate {
		t.Errorf("nothing configured: %s", got.Reason)
	}
}

// TestNothingOutsideIsRead: the URL of a PASSporT is a name in a table and never a path.
func TestNothingOutsideIsRead(t *testing.T) {
	s := newSigner(t, template{})
	dir := folder(t, map[string][]byte{"in/cert.example.org/a.pem": newSigner(t, template{}).cert, "out/b.pem": s.cert})
	v := newVerifier(t, Config{Dir: filepath.Join(dir, "in")})
	for _, u := range []string{"https://../out/b.pem", "https://cert.example.org/../../out/b.pem", "file://" + dir + "/out/b.pem", "../out/b.pem"} {
		if got := v.Verify(s.of(u, "912255500100", iat), call); got.Reason != UnknownCertificate {
			t.Errorf("%s: %s", u, got.Reason)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "out"), filepath.Join(dir, "in", "link")); err != nil {
		t.Fatal(err)
	}
	if err := v.Reload(); err != nil || v.Stats().Certificates != 1 {
		t.Errorf("%d certificates, %v: a link to a folder was followed", v.Stats().Certificates, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	s := newSigner(b, template{})
	files := map[string][]byte{}
	for i := range maxForAll {
		files[fmt.Sprintf("%02d.pem", i)] = newSigner(b, template{}).cert
	}
	v := newVerifier(b, Config{Dir: folder(b, files)})
	p := s.passport()
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v.Verify(p, call)
		}
	})
	b.Run("unknown signer, 8 certificates", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Signature[5]++ // another PASSporT each time
			v.Verify(p, call)
		}
	})
}
