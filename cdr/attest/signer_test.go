package attest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"calltrail/decode/passport"
)

// The call of these tests, and its time.
const (
	caller, callee = "+912255500100", "+12025550111"
	iat            = 1_700_000_000
	x5u            = "https://cert.example.org/shaken/1.pem"
)

var call = Call{Callers: []string{caller}, Callees: []string{callee}, At: iat*1_000_000_000 + 3_000_000_000}

// signer makes certificates and PASSporTs.
type signer struct {
	t    testing.TB
	key  *ecdsa.PrivateKey
	cert []byte // PEM
}

type template struct {
	from, to int64 // validity, seconds since 1970; 0: a day around iat
	numbers  []byte
	curve    elliptic.Curve
}

func newSigner(t testing.TB, tmpl template) *signer {
	t.Helper()
	if tmpl.curve == nil {
		tmpl.curve = elliptic.P256()
	}
	if tmpl.from == 0 {
		tmpl.from, tmpl.to = iat-43_200, iat+43_200
	}
	key, err := ecdsa.GenerateKey(tmpl.curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "SHAKEN 1234"},
		NotBefore: time.Unix(tmpl.from, 0), NotAfter: time.Unix(tmpl.to, 0),
	}
	if tmpl.numbers != nil {
		c.ExtraExtensions = []pkix.Extension{{Id: idTNAuthList, Value: tmpl.numbers}}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{t, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// token signs a header and a payload.
func (s *signer) token(header, payload string) string {
	s.t.Helper()
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	digest := sha256.Sum256([]byte(signed))
	a, b, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		s.t.Fatal(err)
	}
	var signature [64]byte
	a.FillBytes(signature[:32])
	b.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature[:])
}

// passport is a PASSporT of the call.
func (s *signer) passport() *passport.Passport { return s.of(x5u, "912255500100", iat) }

func (s *signer) of(x5u, orig string, iat int64) *passport.Passport {
	s.t.Helper()
	return parse(s.t, s.token(
		fmt.Sprintf(`{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":%q}`, x5u),
		fmt.Sprintf(`{"attest":"A","dest":{"tn":[%q]},"iat":%d,"orig":{"tn":%q},"origid":"x"}`, callee[1:], iat, orig),
	))
}

func parse(t testing.TB, token string) *passport.Passport {
	t.Helper()
	p, err := passport.Parse(passport.Identity{Token: []byte(token)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// folder writes certificates down, by their path in it.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		put(t, filepath.Join(dir, name), b)
	}
	return dir
}

func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func newVerifier(t testing.TB, cfg Config) *Verifier {
	t.Helper()
	v, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// entry makes one TNEntry: an explicit tag around the value (RFC 8226 section 9).
func tnEntry(t testing.TB, tag int, value any, params string) asn1.RawValue {
	t.Helper()
	b, err := asn1.MarshalWithParams(value, params)
	if err != nil {
		t.Fatal(err)
	}
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: b}
}

func tnList(t testing.TB, entries ...asn1.RawValue) []byte {
	t.Helper()
	b, err := asn1.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type tnRange struct {
	Start string `asn1:"ia5"`
	Count int
}
