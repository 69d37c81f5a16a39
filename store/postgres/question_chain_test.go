package postgres

import (
	"bytes"
	"context"
	"os"
	"testing"

	"calltrail/store"
	"calltrail/store/spool"
)

// How calls are sent on, who fails in bursts, and what watchlists have found.
func TestQuestionsOfManyCalls(t *testing.T) {
	t.Parallel()
	db := questionWorld(t)
	const chain = `SELECT leg, array_to_string(chain, '>'), array_to_string(reasons, '+'), array_to_string(told_by, '+'), array_to_string(found_as, '+'), call_uid FROM calltrail.forwarding_chain`
	const group, other = "00000000-0000-0000-0000-0000000000aa", "00000000-0000-0000-0000-0000000000bb"
	diversion := func(number, reason string) fact {
		return fact{"raw": "<sip:" + number + "@x>", "e164": number, "reason": reason, "source": "diversion"}
	}
	entry := func(list, number, caseRef string) fact {
		return fact{"sql": `WITH c AS (INSERT INTO calltrail.watchlist_change (list, version, by, added, removed) VALUES ('` + list + `', 1, 'test', 1, 0) ON CONFLICT DO NOTHING)
			INSERT INTO calltrail.watchlist_entry (list, kind, value, source, case_ref, reason, version, added_by) VALUES ('` + list + `', 'number', '` + number + `', 'test', '` + caseRef + `', 'scam calls', 1, 'test')`}
	}
	lists := fact{"sql": `INSERT INTO calltrail.watchlist (list, version) VALUES ('scam', 1), ('police', 1)`}
	fail := func(n int, each func(i int) fact) []fact {
		var facts []fact
		for i := range n {
			facts = append(facts, each(i))
		}
		return facts
	}
	second := func(i int) string { return "10:00:" + string(rune('0'+i/10)) + string(rune('0'+i%10)) }
	holdQuestions(t, db, []questionCase{
		{"diverted on another leg", []fact{
			{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+912", "group_uid": group, "disposition": "no_answer"},
			{"id": 2, "at": "10:00:20", "caller_e164": "+911", "callee_e164": "+913", "group_uid": group, "redirects": []fact{diversion("+912", "no-answer")}},
			{"id": 3, "at": "10:01:00", "caller_e164": "+911", "callee_e164": "+912", "group_uid": other},
		}, chain + `('+912', ` + theDay + `)`, `1|+911>+912|""|""|callee|1; 2|+911>+912>+913|no-answer|diversion|diverted|2`},
		{"asked for the last", []fact{
			{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+912", "group_uid": group}, {"id": 2, "at": "10:00:20", "caller_e164": "+911", "callee_e164": "+913", "group_uid": group, "redirects": []fact{diversion("+912", "busy")}},
		}, chain + `('+913', ` + theDay + `)`, `1|+911>+912|""|""||1; 2|+911>+912>+913|busy|diversion|callee|2`},
		{
			"the last diversion is on top",
			[]fact{{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+914", "redirects": []fact{diversion("+913", "busy"), diversion("+912", "unconditional")}}},
			chain + `('+914', ` + theDay + `)`, "1|+911>+912>+913>+914|busy+unconditional|diversion+diversion|callee|1",
		},
		{
			"the request goes on, To does not",
			[]fact{{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+912", "request_uri": "sip:+9133334444@x;user=phone", "redirects": []fact{diversion("+912", "busy")}}},
			chain + `('+912', ` + theDay + `)`, "1|+911>+912>+9133334444|busy|diversion|callee+diverted|1",
		},
		{
			"an ordinary call is no chain",
			[]fact{{"id": 1, "at": "10:00:00", "callee_e164": "+912", "request_uri": "sip:+912@x"}, {"id": 2, "at": "10:00:01", "callee_e164": "+912", "group_uid": group}, {"id": 3, "at": "10:00:01", "callee_e164": "+912", "group_uid": group}},
			chain + `('+912', ` + theDay + `)`, "",
		},
		{"legs after midnight", []fact{
			{"id": 1, "at": "2026-05-28 23:59:59Z", "caller_e164": "+911", "callee_e164": "+912", "group_uid": group}, {"id": 2, "at": "2026-05-29 00:00:10Z", "caller_e164": "+911", "callee_e164": "+913", "group_uid": group, "redirects": []fact{diversion("+912", "busy")}},
		}, chain + `('+912', ` + theDay + `)`, `1|+911>+912|""|""|callee|1; 2|+911>+912>+913|busy|diversion||2`},
		{"one row a leg, whatever the revisions", []fact{
			{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+913", "final": false, "group_uid": group, "redirects": []fact{diversion("+912", "busy")}}, {"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+913", "revision": 2, "group_uid": group, "redirects": []fact{diversion("+912", "busy")}},
		}, chain + `('+912', ` + theDay + `)`, "1|+911>+912>+913|busy|diversion|diverted|1"},

		{"failed", append(fail(20, func(i int) fact {
			return fact{"id": i + 1, "at": second(i), "caller_e164": "+9122255500" + second(i)[6:], "callee_e164": "+9133300" + second(i)[6:], "disposition": []string{"failed", "rejected", "busy", "no_answer"}[i%4]}
		}), fail(30, func(i int) fact {
			return fact{"id": i + 101, "at": second(i), "caller_e164": "+914", "callee_e164": "+9144400" + second(i)[6:], "src_ip": "198.51.100.8"}
		})...), `SELECT source, caller, calls, failed, rejected, busy, no_answer, callees FROM calltrail.failed_bursts(` + theDay + `)`, "198.51.100.7||20|5|5|5|5|20"},
		{
			"nineteen are no burst", fail(19, func(i int) fact {
				return fact{"id": i + 1, "at": second(i), "callee_e164": "+9133300" + second(i)[6:], "disposition": "failed"}
			}),
			`SELECT source FROM calltrail.failed_bursts(` + theDay + `)`, "",
		},
		{"a gateway is no source, a number is", fail(20, func(i int) fact {
			return fact{"id": i + 1, "at": second(i), "callee_e164": "+9133300" + second(i)[6:], "src_role": "trunk", "disposition": "busy"}
		}), `SELECT source, caller, calls FROM calltrail.failed_bursts(` + theDay + `)`, "|+912225550100|20"},

		{"hits of a case", []fact{
			lists, entry("scam", "+911", "C-1"), entry("scam", "+912", "C-2"),
			{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+919", "final": false, "disposition": "in_progress"},
			{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+919", "revision": 2},
			{"id": 2, "at": "10:00:01", "caller_e164": "+912"},
			{"id": 3, "at": "2026-05-29 00:00Z", "caller_e164": "+911"},
		}, `SELECT call_uid, event, list, value, array_to_string(roles, '+'), callee, disposition FROM calltrail.watchlist_hits_of('C-1', ` + theDay + `)`, "1|call|scam|+911|caller|+919|answered"},
		{"of another list", []fact{lists, entry("scam", "+911", "C-1"), {"id": 1, "at": "10:00:00", "caller_e164": "+911"}}, `SELECT call_uid FROM calltrail.watchlist_hits_of('C-1', ` + theDay + `, 'police')`, ""},
		{
			"cases that meet",
			[]fact{
				lists, entry("scam", "+911", "C-1"), entry("police", "+912", "C-2"), entry("scam", "+913", "C-3"), entry("scam", "+917", "C-1"),
				{"id": 1, "at": "10:00:00", "caller_e164": "+911", "callee_e164": "+912"},
				{"id": 2, "at": "10:00:01", "caller_e164": "+911", "callee_e164": "+918"},
				{"id": 3, "at": "10:00:02", "caller_e164": "+913", "callee_e164": "+918"},
				{"id": 4, "at": "10:00:03", "caller_e164": "+913", "callee_e164": "+919"},
				{"id": 5, "at": "10:00:04", "caller_e164": "+917", "callee_e164": "+916"},
			},
			`SELECT other_case, relation, value, calls, array_to_string(call_uids, '+'), cut FROM calltrail.cross_case_hits('C-1', ` + theDay + `)`,
			`C-2|"same call"|+912|1|1|f; C-3|"same party"|+918|1|3|f`,
		},
		{"no tap is known", nil, `SELECT sensor FROM calltrail.coverage_of_window(` + theDay + `)`, ""},
	})
}

// The golden calls that are about this, as their records are: a forged home number, a redirected call, one over IPv6, one diverted.
func TestQuestionsOfGoldenCalls(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	const sensor = "golden"
	chain := &builder{tb: t, sensor: sensor, epoch: 1780000000000000, prev: spool.Genesis(sensor, nil)}
	var items []store.Item
	for _, name := range []string{"hoax-call", "redirect-new-call", "ipv6", "carrier-headers", "refer-transfer"} {
		text, err := os.ReadFile("../../pcaps/" + name + "/records.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			items = append(items, chain.body(bytes.TrimSpace(line)))
		}
	}
	deliver(t, l, items...)
	if _, err := db.pool.Exec(context.Background(), `ANALYZE calltrail.call_record`); err != nil {
		t.Fatal(err)
	}
	const day = `'2026-11-22Z', '2026-11-23Z'`
	// The place of a hosting network is somebody's, not the caller's.
	db.want(`SELECT caller, asserted, src_ip, src_country, src_network, place_country, latitude, array_to_string(found_as, '+') FROM calltrail.foreign_ingress_home_number(`+day+`)`, "+912225550100|+442079460123|198.51.100.130|NL|hosting|||foreign_source_home_number")
	db.want(`SELECT count(*) FROM calltrail.calls_in_radius('52.3676,4.9041,50', `+day+`)`, "0")
	db.want(`SELECT caller, place_city, found_as[1] FROM calltrail.calls_in_radius('51.5,-0.12,60', `+day+`) WHERE src_ip = '2001:db8:44::10'`, "+442079460101|London|certain")
	db.want(`SELECT caller, array_to_string(found_as, '+') FROM calltrail.calls_at_address('2001:db8:44::/64', `+day+`)`, "+442079460101|caller_signalling+contact+media_from_caller+media_signalled+media_to_caller+via")
	db.want(`SELECT caller, array_to_string(found_as, '+') FROM calltrail.calls_at_address('198.51.100.130', `+day+`, 20000)`, "+912225550100|media_from_caller+media_signalled+media_to_caller")
	db.want(`SELECT array_to_string(chain, '>'), array_to_string(reasons, '+'), array_to_string(told_by, '+') FROM calltrail.forwarding_chain('+912225550101', `+day+`) WHERE 'unconditional' = ANY (reasons) OR '3xx' = ANY (told_by)`,
		`+442079460101>+912225550101>+911205550170|""|3xx; +442079460101>+912225550101>+911205550170|unconditional|diversion`)
	db.want(`SELECT array_to_string(chain, '>') FROM calltrail.forwarding_chain('+912225550120', `+day+`)`, "+912225550120>+911205550170")
	db.want(`SELECT contact, calls FROM calltrail.contact_graph('+912225550100', `+day+`) WHERE hop = 1`, "+911205550170|1")
	db.want(`SELECT count(*) FROM calltrail.calls_of_number('+911205550170', '2026-11-22 04:28:43.250850Z', '2026-11-22 04:28:43.250851Z')`, "1")
	db.want(`SELECT count(*) FROM calltrail.calls_of_number('+911205550170', '2026-11-22 04:28:43Z', '2026-11-22 04:28:43.250850Z')`, "0")
}
