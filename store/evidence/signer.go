package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
)

// PublicKeySize is the length of a public key in octets (RFC 8032 section 5.1.5).
const PublicKeySize = ed25519.PublicKeySize

// Signer signs with one private key. It may be used by any number of goroutines.
type Signer struct {
	key ed25519.PrivateKey
}

// PublicKey returns the public half, PublicKeySize octets: what the first entry of a chain binds, and what VerifyHead
// takes. The slice is the caller's.
func (s *Signer) PublicKey() ed25519.PublicKey {
	return append(ed25519.PublicKey(nil), s.key[ed25519.PrivateKeySize-PublicKeySize:]...)
}

// KeyID returns the name of the key; see the function of this name.
func (s *Signer) KeyID() string { return KeyID(s.PublicKey()) }

// Format shows the key's name for every verb: without it fmt would look into the struct and print the private key.
func (s *Signer) Format(out fmt.State, _ rune) { _, _ = io.WriteString(out, "key "+s.KeyID()) }

// KeyID names a public key: the first 16 hexadecimal digits of the SHA-256 of its 32 octets. It is for people and for
// looking up; 64 bits are too few to recognise a forged key by.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// PublicPEM returns the public key as PEM text, "PUBLIC KEY" (RFC 7468 section 13, RFC 8410 section 4).
func PublicPEM(public ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encode the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicType, Bytes: der}), nil
}
