package radius

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"
	"layeh.com/radius/rfc4818"
	"layeh.com/radius/rfc6911"
)

// Bounds of a request.
const (
	headerLen = 20 // Code, Identifier, Length, Authenticator (RFC 2866 section 3)
	// maxAttributes is far more than any request has: 4096 octets could hold 2038 empty ones.
	maxAttributes = 256
	// maxAddresses bounds the addresses of one session.
	maxAddresses = 16
)

// What can be wrong with a request. None of them is answered: RFC 2866 section 2 has what cannot be recorded be sent again.
var (
	ErrLength        = errors.New("radius: the length is wrong")
	ErrCode          = errors.New("radius: it is no Accounting-Request")
	ErrAuthenticator = errors.New("radius: the Request Authenticator was not made with this secret")
	ErrAttribute     = errors.New("radius: an attribute has no legal form, or there are too many")
	ErrStatus        = errors.New("radius: Acct-Status-Type is missing or unknown")
	ErrSession       = errors.New("radius: Acct-Session-Id is missing")
)

// Status is Acct-Status-Type (RFC 2866 section 5.1).
type Status uint32

// The values that tell of sessions, and of the access server.
const (
	Start   Status = 1
	Stop    Status = 2
	Interim Status = 3
	On      Status = 7 // the access server begins to account: no session of before goes on
	Off     Status = 8
)

// Accounting is what an accounting request says. Text has no control characters and is UTF-8; what was not is escaped (\xff).
type Accounting struct {
	Status Status
	// SessionID is Acct-Session-Id (RFC 2866 section 5.5); empty in On and Off.
	SessionID string
	// UserName is User-Name, CallingStationID Calling-Station-Id (RFC 2865 sections 5.1 and 5.31), NASPortID NAS-Port-Id (RFC
	// 2869 section 5.17). Empty: not said.
	UserName, CallingStationID, NASPortID string
	// NASAddress is NAS-IP-Address, or NAS-IPv6-Address (RFC 3162 section 2.1); invalid: not said. NASIdentifier is NAS-Identifier
	// (RFC 2865 section 5.32).
	NASAddress    netip.Addr
	NASIdentifier string
	// Time is Event-Timestamp (RFC 2869 section 5.3), in whole seconds, UTC; zero: not said.
	Time time.Time
	// Delay is Acct-Delay-Time (RFC 2866 section 5.2): for how long it had been tried to send this.
	Delay time.Duration
	// Elapsed is Acct-Session-Time (RFC 2866 section 5.7); negative: not said.
	Elapsed time.Duration
	// Addresses are Framed-IP-Address, Framed-IPv6-Address, Framed-IPv6-Prefix and Delegated-IPv6-Prefix, in the order of the request,
	// at most 16; a single address is a prefix of its whole length.
	Addresses []netip.Prefix
}

// Len is the length of the request at the beginning of b, of octets of b; what is behind it is padding (RFC 2865 section 3).
func Len(b []byte) (int, error) {
	if len(b) < headerLen {
		return 0, ErrLength
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < headerLen || n > radius.MaxPacketLength || n > len(b) {
		return 0, ErrLength
	}
	return n, nil
}

// Parse reads a request, once it is known to come from somebody who knows secret. It keeps nothing of b.
func Parse(b, secret []byte) (*Accounting, error) {
	p, err := authentic(b, secret)
	if err != nil {
		return nil, err
	}
	a := &Accounting{Elapsed: -1}
	status, err := rfc2866.AcctStatusType_Lookup(p)
	if err != nil {
		return nil, ErrStatus
	}
	switch a.Status = Status(status); a.Status {
	case Start, Stop, Interim, On, Off:
	default:
		return nil, ErrStatus
	}
	a.SessionID = text(rfc2866.AcctSessionID_Get(p))
	if a.SessionID == "" && a.Status != On && a.Status != Off {
		return nil, ErrSession
	}
	a.UserName = text(rfc2865.UserName_Get(p))
	a.CallingStationID = text(rfc2865.CallingStationID_Get(p))
	a.NASPortID = text(rfc2869.NASPortID_Get(p))
	a.NASIdentifier = text(rfc2865.NASIdentifier_Get(p))
	if a.NASAddress = address(p.Get(rfc2865.NASIPAddress_Type), 4); !a.NASAddress.IsValid() {
		a.NASAddress = address(p.Get(rfc3162.NASIPv6Address_Type), 16)
	}
	if n, err := rfc2866.AcctSessionTime_Lookup(p); err == nil {
		a.Elapsed = time.Duration(n) * time.Second
	}
	a.Delay = time.Duration(rfc2866.AcctDelayTime_Get(p)) * time.Second
	if t, err := rfc2869.EventTimestamp_Lookup(p); err == nil {
		a.Time = t.UTC()
	}
	return a, a.addresses(p)
}

// authentic takes a request apart after its Request Authenticator, MD5(Code ‖ Identifier ‖ Length ‖ 16 zero octets ‖ attributes ‖
// secret) (RFC 2866 section 3), has been compared.
func authentic(b, secret []byte) (*radius.Packet, error) {
	n, err := Len(b)
	if err != nil {
		return nil, err
	}
	if radius.Code(b[0]) != radius.CodeAccountingRequest {
		return nil, ErrCode
	}
	if !radius.IsAuthenticRequest(b[:n], secret) {
		return nil, ErrAuthenticator
	}
	count := 0
	for rest := b[headerLen:n]; len(rest) > 0; rest = rest[rest[1]:] {
		if count++; count > maxAttributes || len(rest) < 2 || rest[1] < 2 || int(rest[1]) > len(rest) {
			return nil, ErrAttribute
		}
	}
	p, err := radius.Parse(b[:n], secret)
	if err != nil {
		return nil, ErrAttribute
	}
	return p, nil
}

// addresses gathers what the session was given. An access server that lets somebody else choose says 255.255.255.254 or
// 255.255.255.255 (RFC 2865 section 5.8): that is no address.
func (a *Accounting) addresses(p *radius.Packet) error {
	for _, avp := range p.Attributes {
		var prefix netip.Prefix
		switch avp.Type {
		case rfc2865.FramedIPAddress_Type:
			ip := address(avp.Attribute, 4)
			if !ip.IsValid() {
				return ErrAttribute
			}
			if ip.As4() == [4]byte{255, 255, 255, 255} || ip.As4() == [4]byte{255, 255, 255, 254} || ip.IsUnspecified() {
				continue
			}
			prefix = netip.PrefixFrom(ip, 32)
		case rfc6911.FramedIPv6Address_Type:
			ip := address(avp.Attribute, 16)
			if !ip.IsValid() {
				return ErrAttribute
			}
			prefix = netip.PrefixFrom(ip, 128)
		case rfc3162.FramedIPv6Prefix_Type, rfc4818.DelegatedIPv6Prefix_Type:
			if prefix = prefix6(avp.Attribute); !prefix.IsValid() {
				return ErrAttribute
			}
		default:
			continue
		}
		if len(a.Addresses) == maxAddresses {
			return ErrAttribute
		}
		a.Addresses = append(a.Addresses, prefix)
	}
	return nil
}
