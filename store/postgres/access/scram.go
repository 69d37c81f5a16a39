package access

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// scramIterations is Postgres's own number (scram_iterations).
const scramIterations = 4096

// scramVerifier makes of a password what Postgres keeps of it (RFC 5803: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey), so that
// the password itself is in no statement and no log. Printable ASCII only: of other characters, programs make different octets
// (SASLprep, RFC 4013), and who set one here could not log in there.
func scramVerifier(password string) (string, error) {
	if len(password) < 12 || len(password) > 256 {
		return "", errors.New("a password of 12 to 256 characters is wanted")
	}
	for i := range len(password) {
		if password[i] < ' ' || password[i] > '~' {
			return "", errors.New("a password of printable ASCII characters is wanted")
		}
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("salt the password: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	b := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, b(salt), b(stored[:]), b(mac(salted, "Server Key"))), nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write([]byte(text)) // a hash never fails to write
	return m.Sum(nil)
}
