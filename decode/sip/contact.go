package sip

// Contact is one element of Contact (RFC 3261 section 20.10):
//
//	Contact            =  ("Contact" / "m" ) HCOLON ( STAR / (contact-param *(COMMA contact-param)))
//	contact-param      =  (name-addr / addr-spec) *(SEMI contact-params)
//	c-p-expires        =  "expires" EQUAL delta-seconds
//	c-p-instance       =  "+sip.instance" EQUAL DQUOTE "<" instance-val ">" DQUOTE   (RFC 5626 section 10)
type Contact struct {
	NameAddr
	Star       bool   // "*": all bindings, of REGISTER
	Expires    uint32 // seconds; meaningful when HasExpires
	HasExpires bool
	Instance   []byte // urn:uuid:… or another URN, without quotes and <>; nil when there is none
}

// ParseContact reads one element. The error is ErrNameAddr.
func ParseContact(element []byte) (Contact, error) {
	if e := trim(element); len(e) == 1 && e[0] == '*' {
		return Contact{Star: true}, nil
	}
	addr, err := ParseNameAddr(element)
	c := Contact{NameAddr: addr}
	if err != nil {
		return c, err
	}
	if expires, ok := Param(addr.Params, "expires"); ok {
		if n, err := ParseDeltaSeconds(expires); err == nil {
			c.Expires, c.HasExpires = n, true
		}
	}
	instance, _ := Param(addr.Params, "+sip.instance")
	instance = stripQuotes(instance)
	if n := len(instance); n > 2 && instance[0] == '<' && instance[n-1] == '>' {
		instance = instance[1 : n-1]
	}
	c.Instance = instance
	return c, nil
}
