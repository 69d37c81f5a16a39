// Package tlstest makes certificates for tests of Kafka's and Postgres's connections. In: names, addresses, dates. Out: files
// in PEM. Only tests call it.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certification authority of a test.
type Authority struct {
	tb   testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes an authority; its certificate is in ca.pem.
func New(tb testing.TB, name string) *Authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	a := &Authority{tb: tb, dir: tb.TempDir(), key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	a.Write("ca.pem", block("CERTIFICATE", der))
	return a
}

// Path is that of a file in the authority's folder.
func (a *Authority) Path(name string) string { return filepath.Join(a.dir, name) }

// Write makes a file of its owner's in the folder.
func (a *Authority) Write(name string, text []byte) string {
	a.tb.Helper()
	if err := os.WriteFile(a.Path(name), text, 0o600); err != nil {
		a.tb.Fatal(err)
	}
	return a.Path(name)
}

// Issue makes a certificate for an address, valid since yesterday until then: NAME.crt, its key NAME.key (PKCS #8), and both
// in NAME.pem, whose path it returns.
func (a *Authority) Issue(name, address string, until time.Time) string {
	a.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.tb.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.ParseIP(address)},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.tb.Fatal(err)
	}
	public, private := block("CERTIFICATE", der), block("PRIVATE KEY", secret)
	a.Write(name+".crt", public)
	a.Write(name+".key", private)
	return a.Write(name+".pem", append(public, private...))
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
