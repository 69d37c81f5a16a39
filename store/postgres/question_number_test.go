package postgres

import "maps"

import "testing"

// What a number is found in: every place it can stand in, from the first microsecond of the time and not in the last, once for
// all revisions. And what it is not found in.
func TestQuestionsOfNumbers(t *testing.T) {
	t.Parallel()
	db := questionWorld(t)
	const lines = `SELECT ltrim(right(call_uid::text, 12), '0'), array_to_string(found_as, '+'), disposition FROM calltrail.calls_of_number`
	const n = "+911205550199"
	nobody := fact{"caller_e164": nil, "caller_user": "anonymous", "caller_host": "anonymous.invalid"}
	with := func(f, more fact) fact {
		row := fact{}
		maps.Copy(row, f)
		maps.Copy(row, more)
		return row
	}
	holdQuestions(t, db, []questionCase{
		{"every place", []fact{
			{"id": 1, "at": "10:00:01", "caller_e164": n},
			{"id": 2, "at": "10:00:02", "callee_e164": n},
			{"id": 3, "at": "10:00:03", "asserted_e164": n},
			{"id": 4, "at": "10:00:04", "connected_e164": n},
			{"id": 5, "at": "10:00:05", "redirects": []fact{{"raw": "x", "e164": "+12025550100", "source": "diversion"}, {"raw": "y", "e164": n, "source": "history_info"}}},
			{"id": 6, "at": "10:00:06", "caller_e164": n, "asserted_e164": n, "callee_e164": n},
			{"id": 7, "at": "10:00:07"},
		}, lines + `('` + n + `', ` + theDay + `)`, "1|caller|answered; 2|callee|answered; 3|asserted|answered; 4|connected|answered; 5|diverted|answered; 6|caller+asserted+callee|answered"},
		{"written with separators", []fact{{"id": 1, "at": "10:00:01", "callee_e164": n}}, lines + `('+91 (120) 555-0199', ` + theDay + `)`, "1|callee|answered"},
		{"neighbours are others", []fact{{"id": 1, "at": "10:00:01", "callee_e164": n + "0"}, {"id": 2, "at": "10:00:01", "callee_e164": "+91120555019"}}, lines + `('` + n + `', ` + theDay + `)`, ""},
		{"half-open", []fact{
			{"id": 1, "at": "2026-05-27 23:59:59.999999Z", "callee_e164": n},
			{"id": 2, "at": "2026-05-28 00:00Z", "callee_e164": n},
			{"id": 3, "at": "2026-05-28 23:59:59.999999Z", "callee_e164": n},
			{"id": 4, "at": "2026-05-29 00:00Z", "callee_e164": n},
		}, lines + `('` + n + `', ` + theDay + `)`, "2|callee|answered; 3|callee|answered"},
		{"revisions are one call", []fact{
			{"id": 1, "at": "10:00:01", "callee_e164": n, "final": false, "disposition": "in_progress"},
			{"id": 1, "at": "10:00:01", "callee_e164": n, "revision": 2, "final": false, "disposition": "in_progress"},
			{"id": 1, "at": "10:00:01", "callee_e164": n, "revision": 3},
			{"id": 2, "at": "10:00:02", "callee_e164": n, "final": false, "disposition": "in_progress"},
		}, lines + `('` + n + `', ` + theDay + `)`, "1|callee|answered; 2|callee|in_progress"},
		{"the newest analysis is the call", []fact{
			{"id": 1, "at": "10:00:01", "callee_e164": n, "received_at": "2026-05-30T00:00:00Z"},
			{"id": 1, "at": "10:00:01", "received_at": "2026-05-31T00:00:00Z"},
			{"id": 2, "at": "10:00:02", "received_at": "2026-05-30T00:00:00Z"},
			{"id": 2, "at": "10:00:02", "callee_e164": n, "disposition": "busy", "received_at": "2026-05-31T00:00:00Z"},
		}, lines + `('` + n + `', ` + theDay + `)`, "2|callee|busy"},
		{"a user part", []fact{
			{"id": 1, "at": "10:00:01", "caller_e164": nil, "caller_user": "100"},
			{"id": 2, "at": "10:00:02", "callee_e164": nil, "callee_user": "100"},
			{"id": 3, "at": "10:00:03", "caller_user": "100"},
			{"id": 4, "at": "10:00:04", "caller_e164": nil, "caller_user": "1000"},
		}, lines + `('100', ` + theDay + `)`, "1|caller|answered; 2|callee|answered"},
		{"a number of no country, as it was shown", []fact{
			{"id": 1, "at": "10:00:01", "caller_e164": nil, "caller_user": "09812345678"},
			{"id": 2, "at": "10:00:02", "caller_e164": "+919812345678", "caller_user": "09812345678"},
		}, lines + `('sip:09812345678', ` + theDay + `)`, "1|caller|answered"},
		{"a whole SIP address is not what is asked for", nil, lines + `('sip:desk@example.net', ` + theDay + `)`, "ERROR: ERROR: calls_of_number: 'sip:desk@example.net' is no number in E.164 (+, country code, at most 15 digits) and no user part of a SIP address (what stands before the @)"},
		{"a user part is no pattern", []fact{
			{"id": 1, "at": "10:00:01", "caller_e164": nil, "caller_user": "a_b", "callee_e164": nil, "callee_user": "axb"},
		}, `SELECT contact FROM calltrail.contact_graph('a_b', ` + theDay + `)`, "axb@example.org"},
		{
			"legs of one call",
			[]fact{{"id": 1, "at": "10:00:01", "callee_e164": n, "group_uid": "00000000-0000-0000-0000-0000000000aa"}, {"id": 2, "at": "10:00:02", "callee_e164": n, "group_uid": "00000000-0000-0000-0000-0000000000aa"}},
			`SELECT call, call_uid FROM calltrail.calls_of_number('` + n + `', ` + theDay + `)`, "aa|1; aa|2",
		},
		{
			"who withheld the number is shown as sent",
			[]fact{with(nobody, fact{"id": 1, "at": "10:00:01", "callee_e164": n})},
			`SELECT call_uid, caller FROM calltrail.calls_of_number('` + n + `', ` + theDay + `)`, "1|anonymous@anonymous.invalid",
		},
		{
			"no more rows than wanted",
			[]fact{{"sql": `SET LOCAL calltrail.row_limit = 1`}, {"id": 1, "at": "10:00:01", "callee_e164": n}, {"id": 2, "at": "10:00:02", "callee_e164": n}},
			lines + `('` + n + `', ` + theDay + `)`, "1|callee|answered",
		},

		{"to a victim", []fact{
			{"id": 1, "at": "09:49:59.999999", "callee_e164": n, "ended_at": "2026-05-28T09:49:59.999999Z", "last_seen_at": "2026-05-28T09:49:59.999999Z"},
			{"id": 2, "at": "09:50:00", "callee_e164": n},
			{"id": 3, "at": "10:09:59.999999", "connected_e164": n},
			{"id": 4, "at": "10:10:00", "callee_e164": n},
			{"id": 5, "at": "10:00:00", "caller_e164": n},
			{"id": 6, "at": "10:00:01"},
			{"id": 7, "at": "08:00:00", "callee_e164": n, "ended_at": "2026-05-28T09:55:00Z"},
			{"id": 8, "at": "08:00:00", "callee_e164": n},
		}, `SELECT call_uid, remark FROM calltrail.calls_to_victim('` + n + `', '2026-05-28 10:00Z')`, `7|"began before that time and was not over"; 2|; 3|`},

		{
			"contacts of two",
			[]fact{
				{"id": 1, "at": "10:00:01", "caller_e164": "+911", "callee_e164": "+913"},
				{"id": 2, "at": "10:00:02", "caller_e164": "+913", "callee_e164": "+912"},
				{"id": 3, "at": "10:00:03", "caller_e164": "+911", "callee_e164": "+914"},
				{"id": 4, "at": "10:00:04", "caller_e164": "+915", "callee_e164": "+912"},
				{"id": 5, "at": "10:00:05", "caller_e164": "+911", "callee_e164": "+912"},
				with(nobody, fact{"id": 6, "at": "10:00:06", "callee_e164": "+911"}), with(nobody, fact{"id": 7, "at": "10:00:07", "callee_e164": "+912"}),
				{"id": 8, "at": "10:00:08", "caller_e164": "+911", "callee_e164": nil, "callee_user": "desk"},
				{"id": 9, "at": "10:00:09", "caller_e164": "+912", "callee_e164": nil, "callee_user": "desk"},
			},
			`SELECT contact, relation, calls_with_a, calls_with_b, array_to_string(call_uids, '+') FROM calltrail.contacts_of_two_numbers('+911', '+912', ` + theDay + `)`,
			"+912|direct|1|0|5; +913|common|1|1|1+2; desk@example.org|common|1|1|8+9",
		},

		{"graph", []fact{
			{"id": 1, "at": "10:00:01", "caller_e164": "+911", "callee_e164": "+912"},
			{"id": 2, "at": "10:00:02", "caller_e164": "+911", "callee_e164": "+912", "disposition": "busy"},
			{"id": 3, "at": "10:00:03", "caller_e164": "+913", "callee_e164": "+911"},
			{"id": 4, "at": "10:00:04", "caller_e164": "+912", "callee_e164": "+913"},
			{"id": 5, "at": "10:00:05", "caller_e164": "+912", "callee_e164": "+914"},
			{"id": 6, "at": "10:00:06", "caller_e164": "+914", "callee_e164": "+915"},
			with(nobody, fact{"id": 7, "at": "10:00:07", "callee_e164": "+911"}),
		}, `SELECT hop, number, contact, calls, answered, cut FROM calltrail.contact_graph('+911', ` + theDay + `)`, "1|+911|+912|2|1|f; 1|+911|+913|1|1|f; 2|+912|+913|1|1|f; 2|+912|+914|1|1|f"},
		{
			"graph that is cut",
			[]fact{{"id": 1, "at": "10:00:01", "caller_e164": "+911", "callee_e164": "+912"}, {"id": 2, "at": "10:00:02", "caller_e164": "+911", "callee_e164": "+913"}},
			`SELECT hop, contact, cut FROM calltrail.contact_graph('+911', ` + theDay + `, 1)`, "1|+912|t",
		},

		{"block", []fact{
			{"id": 1, "at": "10:00:01", "caller_e164": "+9122255501"},
			{"id": 2, "at": "10:00:02", "caller_e164": "+9122255501", "callee_e164": "+12025550100", "disposition": "failed"},
			{"id": 3, "at": "10:00:03", "callee_e164": "+91222555019"},
			{"id": 4, "at": "10:00:04", "asserted_e164": "+9122255502"},
			{"id": 5, "at": "10:00:05", "caller_e164": "+9122255601"},
			{"id": 1, "at": "10:00:01", "caller_e164": "+9122255501", "revision": 2, "final": false},
		}, `SELECT number, found_as, calls, answered, others FROM calltrail.number_blocks('+91222555', ` + theDay + `) WHERE number <> '+912225550100'`, "+9122255501|caller|2|1|2; +91222555019|callee|1|1|1; +9122255502|asserted|1|1|1"},

		{"first and last", []fact{
			{"id": 1, "at": "2026-05-20 10:00Z", "caller_e164": n}, {"id": 2, "at": "10:00:02", "caller_e164": n}, {"id": 3, "at": "10:00:03", "caller_e164": n}, {"id": 4, "at": "10:00:04", "connected_e164": n}, {"id": 5, "at": "2026-06-03 10:00Z", "caller_e164": n},
		}, `SELECT found_as, first_call_uid, last_call_uid FROM calltrail.first_last_seen('2026-05-20Z', '2026-06-01Z', '` + n + `')`, "caller|1|3; connected|4|4"},
		{"a number that calls are diverted by has been seen, and what a later analysis has replaced has not", []fact{
			{"id": 1, "at": "10:00:01", "caller_e164": n, "received_at": "2026-05-30T00:00:00Z"},
			{"id": 1, "at": "10:00:01", "received_at": "2026-05-31T00:00:00Z"},
			{"id": 2, "at": "10:00:02", "redirects": []fact{{"raw": "y", "e164": n, "source": "diversion"}}},
			{"id": 3, "at": "10:00:03", "caller_e164": n},
			{"id": 4, "at": "10:00:04", "caller_e164": n, "received_at": "2026-05-30T00:00:00Z"},
			{"id": 4, "at": "10:00:04", "received_at": "2026-05-31T00:00:00Z"},
			{"id": 5, "at": "10:00:05", "redirects": []fact{{"raw": "y", "e164": n, "source": "diversion"}}},
		}, `SELECT found_as, first_call_uid, last_call_uid FROM calltrail.first_last_seen('2026-05-20Z', '2026-06-01Z', '` + n + `')`, "caller|3|3; diverted|2|5"},
		{"never", nil, `SELECT * FROM calltrail.first_last_seen('2026-05-20Z', '2026-06-01Z', '` + n + `')`, ""},
	})
}
