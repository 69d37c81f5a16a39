package monitor

import (
	"testing"

	"calltrail/cdr/encrypted"
	"calltrail/cdr/flow"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/cmd/calltrail/monitor/status"
	"calltrail/decode"
	"calltrail/decode/reassembly"
)

// counted has another number for each count.
func counted() pipeline.CarriageStats {
	return pipeline.CarriageStats{
		Messages:  1,
		Fragments: reassembly.FragmentStats{Datagrams: 2, Expired: 3, Evicted: 4, Overlaps: 5},
		Streams: reassembly.StreamStats{
			Opened: 6, Evicted: 7, Gaps: 8, Unseen: 9, Skipped: 10, Overlaps: 11, PushedOut: 12, WebSockets: 13, Compressed: 14,
		},
		SCTP:    reassembly.AssociationStats{Evicted: 15, Forgotten: 16},
		TLS:     encrypted.Stats{Opened: 17, Evicted: 18, Unread: 32},
		Flows:   flow.Stats{Opened: 29, Evicted: 30},
		Waiting: 19, Followed: 20, Associations: 21, Connections: 22, Conversations: 31,
	}
}

func TestCarriageMetrics(t *testing.T) {
	w := newWorld()
	w.live.Taps[0].Carriage = counted()
	for r := range decode.NumReasons {
		w.live.Taps[0].Counts[r] = 1000 + uint64(r)
	}
	w.live.Records[record.KindMessage], w.live.Records[record.KindRegistration] = 23, 24
	m, s := w.make(t)
	if _, there := scrape(t, m)["calltrail_hep_refused_total"]; there {
		t.Error("a sensor that listens to no agents has counts of them")
	}
	s.Agents = func() Agents { return Agents{Refused: 25, Broken: 26, Retimed: 27, Connections: 28} }
	got := scrape(t, m)
	want := map[string]float64{
		"calltrail_sip_messages_total{tap=eth1}":                                         1,
		"calltrail_fragments_joined_datagrams_total{tap=eth1}":                           2,
		"calltrail_fragments_expired_datagrams_total{tap=eth1}":                          3,
		"calltrail_fragments_evicted_datagrams_total{tap=eth1}":                          4,
		"calltrail_fragments_overlapping_datagrams_total{tap=eth1}":                      5,
		"calltrail_tcp_connections_total{tap=eth1}":                                      6,
		"calltrail_tcp_evicted_connections_total{tap=eth1}":                              7,
		"calltrail_tcp_gaps_total{tap=eth1}":                                             8,
		"calltrail_tcp_gap_bytes_total{tap=eth1}":                                        9,
		"calltrail_tcp_skipped_bytes_total{tap=eth1}":                                    10,
		"calltrail_tcp_overlapping_segments_total{tap=eth1}":                             11,
		"calltrail_tcp_pushed_out_total{tap=eth1}":                                       12,
		"calltrail_websocket_streams_total{tap=eth1}":                                    13,
		"calltrail_websocket_unread_messages_total{tap=eth1}":                            14,
		"calltrail_sctp_evicted_total{tap=eth1}":                                         31,
		"calltrail_tls_connections_total{tap=eth1}":                                      17,
		"calltrail_tls_evicted_connections_total{tap=eth1}":                              18,
		"calltrail_tls_unread_hellos_total{tap=eth1}":                                    32,
		"calltrail_fragments_waiting_datagrams{tap=eth1}":                                19,
		"calltrail_tcp_streams{tap=eth1}":                                                20,
		"calltrail_sctp_associations{tap=eth1}":                                          21,
		"calltrail_tls_connections{tap=eth1}":                                            22,
		"calltrail_flows_total{tap=eth1}":                                                29,
		"calltrail_flows_evicted_total{tap=eth1}":                                        30,
		"calltrail_flows{tap=eth1}":                                                      31,
		"calltrail_sip_messages_total{tap=eth2}":                                         0,
		"calltrail_records_total{kind=message}":                                          23,
		"calltrail_records_total{kind=registration}":                                     24,
		"calltrail_hep_refused_total":                                                    25,
		"calltrail_hep_broken_connections_total":                                         26,
		"calltrail_hep_retimed_messages_total":                                           27,
		"calltrail_hep_connections":                                                      28,
		"calltrail_decode_packets_total{class=decoded,reason=tls,tap=eth1}":              1000 + float64(decode.TLS),
		"calltrail_decode_packets_total{class=decoded,reason=stream,tap=eth1}":           1000 + float64(decode.Stream),
		"calltrail_decode_packets_total{class=dropped,reason=bad_hep,tap=eth1}":          1000 + float64(decode.BadHEP),
		"calltrail_decode_packets_total{class=dropped,reason=fragment_refused,tap=eth1}": 1000 + float64(decode.FragmentRefused),
	}
	// What alerts.yml and the dashboard ask for by name.
	for _, reason := range []decode.Reason{decode.H323, decode.MGCP, decode.IAX2, decode.Skinny, decode.Sigtran} {
		want["calltrail_decode_packets_total{class=ignored,reason="+reason.String()+",tap=eth1}"] = 1000 + float64(reason)
	}
	for name, n := range want {
		if value, there := got[name]; !there || value != n {
			t.Errorf("%s is %v (there: %v), want %v", name, value, there, n)
		}
	}
}

// What of it is on the screen is of the last minutes, and SIP messages are a rate.
func TestCarriageStatus(t *testing.T) {
	w := newWorld()
	w.sp.Failure = nil
	w.live.Taps[0].Carriage = counted()
	_, s := w.make(t)
	if d := s.status(); d.Taps[0].SIPPerSecond != nil || d.Taps[0].TCPStreams != 20 {
		t.Errorf("before anything was sampled: %+v", d.Taps[0])
	}
	s.sample(w.now)
	w.now = w.now.Add(sampleEvery)
	c := &w.live.Taps[0].Carriage
	c.Messages += 50
	c.Streams.Gaps += 2
	c.SCTP.Evicted += 3
	tap := s.status().Taps[0]
	total := status.Carriage{SIPMessages: 51, TCPGaps: 10, TCPEvicted: 7, TLSEvicted: 18, FlowsEvicted: 30, PiecesEvicted: 46, Datagrams: 2, DatagramsLost: 7}
	recent := status.Carriage{SIPMessages: 50, TCPGaps: 2, PiecesEvicted: 3}
	if tap.SIPPerSecond == nil || *tap.SIPPerSecond != 5 || tap.Total.Carriage != total || tap.Recent.Carriage != recent {
		t.Errorf("got %+v", tap)
	}
}
