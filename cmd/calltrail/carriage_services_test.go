package main

import (
	"path/filepath"
	"testing"
)

// What signalling shows besides the call, asked for in SQL as staff would: a TLS connection, a text, a call in a tunnel, one
// over each transport, a cell, a place, a PASSporT, and the legs of one call.
func TestCarriageInSQL(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	root, err := filepath.Abs("../../pcaps")
	if err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "CALLTRAIL_EVENTS_MESSAGES=true", "CALLTRAIL_SPOOF_CERTIFICATES="+filepath.Join(root, "identity"))
	for _, name := range []string{
		"tls", "message", "carry-gtpu", "tcp", "websocket", "carry-sctp", "register-tcp", "carrier-headers", "geolocation", "identity",
		"b2bua-icid", "b2bua-numbers", "attended-transfer",
	} {
		s.ok("replay", "-q", "--to", "postgres", filepath.Join(root, name, "capture.pcap"))
	}
	for _, fault := range s.db.chainFaults() {
		t.Error(fault)
	}
	s.db.want(`SELECT host(src_ip), host(dst_ip), dst_port, tls_server_name, tls_version, tls_packets_up, tls_packets_down, tls_octets_up,
			tls_octets_down, visibility, disposition, caller_raw IS NULL AND sip_call_id IS NULL AND group_uid IS NULL
		FROM calltrail.calls WHERE kind = 'tls'`,
		"192.0.2.2|192.0.2.70|5061|core.example.net|1.3|4|6|2357|3491|encrypted|unknown|t")
	s.db.want(`SELECT caller_e164, callee_e164, host(src_ip), host(dst_ip), transport, status FROM calltrail.message`,
		"+912225550101|+442079460101|192.0.2.10|192.0.2.2|udp|200")
	s.db.want(`SELECT tunnel->0->>'type', tunnel->0->>'id', tunnel->0->>'src', host(src_ip) FROM calltrail.calls WHERE tunnel IS NOT NULL`,
		"gtpu|16909060|203.0.113.129|198.51.100.10")
	s.db.want(`SELECT split_part(sip_call_id, '-1@', 1), sip_transport FROM calltrail.calls WHERE sip_transport <> 'udp' ORDER BY 2`,
		"auth-407|sctp tcp|tcp websocket|ws")
	s.db.want(`SELECT event, transport FROM calltrail.registration ORDER BY at`, "login|tcp logout|tcp")
	s.db.want(`SELECT cell_type, cell_mcc, cell_mnc, cell_area, cell_ci, cell_network_provided FROM calltrail.calls WHERE cell_id IS NOT NULL`,
		"3GPP-UTRAN-FDD|001|01|10DF|0A1B2C3|")
	s.db.want(`SELECT src_location_latitude, src_location_longitude, src_location_method, src_location_of FROM calltrail.calls
		WHERE sip_call_id LIKE 'geolocation-%'`, "28.5355|77.391|pidf_lo|endpoint")
	s.db.want(`SELECT passport_orig, passport_dest, passport_attest, passport_verified FROM calltrail.calls WHERE passport_orig IS NOT NULL`,
		"912225550101|{911205550170}|A|t")
	// The legs of a call, whichever of them is known.
	for leg, want := range map[string]string{
		"b2bua-icid-2@192.0.2.2":         "b2bua-icid-1@198.51.100.10|icid b2bua-icid-2@192.0.2.2|icid",
		"b2bua-numbers-2@192.0.2.2":      "b2bua-numbers-1@198.51.100.10|call_id b2bua-numbers-2@192.0.2.2|heuristic",
		"attended-transfer-1@192.0.2.10": "attended-transfer-1@192.0.2.10|call_id attended-transfer-2@192.0.2.70|call_id attended-transfer-3@192.0.2.10|call_id",
	} {
		s.db.want(`SELECT l.sip_call_id, l.group_method FROM calltrail.calls c, calltrail.legs_of(c.group_uid) l
			WHERE c.sip_call_id = '`+leg+`' ORDER BY l.started_at`, want)
	}
}
