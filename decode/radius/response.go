package radius

import "layeh.com/radius"

// Response makes the Accounting-Response to a request (RFC 2866 section 4.2): its Identifier, and the Response Authenticator made
// with the secret. Proxy-State comes back in order and unchanged, as RFC 2865 section 5.33 wants of whoever answers.
func Response(request, secret []byte) ([]byte, error) {
	p, err := authentic(request, secret)
	if err != nil {
		return nil, err
	}
	r := p.Response(radius.CodeAccountingResponse)
	const proxyState radius.Type = 33
	for _, avp := range p.Attributes {
		if avp.Type == proxyState {
			r.Add(proxyState, avp.Attribute)
		}
	}
	return r.Encode()
}
