package passport

import (
	"bytes"
	"iter"
)

// MaxIdentity is the longest value that is read, octets: what decode/sip keeps of one.
const MaxIdentity = 4096

// Identity is one value of the Identity header field (RFC 8224 section 4):
//
//	Identity                =  "Identity" HCOLON signed-identity-digest SEMI ident-info *( SEMI ident-info-params )
//	signed-identity-digest  =  1*(base64-char / ".")
//	ident-info              =  "info" EQUAL ident-info-uri
//	ident-info-uri          =  LAQUOT absoluteURI RAQUOT
//	ident-info-params       =  ident-info-alg / ident-type / ident-info-extension
//	ident-info-alg          =  "alg" EQUAL token
//	ident-type              =  "ppt" EQUAL token
//
// Its slices are parts of the value.
type Identity struct {
	Token []byte // the PASSporT, in its full or compact form; folding within it stays
	Info  []byte // where its certificate is, without <>; never fetched. nil when there is none
	Alg   []byte // nil when it does not say: ES256
	PPT   []byte // kind of PASSporT, without quotes; nil: none, a PASSporT of RFC 8225
}

// ParseIdentity reads one value. The errors are ErrTooLong and ErrIdentity; the latter also for RFC 4474, whose signature is
// in quotes and no PASSporT.
func ParseIdentity(value []byte) (Identity, error) {
	if len(value) > MaxIdentity {
		return Identity{}, ErrTooLong
	}
	token, params, _ := bytes.Cut(value, []byte{';'})
	id := Identity{Token: bytes.Trim(token, lws)}
	for _, c := range id.Token {
		if sextets[c] == notBase64 && c != '.' && !isLWS(c) {
			return Identity{}, ErrIdentity
		}
	}
	if len(id.Token) == 0 {
		return Identity{}, ErrIdentity
	}
	for len(params) > 0 {
		var name, v []byte
		name, v, params = nextParam(params)
		switch {
		case id.Info == nil && bytes.EqualFold(name, []byte("info")):
			id.Info = within(v, '<', '>')
		case id.Alg == nil && bytes.EqualFold(name, []byte("alg")):
			id.Alg = within(v, '"', '"')
		case id.PPT == nil && bytes.EqualFold(name, []byte("ppt")):
			id.PPT = within(v, '"', '"')
		}
	}
	return id, nil
}

// Choose returns the one of a call's Identity values that says most about the caller: SHAKEN (RFC 8588), else a plain PASSporT
// (RFC 8225), else that of a diversion (RFC 8946), else any other; of equals the first. nil when none can be read.
func Choose(values iter.Seq[[]byte]) []byte {
	var best []byte
	rank := -1
	for v := range values {
		id, err := ParseIdentity(v)
		if err != nil {
			continue
		}
		r := 0
		switch {
		case bytes.EqualFold(id.PPT, []byte("shaken")):
			r = 3
		case len(id.PPT) == 0:
			r = 2
		case bytes.EqualFold(id.PPT, []byte("div")):
			r = 1
		}
		if r > rank {
			best, rank = v, r
		}
	}
	return best
}

const lws = " \t\r\n"

func isLWS(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// nextParam cuts the first parameter off. Semicolons in <> and quotes do not separate.
func nextParam(b []byte) (name, value, rest []byte) {
	end := len(b)
	for i := 0; i < end; i++ {
		var closing byte
		switch b[i] {
		case ';':
			end = i
			continue
		case '<':
			closing = '>'
		case '"':
			closing = '"'
		default:
			continue
		}
		n := bytes.IndexByte(b[i+1:], closing)
		if n < 0 {
			break
		}
		i += n + 1
	}
	name, value, _ = bytes.Cut(b[:end], []byte{'='})
	return bytes.Trim(name, lws), bytes.Trim(value, lws), b[min(end+1, len(b)):]
}

// within returns what stands between the two marks, any other b unchanged.
func within(b []byte, first, last byte) []byte {
	if n := len(b); n >= 2 && b[0] == first && b[n-1] == last {
		return bytes.Trim(b[1:n-1], lws)
	}
	return b
}
