package record

import (
	"crypto/sha1" //nolint:gosec // UUIDv5 is SHA-1
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/google/uuid"
)

// namespace is the UUIDv5 name space of call_uid, fixed for ever.
var namespace = uuid.MustParse("6f1c2b0e-7c55-5d9b-9d59-0a6d3c1f7a11")

// CallUID is the identity of a call leg: the UUIDv5 (RFC 9562 section 5.5) of
//
//	sensor NUL call-id NUL from-tag NUL started_at-in-decimal-microseconds [NUL to-tag]
//
// The To tag is given only for a further branch that answered; the first one goes without.
func CallUID(sensor, callID, fromTag string, started Time, toTag string) uuid.UUID {
	b := make([]byte, 0, 256)
	b = append(b, namespace[:]...)
	b = append(b, sensor...)
	b = append(b, 0)
	b = append(b, callID...)
	b = append(b, 0)
	b = append(b, fromTag...)
	b = append(b, 0)
	b = strconv.AppendInt(b, int64(started), 10)
	if toTag != "" {
		b = append(b, 0)
		b = append(b, toTag...)
	}
	return nameBased(b)
}

// FlowUID is the identity of what is known by its addresses alone, a record of kind tls, app or media: the UUIDv5 of
//
//	"flow" NUL kind NUL sensor NUL src NUL dst NUL started_at-in-decimal-microseconds
//
// src and dst are written 192.0.2.1:5061 and [2001:db8::1]:5061 (RFC 5952). Of a TLS connection they are client and server; of a
// call in an application the ends of the flow it began with, the client's first; of media alone its two ends, that which sent
// first before the other. started is the record's. No call that was signalled has this identity: its sensor's name would have to
// hold the NUL.
func FlowUID(kind Kind, sensor string, src, dst Addr, started Time) uuid.UUID {
	b := make([]byte, 0, 256)
	b = append(b, namespace[:]...)
	b = append(b, "flow\x00"...)
	b = append(b, kind...)
	b = append(b, 0)
	b = append(b, sensor...)
	b = append(b, 0)
	b = appendAddress(b, src)
	b = append(b, 0)
	b = appendAddress(b, dst)
	b = append(b, 0)
	b = strconv.AppendInt(b, int64(started), 10)
	return nameBased(b)
}

// appendAddress writes an IPv4 address that came IPv4-mapped as the IPv4 address it is.
func appendAddress(b []byte, a Addr) []byte {
	return netip.AddrPortFrom(a.IP.Unmap().WithZone(""), a.Port).AppendTo(b)
}

// GroupUID is the identity of the group of all legs that share key, found by method.
func GroupUID(method, key string) uuid.UUID {
	b := make([]byte, 0, 256)
	b = append(b, namespace[:]...)
	b = append(b, "group\x00"...)
	b = append(b, method...)
	b = append(b, 0)
	b = append(b, key...)
	return nameBased(b)
}

// nameBased is the UUIDv5 of a name space and a name, as one run of octets. SHA-1 is what RFC 9562 asks for; nothing is
// secured by it.
func nameBased(spaceAndName []byte) (u uuid.UUID) {
	sum := sha1.Sum(spaceAndName) //nolint:gosec // UUIDv5 is SHA-1
	copy(u[:], sum[:])
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return u
}

// recordID is a UUIDv8 (RFC 9562 section 5.8): 48 bits of the milliseconds of at, 0 before 1970, so that ids sort by
// time, then 74 bits of the SHA-256 of the observed bytes.
func recordID(at Time, observed []byte) uuid.UUID {
	sum := sha256.Sum256(observed)
	var u uuid.UUID
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(int64(at.clamp())/1000, 0)))
	copy(u[:6], ms[2:])
	copy(u[6:], sum[:10])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}
