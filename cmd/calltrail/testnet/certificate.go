package testnet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"time"
)

// TLSConfig makes a certificate for a name, signed by itself, and a configuration of kamailio's with it: what the definition
// SECURE of config/kamailio.cfg wants. The pool trusts the certificate.
func (h *Host) TLSConfig(name string) (definition string, trust *x509.CertPool) {
	h.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		h.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		h.t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(h.t, filepath.Join(h.Dir, "tls.pem"), string(certificate))
	write(h.t, filepath.Join(h.Dir, "tls.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	file := filepath.Join(h.Dir, "tls.cfg")
	write(h.t, file, fmt.Sprintf("[server:default]\nmethod = TLSv1.2+\ncertificate = %[1]s/tls.pem\nprivate_key = %[1]s/tls.key\n"+
		"[client:default]\nmethod = TLSv1.2+\n", h.Dir))
	trust = x509.NewCertPool()
	trust.AppendCertsFromPEM(certificate)
	return fmt.Sprintf("SECURE=%q", file), trust
}
