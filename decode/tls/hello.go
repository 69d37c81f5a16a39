package tls

import (
	"encoding/binary"
	"errors"
	"iter"
)

// Errors of ParseClientHello.
var (
	// ErrShort says that more octets are needed.
	ErrShort = errors.New("tls: hello goes on")
	// ErrNoHello says that this is no ClientHello, or a malformed one.
	ErrNoHello = errors.New("tls: no hello")
)

// MaxHello is how many octets of a connection's beginning may have to be kept until its ClientHello is whole, record headers
// and all. Hellos with post-quantum key shares have some 1,800 octets.
const MaxHello = 16 << 10

// ClientHello is what a client says in the clear (RFC 8446 section 4.1.2). Its slices alias the octets that were parsed, or
// the scratch they were put together in.
type ClientHello struct {
	// ServerName is the host name of server_name (RFC 6066 section 3), nil without. It is what the client wrote.
	ServerName []byte
	// Version is the highest version offered: of supported_versions (RFC 8446 section 4.2.1), else legacy_version; 0x0303 is
	// TLS 1.2, 0x0304 TLS 1.3.
	Version uint16

	alpn []byte
}

// Protocols yields the protocols offered by ALPN (RFC 7301), in the order of preference: "sip/2" is SIP.
func (h *ClientHello) Protocols() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := h.alpn; len(rest) > 0; {
			n := int(rest[0])
			if n == 0 || len(rest) < 1+n || !yield(rest[1:1+n:1+n]) {
				return
			}
			rest = rest[1+n:]
		}
	}
}

// Handshake message types and extensions.
const (
	typeClientHello = 1

	extServerName        = 0
	extALPN              = 16
	extSupportedVersions = 43
)

// ParseClientHello reads the ClientHello at the start of b, the payload of a connection from its first octet on. It may be
// spread over several records; then it is put together in scratch, which must have room for len(b) octets beside its length.
// ErrShort says that b ends before it does.
//
//	struct {
//	    ProtocolVersion legacy_version;        2 octets
//	    Random random;                        32
//	    opaque legacy_session_id<0..32>;
//	    CipherSuite cipher_suites<2..2^16-2>;
//	    opaque legacy_compression_methods<1..2^8-1>;
//	    Extension extensions<8..2^16-1>;
//	} ClientHello;
func ParseClientHello(b, scratch []byte, h *ClientHello) error {
	*h = ClientHello{}
	body, err := handshake(b, scratch)
	if err != nil {
		return err
	}
	if len(body) < 2 {
		return ErrNoHello
	}
	h.Version = binary.BigEndian.Uint16(body)
	r := reader{body[2:], true}
	r.skip(32)
	r.vector8()
	r.vector16()
	r.vector8()
	if !r.ok {
		return ErrNoHello
	}
	if len(r.b) == 0 {
		return nil // extensions came with TLS 1.2
	}
	extensions := reader{r.vector16(), r.ok}
	for extensions.ok && len(extensions.b) > 0 {
		kind := extensions.uint16()
		value := reader{extensions.vector16(), extensions.ok}
		switch {
		case !extensions.ok:
		case kind == extServerName && h.ServerName == nil:
			h.ServerName = serverName(value)
		case kind == extALPN && h.alpn == nil:
			h.alpn = value.vector16()
		case kind == extSupportedVersions:
			h.Version = max(h.Version, highest(value.vector8()))
		}
	}
	if !extensions.ok {
		return ErrNoHello
	}
	return nil
}

// handshake returns the body of the ClientHello whose records begin b.
func handshake(b, scratch []byte) ([]byte, error) {
	out, first := scratch[:0], true
	for {
		if len(b) < HeaderLen {
			return nil, ErrShort
		}
		t, ok := LooksLike(b)
		if !ok || t != Handshake {
			return nil, ErrNoHello
		}
		n := int(binary.BigEndian.Uint16(b[3:]))
		part := b[HeaderLen:min(HeaderLen+n, len(b))]
		if first && len(part) > 0 && part[0] != typeClientHello {
			return nil, ErrNoHello
		}
		if first && len(part) >= 4 && len(part) >= 4+uint24(part) {
			return part[4 : 4+uint24(part)], nil // in one record: where it lies
		}
		if len(out)+len(part) > cap(out) {
			return nil, ErrNoHello // longer than the caller has room for
		}
		if out = append(out, part...); len(out) >= 4 && len(out) >= 4+uint24(out) {
			return out[4 : 4+uint24(out)], nil
		}
		if len(b) <= HeaderLen+n {
			return nil, ErrShort
		}
		b, first = b[HeaderLen+n:], false
	}
}

// uint24 is the length of a handshake message by its header.
func uint24(header []byte) int {
	return int(header[1])<<16 | int(header[2])<<8 | int(header[3])
}

// serverName is the first host_name of a ServerNameList.
func serverName(ext reader) []byte {
	list := reader{ext.vector16(), ext.ok}
	for list.ok && len(list.b) > 0 {
		kind := list.uint8()
		if name := list.vector16(); list.ok && kind == 0 && len(name) > 0 {
			return name
		}
	}
	return nil
}

// highest is the highest TLS version of a list; what GREASE puts there is none (RFC 8701).
func highest(list []byte) (v uint16) {
	for ; len(list) >= 2; list = list[2:] {
		if list[0] == 3 && list[1] <= 4 {
			v = max(v, binary.BigEndian.Uint16(list))
		}
	}
	return v
}

// reader takes the presentation language of RFC 8446 section 3 apart. ok is false once something was not there.
type reader struct {
	b  []byte
	ok bool
}

func (r *reader) skip(n int) []byte {
	if !r.ok || len(r.b) < n {
		r.b, r.ok = nil, false
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) uint8() uint8 {
	if v := r.skip(1); r.ok {
		return v[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if v := r.skip(2); r.ok {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (r *reader) vector8() []byte  { return r.skip(int(r.uint8())) }
func (r *reader) vector16() []byte { return r.skip(int(r.uint16())) }
