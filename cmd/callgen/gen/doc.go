// Package gen makes capture files of synthetic SIP calls together with the truth about each of them. Same
// configuration, same octets: the randomness of a call comes from the seed and the call's index alone.
//
// In: a Config. Out: a pcap file (Ethernet, microseconds), a CSV file with one row a call, and Totals. Called by
// cmd/callgen, and by tests and benchmarks that hold the decoder to the truth. It shares no code with the decoder: a
// misreading of a standard cannot cancel itself out. Memory is that of the calls that overlap in time.
//
// Everything is on documentation addresses (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32) and on
// numbers set aside for fiction. Every call goes from endpoint to endpoint: over UDP, or, for a share of them, over the TCP
// connections of sixteen trunks, each with the messages of up to forty calls, several in a segment and one in several, out of
// order and sent again. For a share of the calls over UDP the INVITE and its answer are so long that they come in fragments; a
// share of all calls, media too, is in tunnels.
//
// # The truth
//
// Columns, in this order. An empty value means that there is none. Times are microseconds since 1970.
//
//	call_id, from_tag    of the first INVITE
//	to_tag               of the provisional and final responses; not that of a challenge
//	caller, callee       user parts of From and To, as sent
//	caller_display       display name of From, unquoted and unescaped
//	request_uri          of the first INVITE
//	src_ip, src_port     of the first INVITE's packet
//	dst_ip, dst_port
//	vlan                 802.1Q id of all of the call's packets
//	started_at_us        first INVITE, before any challenge
//	ringing_at_us        first 180 to 183 that has a To tag
//	answered_at_us       first 2xx to the INVITE
//	ended_at_us          first BYE; of a call not answered its final response; empty when no_final
//	status               final response to the INVITE, never a challenge
//	disposition          answered, busy, no_answer, cancelled, rejected, redirected, failed
//	ended_by             who sent the BYE; caller for CANCEL; callee for a final response of 300 and above;
//	                     timeout when no_final
//	attempts             status of the challenge (401, 407) that was answered with credentials
//	invites              INVITE requests, retransmissions included
//	no_final             true or false; true: no final response was sent, the call ends by time-out
//
// When the configuration asks for TCP, fragments or tunnels, two more columns follow:
//
//	transport            udp or tcp
//	tunnel               of the first INVITE's packet: type/id/source/destination, with id empty when it has none
//
// Over TCP the times are those of the segments that completed the messages.
//
// Then the same columns for each direction, prefixed from_caller_ and from_callee_, empty without counted packets:
//
//	ssrc, codec, pt      as signalled: encoding name and payload type
//	packets              RTP packets before ended_at + 2 s, each sequence number once
//	octets               their payload: no header, extension or padding
//	lost                 highest extended sequence number - first + 1 - packets
//	duplicates           further copies of counted packets, before ended_at + 2 s
//	first_us, last_us    times of the first and the last counted packet
package gen
