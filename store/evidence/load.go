package evidence

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// maxKeyFile bounds a key file, in octets; an Ed25519 key has 119.
const maxKeyFile = 4 << 10

// PEM labels (RFC 7468 sections 10, 11 and 13).
const (
	privateType   = "PRIVATE KEY"
	encryptedType = "ENCRYPTED PRIVATE KEY"
	publicType    = "PUBLIC KEY"
)

// Load reads the private key at path: PEM, PKCS #8, Ed25519, without passphrase. It refuses a file that anyone but its
// owner can use, a symbolic link (whoever owns the link chooses the key) and whatever else is no regular file. A missing
// file is fs.ErrNotExist. No error tells anything of what is in the file but its kind.
func Load(path string) (*Signer, error) {
	data, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	s, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("key file %s %w", path, err)
	}
	return s, nil
}

func readPrivate(path string) ([]byte, error) {
	// O_NONBLOCK: opening a pipe must not wait for its writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0) //nolint:gosec // the operator names the file
	switch {
	case errors.Is(err, syscall.ELOOP):
		return nil, fmt.Errorf("key file %s is a symbolic link; name the file itself in sensor.key_file", path)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("key file %s: %w; make it with: calltrail key init", path, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("key file %s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("key file %s has mode %#o, so that others than its owner can use it; run: chmod 0600 %s", path, mode, path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return data, nil
}

// parse takes the private key out of the text of a key file. Its errors go on from "key file X"; those of encoding/asn1
// are left out of them, because they may quote what they read.
func parse(data []byte) (*Signer, error) {
	switch {
	case len(data) > maxKeyFile:
		return nil, fmt.Errorf("is larger than %d octets; it should hold one private key and nothing else", maxKeyFile)
	case len(data) == 0:
		return nil, errors.New("is empty; move it away and run: calltrail key init")
	}
	block, rest := pem.Decode(data)
	switch {
	case block == nil:
		return nil, errors.New("is not PEM text; it should begin with -----BEGIN PRIVATE KEY-----")
	case strings.TrimSpace(string(rest)) != "":
		return nil, errors.New("holds more than one PEM block; it should hold one private key and nothing else")
	case block.Type == publicType:
		return nil, errors.New("holds a public key; name the private one, the file without .pub")
	case block.Type == encryptedType:
		return nil, errors.New("is encrypted; a sensor starts without anyone to type a passphrase: decrypt it, or run calltrail key init")
	case block.Type != privateType:
		return nil, fmt.Errorf("holds PEM of another kind than %s", privateType)
	}
	defer clear(block.Bytes)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("holds no private key that can be read; it is damaged, or not PKCS #8")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("holds a key for %s; a sensor's is Ed25519", algorithm(parsed))
	}
	return &Signer{key}, nil
}

// algorithm names the kind of a private key that is not what it should be.
func algorithm(key any) string {
	switch key.(type) {
	case *rsa.PrivateKey:
		return "RSA"
	case *ecdsa.PrivateKey:
		return "ECDSA"
	case *ecdh.PrivateKey:
		return "X25519"
	}
	return fmt.Sprintf("%T", key)
}

// LoadPublic reads a public key as Create writes it beside the private one: PEM, "PUBLIC KEY", Ed25519.
func LoadPublic(path string) (ed25519.PublicKey, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != publicType {
		return nil, fmt.Errorf("%s holds no PEM of a %s; name the file with .pub", path, publicType)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s holds no Ed25519 key", path)
	}
	return key, nil
}
