package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
)

// Hash is the SHA-256, in lower-case hex, of the effective configuration: one line "key=value" for each key in the
// order of Config, the value as JSON, durations and sizes in their text form. It does not depend on which layer a
// value came from. Passwords are not in it.
func (c *Config) Hash() string {
	h := sha256.New()
	for _, k := range keys {
		_, _ = fmt.Fprintf(h, "%s=%s\n", k.path, c.canonical(k)) // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (c *Config) canonical(k key) []byte {
	v := c.field(k).Interface()
	switch k.path {
	case "postgres.dsn":
		v = c.Postgres.MaskedDSN()
	case "access.dsn":
		v = maskedDSN(c.Access.DSN)
	}
	switch x := v.(type) {
	case Duration:
		v = x.String()
	case Size:
		v = x.String()
	}
	if n := c.field(k); n.Kind() == reflect.Slice && n.Len() == 0 {
		return []byte("[]") // nil and empty are the same
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("config: " + k.path + ": " + err.Error()) // no key has a type that JSON cannot say
	}
	return b
}
