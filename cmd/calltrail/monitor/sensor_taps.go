package monitor

import (
	"calltrail/cdr/pipeline"
	"calltrail/decode"
	"calltrail/decode/sip"
)

// sensorSet is everything that a sensor gives out.
var sensorSet set

// A tap: what came from it, and what did not.
var (
	tapUp         = sensorSet.gauge("tap_up", "Whether packets can come from the tap: 1, or 0 while its interface is down or has no socket.", "tap")
	tapDown       = sensorSet.counter("tap_down_seconds_total", "Time in which the interface was down or had no socket, seconds.", "tap")
	tapReopened   = sensorSet.counter("tap_reopened_total", "Times that the socket was made again.", "tap")
	tapPackets    = sensorSet.counter("tap_packets_total", "Packets taken from the tap.", "tap")
	tapOctets     = sensorSet.counter("tap_bytes_total", "Octets of the packets taken from the tap, as they were on the wire.", "tap")
	tapPassed     = sensorSet.counter("tap_kernel_packets_total", "Packets that the kernel's filter let through, those dropped for lack of room among them.", "tap")
	tapDrops      = sensorSet.counter("tap_kernel_dropped_packets_total", "Packets that the kernel had no room for in the ring (tp_drops).", "tap")
	tapFreezes    = sensorSet.counter("tap_ring_freezes_total", "Times that the ring was full (tp_freeze_q_cnt); 0 where the engine does not say.", "tap")
	tapDuplicates = sensorSet.counter("tap_duplicate_packets_total", "Copies by a mirror port; they count once everywhere else.", "tap")
	tapLate       = sensorSet.counter("tap_late_packets_total", "Packets older than the clock of their worker when they came.", "tap")
	tapFlows      = sensorSet.counter("tap_flows_total", "Pairs of hosts that began to exchange signalling or media.", "tap")
	tapOneWay     = sensorSet.counter("tap_one_way_flows_total", "Pairs of hosts of which one direction only was seen.", "tap")
	tapOneSided   = sensorSet.counter("tap_one_sided_calls_total", "Calls of which the signalling of one side only was seen.", "tap")
	tapUnseenTCP  = sensorSet.counter("tap_unseen_tcp_bytes_total", "Estimate: octets of TCP on SIP ports that were acknowledged and not seen.", "tap")
	tapUnseenRTP  = sensorSet.counter("tap_unseen_rtp_packets_total", "Estimate: RTP packets lost on the way to the tap, by gaps in many streams at a time.", "tap")
	tapOutcomes   = sensorSet.counter("decode_packets_total", "What became of each packet: class is decoded, ignored or dropped, reason says why. The sum is calltrail_tap_packets_total.", "tap", "class", "reason")
	tapSIPErrors  = sensorSet.counter("decode_sip_errors_total", "SIP messages that the parser refused, by what was missing or malformed.", "tap", "kind")
)

// The tables of RTP streams of a tap's workers.
var (
	streamsOpen    = sensorSet.gauge("streams", "RTP streams in memory.", "tap")
	streamsOpened  = sensorSet.counter("streams_opened_total", "RTP streams begun.", "tap")
	streamsSingle  = sensorSet.counter("streams_single_packet_total", "RTP streams that ended after one packet.", "tap")
	streamsRefused = sensorSet.counter("streams_refused_packets_total", "Packets of new RTP streams that found the table full (limits.streams).", "tap")
	streamsPushed  = sensorSet.counter("streams_evicted_total", "RTP streams of one packet pushed out of the full table (limits.streams).", "tap")
)

// The card and the host, outside of any socket.
var (
	nicRead     = sensorSet.gauge("nic_readable", "Whether the counts of the tap's card can be read: 1, or 0.", "tap")
	nicMissed   = sensorSet.counter("nic_missed_packets_total", "Packets that the card had no room for (rx_missed_errors), since the host began.", "tap")
	nicDropped  = sensorSet.counter("nic_dropped_packets_total", "Packets that the interface dropped (rx_dropped), since the host began.", "tap")
	nicErrors   = sensorSet.counter("nic_errors_total", "Packets received with errors (rx_errors), since the host began.", "tap")
	softDropped = sensorSet.counter("softnet_dropped_packets_total", "Packets that the host dropped before any socket, all CPUs and interfaces (softnet_stat), since the host began.")
	softSqueeze = sensorSet.counter("softnet_squeezed_total", "Times that the host ran out of its budget for received packets, all CPUs (softnet_stat), since the host began.")
)

func collectTap(o out, t *pipeline.TapStats) {
	o.truth(tapUp, t.Capture.Up, t.Name)
	o.put(tapDown, t.Capture.Down.Seconds(), t.Name)
	for _, x := range []struct {
		f family
		n uint64
	}{
		{tapReopened, t.Capture.Reopened},
		{tapPackets, t.Packets},
		{tapOctets, t.Octets},
		{tapPassed, t.Capture.Packets},
		{tapDrops, t.Capture.Drops},
		{tapFreezes, t.Capture.Freezes},
		{tapDuplicates, t.Duplicates},
		{tapLate, t.Late},
		{tapFlows, t.Flows},
		{tapOneWay, t.OneWayFlows},
		{tapOneSided, t.OneSidedCalls},
		{tapUnseenTCP, t.UnseenTCPOctets},
		{tapUnseenRTP, t.UnseenRTPPackets},
		{streamsOpened, t.Tables.Opened},
		{streamsSingle, t.Tables.Single},
		{streamsRefused, t.Tables.Refused},
		{streamsPushed, t.Tables.Pushed},
	} {
		o.count(x.f, x.n, t.Name)
	}
	o.put(streamsOpen, float64(t.Streams), t.Name)
	for r, n := range t.Counts {
		reason := decode.Reason(r)
		o.count(tapOutcomes, n, t.Name, reason.Class().String(), reason.String())
	}
	for e, n := range t.SIPErrors {
		kind := sip.ParseError(e).Reason()
		if kind != unknown {
			o.count(tapSIPErrors, n, t.Name, kind)
		}
	}
}

// unknown is the name of a parse error that there is not.
const unknown = "unknown"

// collectCard gives out the counts of a tap's card; those of the host come once, with the first tap.
func (s *sensor) collectCard(o out, tap string, host bool) {
	if s.NIC == nil {
		return
	}
	card, err := s.NIC(tap)
	o.truth(nicRead, err == nil, tap)
	if err != nil {
		return
	}
	o.count(nicMissed, card.Missed, tap)
	o.count(nicDropped, card.Dropped, tap)
	o.count(nicErrors, card.Errors, tap)
	if host {
		o.count(softDropped, card.SoftnetDropped)
		o.count(softSqueeze, card.SoftnetSqueezed)
	}
}

// dropped is the packets that could not be read.
func dropped(c *decode.Counts) uint64 { return c.Sum(decode.Dropped) }
