package record

import (
	"encoding/hex"
	"math"
	"net/netip"
	"strconv"
	"unicode/utf8"

	"github.com/google/uuid"
)

// object appends the members of JSON objects. It is a byte slice and nothing more, so that a record is written
// without reflection and without a second copy.
type object struct{ b []byte }

func (o *object) comma() {
	if n := len(o.b); n > 0 && o.b[n-1] != '{' && o.b[n-1] != '[' {
		o.b = append(o.b, ',')
	}
}

func (o *object) key(name string) {
	o.comma()
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) open(name string, bracket byte) {
	if name == "" {
		o.comma()
	} else {
		o.key(name)
	}
	o.b = append(o.b, bracket)
}

func (o *object) close(bracket byte) { o.b = append(o.b, bracket) }

// text writes a member that is absent when empty.
func (o *object) text(name, v string) {
	if v != "" {
		o.textAlways(name, v)
	}
}

func (o *object) textAlways(name, v string) {
	o.key(name)
	o.b = appendString(o.b, v)
}

// texts writes a list that is absent when empty.
func (o *object) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	o.open(name, '[')
	for _, v := range list {
		o.comma()
		o.b = appendString(o.b, v)
	}
	o.close(']')
}

func (o *object) null(name string) {
	o.key(name)
	o.b = append(o.b, "null"...)
}

func (o *object) integer(name string, v int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

func (o *object) unsigned(name string, v uint64) {
	o.key(name)
	o.b = strconv.AppendUint(o.b, v, 10)
}

// float writes v with at most decimals digits behind the point. JSON has no NaN and no infinity: a member without a
// number is absent.
func (o *object) float(name string, v float64, decimals int) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	scale := math.Pow10(decimals)
	o.key(name)
	o.b = strconv.AppendFloat(o.b, math.Round(v*scale)/scale, 'f', -1, 64)
}

func (o *object) boolean(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

func (o *object) time(name string, t Time) {
	o.key(name)
	o.b = t.append(o.b)
}

func (o *object) uuid(name string, u uuid.UUID) {
	o.key(name)
	o.b = append(o.b, '"')
	o.b = appendUUID(o.b, u)
	o.b = append(o.b, '"')
}

func (o *object) address(a Addr) {
	o.ip("ip", a.IP)
	o.unsigned("port", uint64(a.Port))
}

// optionalAddress writes an address as an object, absent when nil.
func (o *object) optionalAddress(name string, a *Addr) {
	if a == nil {
		return
	}
	o.open(name, '{')
	o.address(*a)
	o.close('}')
}

func (o *object) ip(name string, ip netip.Addr) {
	o.key(name)
	o.b = append(o.b, '"')
	o.b = ip.WithZone("").AppendTo(o.b) // a zone is a name on one host
	o.b = append(o.b, '"')
}

func appendUUID(b []byte, u uuid.UUID) []byte {
	var t [36]byte
	hex.Encode(t[0:8], u[0:4])
	hex.Encode(t[9:13], u[4:6])
	hex.Encode(t[14:18], u[6:8])
	hex.Encode(t[19:23], u[8:10])
	hex.Encode(t[24:36], u[10:16])
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
	return append(b, t[:]...)
}

// appendString writes s as a JSON string (RFC 8259 section 7). s is valid UTF-8 without NUL (Clean saw to it); what is
// not becomes U+FFFD, so that every output can be read and stored: Postgres has no U+0000 in text.
func appendString(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(b, s[start:i]...)
				b = append(b, "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case 0:
			b = append(b, "\uFFFD"...)
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
