package reassembly

import "bytes"

// maxHandshake is the longest head of an HTTP request or response that is looked at, in octets.
const maxHandshake = 16 << 10

// handshake is what the head of an HTTP message says about WebSocket (RFC 6455 section 4, RFC 7118 section 4).
type handshake struct {
	response  bool
	switching bool // a response: 101
	upgrade   bool // Upgrade: websocket
	protocol  bool // there is a Sec-WebSocket-Protocol
	sip       bool // it names sip
	deflate   bool // Sec-WebSocket-Extensions has permessage-deflate
	// alone: each message of the client, of the server, is compressed without regard to the ones before it (RFC 7692
	// section 7.1.1).
	clientAlone, serverAlone bool
}

// isHTTP says whether b begins like an opening handshake could: a GET request, or a response.
func isHTTP(b []byte) bool { return bytes.HasPrefix(b, []byte("GET ")) || isHTTPResponse(b) }

func isHTTPResponse(b []byte) bool { return bytes.HasPrefix(b, []byte("HTTP/1.")) }

// parseHandshake reads head, the lines of an HTTP message up to the empty one.
//
//	GET / HTTP/1.1                              HTTP/1.1 101 Switching Protocols
//	Upgrade: websocket                          Upgrade: websocket
//	Connection: Upgrade                         Connection: Upgrade
//	Sec-WebSocket-Key: …                        Sec-WebSocket-Accept: …
//	Sec-WebSocket-Protocol: sip                 Sec-WebSocket-Protocol: sip      (RFC 7118 section 4.2)
func parseHandshake(head []byte) (h handshake) {
	line, rest := nextField(head)
	if h.response = isHTTPResponse(head); h.response {
		h.switching = len(line) >= 12 && bytes.Equal(line[8:12], []byte(" 101"))
	}
	for line, rest = nextField(rest); line != nil; line, rest = nextField(rest) {
		h.field(line)
	}
	return h
}

// field reads one header field.
func (h *handshake) field(line []byte) {
	if c := line[0] | 0x20; c != 's' && c != 'u' {
		return
	}
	name, value, _ := bytes.Cut(line, []byte{':'})
	switch {
	case bytes.EqualFold(name, []byte("Upgrade")):
		h.upgrade = h.upgrade || listed(value, "websocket")
	case bytes.EqualFold(name, []byte("Sec-WebSocket-Protocol")):
		h.protocol = true
		h.sip = h.sip || listed(value, "sip")
	case bytes.EqualFold(name, []byte("Sec-WebSocket-Extensions")):
		h.extensions(value)
	}
}

// listed says whether a list with commas has an element.
func listed(list []byte, element string) bool {
	for item := range bytes.SplitSeq(list, []byte{','}) {
		if bytes.EqualFold(bytes.TrimSpace(item), []byte(element)) {
			return true
		}
	}
	return false
}

// extensions reads the value of Sec-WebSocket-Extensions. Of several offers the first one with permessage-deflate
// counts; a response has one only.
func (h *handshake) extensions(list []byte) {
	for offer := range bytes.SplitSeq(list, []byte{','}) {
		name, params, _ := bytes.Cut(offer, []byte{';'})
		if h.deflate || !bytes.EqualFold(bytes.TrimSpace(name), []byte("permessage-deflate")) {
			continue
		}
		h.deflate = true
		for param := range bytes.SplitSeq(params, []byte{';'}) {
			switch param = bytes.TrimSpace(param); {
			case bytes.EqualFold(param, []byte("client_no_context_takeover")):
				h.clientAlone = true
			case bytes.EqualFold(param, []byte("server_no_context_takeover")):
				h.serverAlone = true
			}
		}
	}
}

// beginsHandshake says whether b begins with a handshake for SIP over WebSocket. One of which the head goes on in the next
// segment is followed up to there when as much of it as there is asks for a WebSocket.
func beginsHandshake(b []byte) bool {
	if !isHTTP(b) || isHTTPResponse(b) && !bytes.HasPrefix(b[7:], []byte("1 101")) {
		return false
	}
	end, _ := headEnd(b, 0)
	if end > 0 {
		return parseHandshake(b[:end]).sip
	}
	last := bytes.LastIndexByte(b, '\n') + 1
	h := parseHandshake(b[:last])
	return h.sip || h.upgrade && !h.protocol
}
