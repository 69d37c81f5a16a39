package attest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
)

// certificate is what is needed of one.
type certificate struct {
	key                 *ecdsa.PublicKey
	notBefore, notAfter int64 // seconds since 1970, both included
	numbers             *numbers
}

// parseCertificate reads the first certificate of a PEM file, the signer's own; those behind it, of its issuers, are not needed.
func parseCertificate(b []byte) (*certificate, error) {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return nil, errors.New("no certificate in PEM form: convert it with openssl x509 -outform PEM")
		}
		if block.Type == "CERTIFICATE" {
			return newCertificate(block.Bytes)
		}
	}
}

func newCertificate(der []byte) (*certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("its key is not on the curve P-256, which ES256 needs: PASSporTs cannot be signed with it")
	}
	n, err := numbersOf(c)
	if err != nil {
		return nil, err
	}
	return &certificate{key: key, notBefore: c.NotBefore.Unix(), notAfter: c.NotAfter.Unix(), numbers: n}, nil
}

// validAt says that the certificate was valid at that time, seconds since 1970.
func (c *certificate) validAt(t int64) bool { return c.notBefore <= t && t <= c.notAfter }

// signed checks r and s of ES256 (RFC 7518 section 3.4).
func (c *certificate) signed(digest *[32]byte, signature *[64]byte) bool {
	var r, s big.Int
	return ecdsa.Verify(c.key, digest[:], r.SetBytes(signature[:32]), s.SetBytes(signature[32:]))
}
