package main

import "bytes"

// viaSCTP names SCTP in every Via of a message (RFC 4168 section 4). Nothing else in it tells the transport.
func viaSCTP(message []byte) []byte {
	head, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	head = bytes.ReplaceAll(head, []byte("\r\nVia: SIP/2.0/UDP "), []byte("\r\nVia: SIP/2.0/SCTP "))
	return append(append(head, "\r\n\r\n"...), body...)
}

// find returns the first packet of the call whose message begins with a method.
func find(call []packet, method string) *packet {
	for i := range call {
		if p := &call[i]; p.sip() && bytes.HasPrefix(p.message(), []byte(method+" ")) {
			return p
		}
	}
	return nil
}
