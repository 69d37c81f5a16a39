package monitor

import "calltrail/cdr/pipeline"

// What was put together out of packets: fragments, streams, associations, TLS connections.
var (
	sipMessages = sensorSet.counter("sip_messages_total", "SIP messages read, whatever carried them.", "tap")

	datagramsWaiting = sensorSet.gauge("fragments_waiting_datagrams", "IP datagrams in memory of which fragments are missing.", "tap")
	datagramsWhole   = sensorSet.counter("fragments_joined_datagrams_total", "IP datagrams put together from fragments.", "tap")
	datagramsExpired = sensorSet.counter("fragments_expired_datagrams_total", "IP datagrams given up because fragments did not come in time.", "tap")
	datagramsEvicted = sensorSet.counter("fragments_evicted_datagrams_total", "IP datagrams pushed out for want of room (limits.fragments).", "tap")
	fragmentOverlaps = sensorSet.counter("fragments_overlapping_datagrams_total", "IP datagrams of which fragments contradicted each other.", "tap")

	tcpFollowed  = sensorSet.gauge("tcp_streams", "Directions of TCP connections with SIP, or on its ports, in memory.", "tap")
	tcpOpened    = sensorSet.counter("tcp_connections_total", "TCP connections in which SIP was found.", "tap")
	tcpEvicted   = sensorSet.counter("tcp_evicted_connections_total", "Of those, pushed out for want of room (limits.tcp_streams).", "tap")
	tcpGaps      = sensorSet.counter("tcp_gaps_total", "Gaps in their streams that nothing filled.", "tap")
	tcpUnseen    = sensorSet.counter("tcp_gap_bytes_total", "Octets in those gaps.", "tap")
	tcpSkipped   = sensorSet.counter("tcp_skipped_bytes_total", "Octets of their streams passed over up to the next message.", "tap")
	tcpOverlaps  = sensorSet.counter("tcp_overlapping_segments_total", "Segments that repeated octets with others.", "tap")
	tcpPushedOut = sensorSet.counter("tcp_pushed_out_total", "Times that a stream lost what waited to be put together, for want of room.", "tap")
	webSockets   = sensorSet.counter("websocket_streams_total", "WebSocket directions found.", "tap")
	wsUnread     = sensorSet.counter("websocket_unread_messages_total", "Compressed WebSocket messages that could not be read.", "tap")

	sctpKnown   = sensorSet.gauge("sctp_associations", "Directions of SCTP associations in memory.", "tap")
	sctpEvicted = sensorSet.counter("sctp_evicted_total", "SCTP chunks pushed out for want of room, and associations.", "tap")

	tlsKnown   = sensorSet.gauge("tls_connections", "TLS connections with signalling in memory.", "tap")
	tlsOpened  = sensorSet.counter("tls_connections_total", "TLS connections with signalling followed.", "tap")
	tlsEvicted = sensorSet.counter("tls_evicted_connections_total", "Of those, pushed out of the full table (limits.tls_connections).", "tap")
	tlsUnread  = sensorSet.counter("tls_unread_hellos_total", "Of those, without the name of the server: the hello came in pieces that did not become whole, or found no room.", "tap")

	flowsKnown   = sensorSet.gauge("flows", "Conversations with STUN, DTLS or the mark of an application in memory.", "tap")
	flowsOpened  = sensorSet.counter("flows_total", "Conversations with STUN, DTLS or the mark of an application followed.", "tap")
	flowsEvicted = sensorSet.counter("flows_evicted_total", "Of those, pushed out of the full table (limits.flows).", "tap")
)

// Capture agents; a sensor that listens to none has none of these.
var (
	hepRefused     = sensorSet.counter("hep_refused_total", "Messages and connections of capture agents from outside of capture.hep_allow, and connections for which there was no room.")
	hepBroken      = sensorSet.counter("hep_broken_connections_total", "Connections of capture agents closed because something else than HEP came, or a message did not go on.")
	hepRetimed     = sensorSet.counter("hep_retimed_messages_total", "Messages that have the time of their arrival because their agent's clock is wrong.")
	hepConnections = sensorSet.gauge("hep_connections", "TCP connections of capture agents open now.")
)

func collectAgents(o out, a Agents) {
	o.count(hepRefused, a.Refused)
	o.count(hepBroken, a.Broken)
	o.count(hepRetimed, a.Retimed)
	o.put(hepConnections, float64(a.Connections))
}

func collectCarriage(o out, t *pipeline.TapStats) {
	c := &t.Carriage
	for _, x := range []struct {
		f family
		n uint64
	}{
		{sipMessages, c.Messages},
		{datagramsWhole, c.Fragments.Datagrams},
		{datagramsExpired, c.Fragments.Expired},
		{datagramsEvicted, c.Fragments.Evicted},
		{fragmentOverlaps, c.Fragments.Overlaps},
		{tcpOpened, c.Streams.Opened},
		{tcpEvicted, c.Streams.Evicted},
		{tcpGaps, c.Streams.Gaps},
		{tcpUnseen, c.Streams.Unseen},
		{tcpSkipped, c.Streams.Skipped},
		{tcpOverlaps, c.Streams.Overlaps},
		{tcpPushedOut, c.Streams.PushedOut},
		{webSockets, c.Streams.WebSockets},
		{wsUnread, c.Streams.Compressed},
		{sctpEvicted, c.SCTP.Evicted + c.SCTP.Forgotten},
		{tlsOpened, c.TLS.Opened},
		{tlsEvicted, c.TLS.Evicted},
		{tlsUnread, c.TLS.Unread},
		{flowsOpened, c.Flows.Opened},
		{flowsEvicted, c.Flows.Evicted},
	} {
		o.count(x.f, x.n, t.Name)
	}
	for _, x := range []struct {
		f family
		n int
	}{
		{datagramsWaiting, c.Waiting},
		{tcpFollowed, c.Followed},
		{sctpKnown, c.Associations},
		{tlsKnown, c.Connections},
		{flowsKnown, c.Conversations},
	} {
		o.put(x.f, float64(x.n), t.Name)
	}
}
