package gen

import (
	"fmt"
	"strconv"
)

// message is one SIP message at the tap.
type message struct {
	at   int64
	by   side
	text []byte
}

// transaction is a request and what its responses copy from it (RFC 3261 section 17).
type transaction struct {
	method string
	by     side
	uri    string
	cseq   int
	branch string
}

// compact are the short header names (RFC 3261 section 7.3.3); some calls use them.
var compact = map[string]string{
	"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Type": "c", "Content-Length": "l",
	"Supported": "k",
}

func (c *call) header(b []byte, name, value string) []byte {
	if short, ok := compact[name]; ok && c.compact {
		name = short
	}
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, '\r', '\n')
}

func (c *call) party(s side) *party {
	if s == caller {
		return &c.caller
	}
	return &c.callee
}

// newTransaction draws a branch.
func (c *call) newTransaction(method string, by side, uri string, cseq int) transaction {
	return transaction{method, by, uri, cseq, fmt.Sprintf("z9hG4bK%012x", c.r.Uint64()>>16)}
}

// request is the text of a request. toTag is the To tag, empty for none; extra are header names and values in turn;
// body is SDP.
func (c *call) request(tx transaction, toTag string, extra []string, body []byte) []byte {
	from := c.party(tx.by)
	b := []byte(tx.method + " " + tx.uri + " SIP/2.0\r\n")
	b = c.header(b, "Via", c.via()+from.sip.String()+";rport;branch="+tx.branch)
	b = c.header(b, "Max-Forwards", "70")
	b = c.dialog(b, tx, toTag)
	if tx.method == "INVITE" {
		b = c.header(b, "Contact", "<"+from.contact+">")
		b = c.header(b, "Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS")
		b = c.header(b, "Supported", "replaces")
	}
	b = c.header(b, "User-Agent", from.agent)
	return c.end(b, extra, body)
}

// response is the text of a response to tx; tag is the To tag, empty for none.
func (c *call) response(tx transaction, status int, reason, tag string, extra []string, body []byte) []byte {
	to, from := c.party(tx.by.other()), c.party(tx.by)
	b := []byte("SIP/2.0 " + strconv.Itoa(status) + " " + reason + "\r\n")
	b = c.header(b, "Via", c.via()+from.sip.String()+";rport="+strconv.Itoa(int(c.portOf(tx.by)))+
		";received="+from.sip.Addr().String()+";branch="+tx.branch)
	b = c.dialog(b, tx, tag)
	if tx.method == "INVITE" && status > 100 && status < 300 {
		b = c.header(b, "Contact", "<"+to.contact+">")
	}
	b = c.header(b, "Server", to.agent)
	return c.end(b, extra, body)
}

// dialog appends From, To, Call-ID and CSeq. From is the side that sent the request.
func (c *call) dialog(b []byte, tx transaction, toTag string) []byte {
	from, to := c.party(tx.by), c.party(tx.by.other())
	b = c.header(b, "From", from.address()+";tag="+from.tag)
	value := to.address()
	if toTag != "" {
		value += ";tag=" + toTag
	}
	b = c.header(b, "To", value)
	b = c.header(b, "Call-ID", c.truth.callID)
	return c.header(b, "CSeq", strconv.Itoa(tx.cseq)+" "+tx.method)
}

func (c *call) end(b []byte, extra []string, body []byte) []byte {
	for i := 0; i < len(extra); i += 2 {
		b = c.header(b, extra[i], extra[i+1])
	}
	if len(body) > 0 {
		b = c.header(b, "Content-Type", "application/sdp")
	}
	b = c.header(b, "Content-Length", strconv.Itoa(len(body)))
	b = append(b, '\r', '\n')
	return append(b, body...)
}
