package postgres

import "maps"

import "testing"

// Addresses, networks, devices and places: what is found, and whose place is never shown.
func TestQuestionsOfAddresses(t *testing.T) {
	t.Parallel()
	db := questionWorld(t)
	const at = `SELECT call_uid, array_to_string(found_as, '+') FROM calltrail.calls_at_address`
	const area = `SELECT call_uid, found_as[1] FROM calltrail.calls_in_radius`
	const urn = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
	// A degree of latitude is 111.2 km.
	place := func(id int, lat, lon float64, accuracy any, more ...fact) fact {
		f := fact{"id": id, "at": "10:00:00", "src_location_country": "IN", "src_location_city": "Noida", "src_location_latitude": lat, "src_location_longitude": lon, "src_location_accuracy_km": accuracy, "src_location_method": "geoip", "src_location_of": "endpoint"}
		for _, m := range more {
			maps.Copy(f, m)
		}
		return f
	}
	holdQuestions(t, db, []questionCase{
		{"address and port at a time", []fact{
			{"id": 1, "at": "10:00:00", "uses": []string{"caller_signalling 203.0.113.9:5060", "media_from_caller,media_to_caller 203.0.113.9:30000", "via 10.0.0.9:5060"}},
			{"id": 2, "at": "10:00:00", "uses": []string{"caller_signalling 203.0.113.10:5060"}},
			{"id": 3, "at": "09:58:59", "uses": []string{"via 203.0.113.9:30000"}},
			{"id": 4, "at": "09:59:00", "uses": []string{"media_to_callee 203.0.113.9:30000"}},
			{"id": 5, "at": "10:00:01", "uses": []string{"via 203.0.113.9:30000"}},
		}, at + `('203.0.113.9', '2026-05-28 10:00Z', '2026-05-28 10:00:01Z', 30000)`, "4|media_to_callee; 1|media_from_caller+media_to_caller"},
		{"IPv4 within IPv6 is IPv4", []fact{{"id": 1, "at": "10:00:00", "uses": []string{"caller_signalling 203.0.113.9:5060"}}}, at + `('::ffff:203.0.113.9', ` + theDay + `)`, "1|caller_signalling"},
		{"and its networks", []fact{{"id": 1, "at": "10:00:00", "uses": []string{"caller_signalling 203.0.113.9:5060"}}}, at + `('::ffff:203.0.113.0/120', ` + theDay + `)`, "1|caller_signalling"},
		{"any port", []fact{{"id": 1, "at": "10:00:00", "uses": []string{"caller_signalling 203.0.113.9:5060", "media_from_caller 203.0.113.9:30000"}}}, at + `('203.0.113.9', ` + theDay + `)`, "1|caller_signalling+media_from_caller"},
		{
			"a network",
			[]fact{{"id": 1, "at": "10:00:00", "uses": []string{"via 203.0.113.8:1"}}, {"id": 2, "at": "10:00:01", "uses": []string{"via 203.0.113.15:1"}}, {"id": 3, "at": "10:00:02", "uses": []string{"via 203.0.113.16:1"}}, {"id": 4, "at": "10:00:03", "uses": []string{"via 203.0.113.7:1"}}},
			at + `('203.0.113.8/29', ` + theDay + `)`, "1|via; 2|via",
		},
		{
			"IPv6",
			[]fact{{"id": 1, "at": "10:00:00", "uses": []string{"via 2001:db8:1::1:5060"}}, {"id": 2, "at": "10:00:01", "uses": []string{"via 2001:db8:1:0:ffff:ffff:ffff:ffff:5060"}}, {"id": 3, "at": "10:00:02", "uses": []string{"via 2001:db8:1:1::1:5060"}}},
			at + `('2001:db8:1::/64', ` + theDay + `, 5060)`, "1|via; 2|via",
		},
		{"an address of IPv6", []fact{{"id": 1, "at": "10:00:00", "uses": []string{"via 2001:db8:1::1:5060"}}, {"id": 2, "at": "10:00:01", "uses": []string{"via 2001:db8:1::2:5060"}}}, at + `('2001:db8:1::1', ` + theDay + `)`, "1|via"},
		{"a long call", []fact{{"id": 1, "at": "2026-05-27 23:59:30Z", "uses": []string{"via 203.0.113.9:1"}}}, at + `('203.0.113.9', ` + theDay + `)`, "1|via"},
		{
			"interim records are not shown",
			[]fact{{"id": 1, "at": "10:00:00", "final": false, "uses": []string{"via 203.0.113.9:1"}}, {"id": 1, "at": "10:00:00", "revision": 2, "uses": []string{"via 203.0.113.9:1"}}},
			`SELECT call_uid, disposition FROM calltrail.calls_at_address('203.0.113.9', ` + theDay + `)`, "1|answered",
		},

		{
			"autonomous system",
			[]fact{{"id": 1, "at": "10:00:00", "src_as_number": 64500}, {"id": 2, "at": "10:00:01", "dst_as_number": 64500}, {"id": 3, "at": "10:00:02", "src_as_number": 6450}, {"id": 4, "at": "2026-05-29 00:00Z", "src_as_number": 64500}, {"id": 1, "at": "10:00:00", "src_as_number": 64500, "revision": 2, "final": false}},
			`SELECT call_uid, found_as[1] FROM calltrail.calls_of_asn(64500, ` + theDay + `)`, "1|source; 2|destination",
		},

		{
			"device",
			[]fact{{"id": 1, "at": "10:00:00", "sip_instance_id": urn, "caller_e164": "+911"}, {"id": 2, "at": "10:00:01", "sip_instance_id": "<" + urn + ">", "caller_e164": "+912"}, {"id": 3, "at": "10:00:02", "sip_instance_id": urn + "0"}, {"id": 4, "at": "10:00:03"}},
			`SELECT call_uid, caller FROM calltrail.calls_of_device('<` + urn + `>', ` + theDay + `)`, "1|+911; 2|+912",
		},
		{
			"numbers of a device",
			[]fact{{"id": 1, "at": "10:00:00", "sip_instance_id": urn, "caller_e164": "+911"}, {"id": 2, "at": "10:00:01", "sip_instance_id": urn, "caller_e164": "+912", "asserted_e164": "+911"}, {"id": 3, "at": "10:00:02", "sip_instance_id": urn, "caller_e164": "+911"}},
			`SELECT number, shown_as, calls FROM calltrail.numbers_of_device('` + urn + `', ` + theDay + `)`, "+911|caller|2; +911|asserted|1; +912|caller|1",
		},
		{"device of a line", []fact{
			{"sql": `INSERT INTO calltrail.assignment (assignment_id, lineage, address, during, start_seen, last_seen_at, mac, subscriber, source) SELECT i, i, '203.0.113.9', '[2026-05-28 09:00Z,2026-05-28 11:00Z)', true, '2026-05-28 10:00Z', '00:00:5e:00:53:01', 'asha', 'manual' FROM gen_random_uuid() i`},
			{"id": 1, "at": "10:00:00", "uses": []string{"caller_signalling 203.0.113.9:5060"}},
			{"id": 2, "at": "10:00:01", "uses": []string{"caller_signalling 203.0.113.10:5060"}},
			{"id": 3, "at": "11:00:01", "uses": []string{"caller_signalling 203.0.113.9:5060"}},
		}, `SELECT call_uid, found_as[1], caller_subscriber[1], cardinality(callee_subscriber) FROM calltrail.calls_of_device('00-00-5E-00-53-01', ` + theDay + `)`, "1|caller_signalling|asha|0"},

		{
			"certain and possible",
			[]fact{place(1, 28.57, 77.32, 5), place(2, 28.62, 77.32, 5), place(3, 28.57, 77.32, nil), place(4, 28.57+0.13, 77.32, 5), place(5, 28.57+0.14, 77.32, 5), place(6, 28.57, 77.32, 51), place(7, 28.57, 77.32, 10)},
			area + `('28.57,77.32,10', ` + theDay + `)`, "1|certain; 2|possible; 3|possible; 4|possible; 7|certain",
		},
		{"better known places only", []fact{place(1, 28.57, 77.32, 5), place(2, 28.57, 77.32, 6)}, area + `('28.57,77.32,10', ` + theDay + `, 5)`, "1|certain"},
		{"over the date line", []fact{place(1, -17, 179.99, 1), place(2, -17, -179.99, 1), place(3, -17, 178, 1), place(4, 17, 179.99, 1)}, area + `('-17,179.995,5', ` + theDay + `)`, "1|certain; 2|certain"},
		{"from its other side", []fact{place(1, -17, 179.99, 1), place(2, -17, -179.99, 1), place(3, -17, 180, 1)}, area + `('-17,-179.995,5', ` + theDay + `)`, "1|certain; 2|certain; 3|certain"},
		{"at a pole", []fact{place(1, 89.9, 0, 1), place(2, 89.9, 170, 1), place(3, 88, 0, 1)}, area + `('90,0,50', ` + theDay + `)`, "1|certain; 2|certain"},
		{
			"no place of a gateway, relay or VPN",
			[]fact{place(1, 28.57, 77.32, 1, fact{"src_location_of": "last_hop", "src_network": "vpn"}), place(2, 28.57, 77.32, 1, fact{"src_location_of": "last_hop", "src_role": "trunk"}), place(3, 28.57, 77.32, 1, fact{"src_location_of": nil})},
			area + `('28.57,77.32,10', ` + theDay + `)`, "",
		},
		{
			"nor in any other answer",
			[]fact{place(1, 28.57, 77.32, 1, fact{"src_location_of": "last_hop", "src_network": "vpn"}), place(2, 28.57, 77.32, 1)},
			`SELECT call_uid, src_country, place_country, place_city, latitude, longitude, accuracy_km, place_method FROM calltrail.calls_of_number('+911205550170', ` + theDay + `)`, "1|IN||||||; 2|IN|IN|Noida|28.57|77.32|1|geoip",
		},
		{"the newest place counts", []fact{place(1, 28.57, 77.32, 1, fact{"final": false}), place(1, 19, 72.8, 1, fact{"revision": 2})}, area + `('28.57,77.32,10', ` + theDay + `)`, ""},
		{"areas in areas", nil, `SELECT calltrail.area_covers('28.57,77.32,10', '28.57,77.32,10'), calltrail.area_covers('28.57,77.32,10', '28.6,77.32,10'), calltrail.area_covers('28.57,77.32,10', '28.6,77.32,6'), calltrail.area_covers('0,179.99,10', '0,-179.99,5')`, "t|f|t|t"},

		{"a home number from outside", []fact{
			{"id": 1, "at": "10:00:00", "indicators": []fact{{"rule": "asserted_differs"}, {"rule": "foreign_source_home_number", "detail": "x"}}},
			{"id": 2, "at": "10:00:01", "indicators": []fact{{"rule": "own_number_from_outside"}}},
			{"id": 3, "at": "10:00:02", "indicators": []fact{{"rule": "hosting_source"}}},
			{"id": 4, "at": "10:00:03"},
			{"id": 5, "at": "2026-05-29 00:00Z", "indicators": []fact{{"rule": "own_number_from_outside"}}},
		}, `SELECT call_uid, found_as[1], array_to_string(indicators, '+') FROM calltrail.foreign_ingress_home_number(` + theDay + `)`, "1|foreign_source_home_number|asserted_differs+foreign_source_home_number; 2|own_number_from_outside|own_number_from_outside"},

		{"media at one address", []fact{
			{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+919", "uses": []string{"media_from_caller 203.0.113.9:30000", "media_from_callee 203.0.113.99:30000"}},
			{"id": 2, "at": "10:00:01", "caller_e164": "+912", "uses": []string{"media_from_caller 203.0.113.9:30002"}},
			{"id": 3, "at": "10:00:02", "callee_e164": "+913", "uses": []string{"media_to_callee 203.0.113.9:30004"}},
			{"id": 4, "at": "10:00:03", "callee_e164": "+914", "uses": []string{"media_from_callee 203.0.113.9:30004", "media_to_caller 203.0.113.10:4"}},
			{"id": 5, "at": "10:00:04", "caller_e164": "+915", "uses": []string{"media_from_caller 203.0.113.99:30000"}},
			{"id": 6, "at": "10:00:05", "caller_e164": "+916", "uses": []string{"caller_signalling 203.0.113.9:5060"}},
			{"id": 7, "at": "2026-05-29 00:00Z", "caller_e164": "+917", "uses": []string{"media_from_caller 203.0.113.9:30002"}},
		}, `SELECT address, number, calls, cut FROM calltrail.shared_media_address('+911', ` + theDay + `)`, "203.0.113.9|+912|1|f; 203.0.113.9|+913|1|f; 203.0.113.9|+914|1|f"},
		{"a private address is another host elsewhere", []fact{
			{"id": 1, "at": "10:00:00", "caller_e164": "+911", "uses": []string{"media_from_caller 10.0.0.9:30000"}},
			{"id": 2, "at": "10:00:01", "caller_e164": "+912", "sensor": "edge-2", "uses": []string{"media_from_caller 10.0.0.9:30002"}},
			{"id": 3, "at": "10:00:02", "caller_e164": "+913", "uses": []string{"media_from_caller 10.0.0.9:30004"}},
		}, `SELECT address, sensor, number FROM calltrail.shared_media_address('+911', ` + theDay + `)`, "10.0.0.9|edge-1|+913"},

		{
			"first and last use of an address",
			[]fact{{"id": 1, "at": "2026-05-20 10:00Z", "src_ip": "203.0.113.9", "uses": []string{"via 203.0.113.9:1"}}, {"id": 2, "at": "10:00:00", "uses": []string{"via 203.0.113.9:2"}}, {"id": 3, "at": "10:00:01", "src_ip": "203.0.113.90"}},
			`SELECT found_as, to_char(first_at AT TIME ZONE 'UTC', 'DD HH24:MI'), to_char(last_at AT TIME ZONE 'UTC', 'DD HH24:MI'), first_call_uid, last_call_uid FROM calltrail.first_last_seen('2026-05-20Z', '2026-06-01Z', NULL, '203.0.113.9')`,
			`source|"20 10:00"|"20 10:00"|1|1; "any use"|"20 10:00"|"28 10:01"||`,
		},
		{
			"calls in applications",
			[]fact{{"id": 1, "at": "10:00:00", "kind": "app", "app_name": "whatsapp", "uses": []string{"app_client 203.0.113.9:1"}}, {"id": 2, "at": "10:00:01", "uses": []string{"via 203.0.113.9:1"}}, {"id": 3, "at": "10:00:02", "kind": "app", "uses": []string{"app_client 203.0.113.10:1"}}},
			`SELECT call_uid, app, found_as[1] FROM calltrail.app_calls_of_address('203.0.113.9', ` + theDay + `)`, "1|whatsapp|app_client",
		},
		{
			"calls of a subscriber",
			[]fact{
				{"sql": `INSERT INTO calltrail.assignment (assignment_id, lineage, address, during, start_seen, last_seen_at, subscriber, source) SELECT i, i, a::inet, '[2026-05-28 09:00Z,2026-05-28 11:00Z)', true, '2026-05-28 10:00Z', s, 'manual' FROM (VALUES ('203.0.113.9', 'asha'), ('203.0.113.10', 'asha'), ('203.0.113.11', 'bela')) v(a, s), LATERAL (SELECT gen_random_uuid() AS i OFFSET 0 * length(a)) g`},
				{"id": 1, "at": "10:00:00", "uses": []string{"caller_signalling 203.0.113.9:5060", "media_from_caller 203.0.113.9:4000", "callee_signalling 192.0.2.99:5060"}},
				{"id": 2, "at": "10:00:01", "uses": []string{"callee_signalling 203.0.113.10:5060"}},
				{"id": 3, "at": "10:00:02", "uses": []string{"caller_signalling 203.0.113.11:5060", "callee_signalling 192.0.2.99:5060"}},
				{"id": 4, "at": "11:30:00", "uses": []string{"caller_signalling 203.0.113.9:5060"}},
			},
			`SELECT call_uid, array_to_string(found_as, '+'), caller_subscriber[1], callee_subscriber[1] FROM calltrail.subscriber_calls('asha', ` + theDay + `) UNION ALL
		    SELECT NULL, host(far_network), shared_by[1], shared_by[2] FROM calltrail.subscribers_common_far_ends('{asha,bela}', ` + theDay + `) WHERE masklen(far_network) = 32`,
			"1|caller_signalling+media_from_caller|asha|; 2|callee_signalling||asha; |192.0.2.99|asha|bela",
		},
	})
}
