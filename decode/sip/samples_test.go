package sip

import "strings"

// crlf makes a message of a text with Go's line ends.
func crlf(text string) []byte { return []byte(strings.ReplaceAll(text, "\n", "\r\n")) }

// RFC 3261 section 24.2, F1: INVITE Alice -> atlanta.com proxy, with the session description of section 24's F1.
var invite = crlf(`INVITE sip:bob@biloxi.example.com SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds8
Max-Forwards: 70
To: Bob <sip:bob@biloxi.example.com>
From: Alice <sip:alice@atlanta.example.com>;tag=1928301774
Call-ID: a84b4c76e66710
CSeq: 314159 INVITE
Contact: <sip:alice@pc33.atlanta.example.com>
Content-Type: application/sdp
Content-Length: 149

v=0
o=alice 2890844526 2890844526 IN IP4 pc33.atlanta.example.com
s=-
c=IN IP4 192.0.2.101
t=0 0
m=audio 49172 RTP/AVP 0
a=rtpmap:0 PCMU/8000
`)

// RFC 3261 section 24.2, F9: 200 OK Bob's proxy -> Alice's proxy.
var ok200 = crlf(`SIP/2.0 200 OK
Via: SIP/2.0/UDP bigbox3.site3.atlanta.example.com;branch=z9hG4bK77ef4c2312983.1
 ;received=192.0.2.2
Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds8
 ;received=192.0.2.1
To: Bob <sip:bob@biloxi.example.com>;tag=a6c85cf
From: Alice <sip:alice@atlanta.example.com>;tag=1928301774
Call-ID: a84b4c76e66710
CSeq: 314159 INVITE
Contact: <sip:bob@192.0.2.4>
Content-Type: application/sdp
Content-Length: 0

`)

// RFC 3261 section 24.2, F12: ACK Alice -> Bob.
var ack = crlf(`ACK sip:bob@192.0.2.4 SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds9
Max-Forwards: 70
To: Bob <sip:bob@biloxi.example.com>;tag=a6c85cf
From: Alice <sip:alice@atlanta.example.com>;tag=1928301774
Call-ID: a84b4c76e66710
CSeq: 314159 ACK
Content-Length: 0

`)

// An INVITE as a trunk of today sends it.
var trunkInvite = crlf(`INVITE sip:+912255500199@198.51.100.20:5060;user=phone SIP/2.0
Via: SIP/2.0/UDP 203.0.113.10:5060;rport;branch=z9hG4bK-524287-1---2f6c5a7d
Max-Forwards: 69
Contact: <sip:+911155500100@203.0.113.10:5060;transport=udp>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"
To: <sip:+912255500199@198.51.100.20;user=phone>
From: "Front Desk" <sip:+911155500100@203.0.113.10;user=phone>;tag=5ca1ab1e
Call-ID: 3c26700857a87f84@203.0.113.10
CSeq: 2 INVITE
Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000
P-Asserted-Identity: "Front, Desk" <sip:+911155500100@example.net>, <tel:+911155500100>
P-Charging-Vector: icid-value="AyretyU0dm+6O2IrT5tAFrbHLso=";orig-ioi=home1.example.net
Allow: INVITE, ACK, CANCEL, BYE, UPDATE, PRACK
Supported: timer, 100rel
Session-Expires: 1800;refresher=uac
User-Agent: ExampleSBC/7.2
Subject: MARK-SUBJECT
Content-Type: application/sdp
Content-Length: 141

v=0
o=- 1 1 IN IP4 203.0.113.10
s=MARK-BODY
c=IN IP4 203.0.113.11
t=0 0
m=audio 20000 RTP/AVP 8 101
a=rtpmap:101 telephone-event/8000
`)

// required are the header fields that a table row does not care about.
const required = `Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw
To: <sip:user@example.com>
From: <sip:caller@example.net>;tag=8814
Call-ID: row@example.net
CSeq: 8 INVITE
`
