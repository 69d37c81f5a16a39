package postgres

import (
	"fmt"
	"testing"
)

func numbersFromManyCountries(t *testing.T, db *asker) {
	const query = `SELECT caller, countries, array_to_string(country_sample, '+'), sources, calls, legs, last_at - first_at AS during
	                 FROM calltrail.numbers_from_many_countries('2026-05-28 10:00Z', '2026-05-28 14:00Z', '1 hour', 3)`
	countries := []string{"IN", "NL", "US", "BR"}
	one := func(i int) leg {
		return leg{at: float64(i) * 1800, country: countries[i%4], src: fmt.Sprintf("203.0.113.%d", i), role: "foreign"}
	}
	with := func(n int, change func(i int, l *leg)) []leg {
		return many(n, func(i int) leg { l := one(i); change(i, &l); return l })
	}
	const three = "+912225550100|3|IN+NL+US|3|3|3|01:00:00"
	holdPatterns(t, db, query, []patternCase{
		{"both ends of an hour belong to it", many(3, one), three},
		{"a microsecond more", with(3, func(i int, l *leg) { l.at += float64(i/2) * 0.000001 }), ""},
		{"two countries", many(2, one), ""},
		{"back and forth between two", with(8, func(i int, l *leg) { l.country = countries[i%2] }), ""},
		{"country not known", with(3, func(i int, l *leg) {
			if i == 1 {
				l.country = "-"
			}
		}), ""},
		{"three numbers", with(3, func(i int, l *leg) { l.caller = nth("+91222555", i) }), ""},
		{"a name is no number", with(3, func(_ int, l *leg) { l.caller = "100" }), ""},
		{"no number", with(3, func(_ int, l *leg) { l.caller = "-" }), ""},
		{"gateways", with(3, func(i int, l *leg) { l.role = []string{"trunk", "own_sbc", "foreign"}[i] }), ""},
		{"four, of which three are within an hour", many(4, one), three},
		{"the fullest hour is shown", with(4, func(i int, l *leg) { l.at = []float64{0, 4000, 5000, 6000}[i] }), "+912225550100|3|NL+US+BR|3|3|3|00:33:20"},
		{"a country that comes again stays", with(5, func(i int, l *leg) {
			l.at, l.country = float64(i)*2400, []string{"IN", "NL", "IN", "US", "NL"}[i]
		}), ""},
		{"and counts until an hour after its last call", with(4, func(i int, l *leg) {
			l.at, l.country = []float64{0, 3000, 6000, 6600}[i], []string{"IN", "IN", "NL", "US"}[i]
		}), "+912225550100|3|IN+NL+US|3|3|3|01:00:00"},
		{"the legs of one call behind its servers", with(3, func(i int, l *leg) {
			l.at, l.group, l.dst = float64(i), 5, fmt.Sprintf("203.0.113.%d", i+1)
		}), ""},
	})
}

func fanOutToOneCallee(t *testing.T, db *asker) {
	const query = `SELECT callee, callers, sources, calls, legs, answered, last_at - first_at AS during
	                 FROM calltrail.fan_out_to_one_callee('2026-05-28 10:00Z', '2026-05-28 14:00Z', '10 minutes', 5)`
	one := func(i int) leg { return leg{at: float64(i) * 150, caller: nth("+91222555", i), role: "trunk"} }
	with := func(n int, change func(i int, l *leg)) []leg {
		return many(n, func(i int) leg { l := one(i); change(i, &l); return l })
	}
	const five = "+911205550170|5|1|5|5|5|00:10:00"
	holdPatterns(t, db, query, []patternCase{
		{"five callers, through a trunk too", many(5, one), five},
		{"four", many(4, one), ""},
		{"in a microsecond more", with(5, func(i int, l *leg) { l.at += float64(i/4) * 0.000001 }), ""},
		{"over an hour", with(5, func(_ int, l *leg) { l.at *= 6 }), ""},
		{"four, who call again and again", with(40, func(i int, l *leg) { l.at, l.caller = float64(i), nth("+91222555", i%4) }), ""},
		{"four, and many who are nobody", with(9, func(i int, l *leg) {
			if l.at = float64(i); i > 3 {
				l.caller = []string{"-", "anonymous", "Restricted"}[i%3]
			}
		}), ""},
		{"nobody counts among the calls", with(6, func(i int, l *leg) {
			if l.at = float64(i); i == 2 {
				l.caller = "-"
			}
		}), "+911205550170|5|1|6|6|6|00:00:05"},
		{"callers by name", with(5, func(i int, l *leg) { l.caller = fmt.Sprintf("a%d", i) }), five},
		{"a callee by name", with(5, func(_ int, l *leg) { l.callee = "helpdesk" }), "helpdesk@example.org|5|1|5|5|5|00:10:00"},
		{"no callee", with(5, func(_ int, l *leg) { l.callee = "-" }), ""},
		{"five callees", with(5, func(i int, l *leg) { l.callee = nth("+91120555", i) }), ""},
		{"an emergency service", with(5, func(_ int, l *leg) { l.emergency = true }), ""},
		{"a fork to four is one caller", with(8, func(i int, l *leg) { l.at, l.caller, l.group = float64(i), nth("+91222555", i/4), i/4+1 }), ""},
		{"a server that shows another number of the same four", with(8, func(i int, l *leg) {
			if passedOn(i, l); i%2 == 1 {
				l.caller = nth("+91333555", i)
			}
		}), ""},
		{
			"two callees at once", with(10, func(i int, l *leg) {
				l.callee, l.caller = nth("+91120555", i%2), nth("+91222555", i/2)
				l.at = float64(i)
			}),
			"+911205550000|5|1|5|5|5|00:00:08; +911205550001|5|1|5|5|5|00:00:08",
		},
		{"the time asked for cuts the five", with(5, func(_ int, l *leg) { l.at -= 0.000001 }), ""},
	})
}

func fanOutFromOneCaller(t *testing.T, db *asker) {
	const query = `SELECT caller, callees, sources, calls, legs, answered, last_at - first_at AS during
	                 FROM calltrail.fan_out_from_one_caller('2026-05-28 10:00Z', '2026-05-28 14:00Z', '1 hour', 5)`
	one := func(i int) leg {
		return leg{at: float64(i) * 900, callee: nth("+91120555", i), disposition: "rejected"}
	}
	with := func(n int, change func(i int, l *leg)) []leg {
		return many(n, func(i int) leg { l := one(i); change(i, &l); return l })
	}
	holdPatterns(t, db, query, []patternCase{
		{"five callees", many(5, one), "+912225550100|5|1|5|5|0|01:00:00"},
		{"a microsecond more", with(5, func(i int, l *leg) { l.at += float64(i/4) * 0.000001 }), ""},
		{"four", many(4, one), ""},
		{"four, and one nobody", with(5, func(i int, l *leg) {
			if i == 4 {
				l.callee = "-"
			}
		}), ""},
		{"one callee, tried often", with(20, func(i int, l *leg) { l.at, l.callee = float64(i), "" }), ""},
		{"five callers", with(5, func(i int, l *leg) { l.caller = nth("+91222555", i) }), ""},
		{"callers who are nobody are not one", with(5, func(_ int, l *leg) { l.caller = "anonymous" }), ""},
		{"at a different address each", with(5, func(i int, l *leg) { l.src = fmt.Sprintf("198.51.100.%d", i) }), "+912225550100|5|5|5|5|0|01:00:00"},
	})
}

func shortCallBursts(t *testing.T, db *asker) {
	const query = `SELECT source, caller, calls, legs, answered, cancelled, callees, callers, mean_duration_ms, last_at - first_at AS during
	                 FROM calltrail.short_call_bursts('2026-05-28 10:00Z', '2026-05-28 14:00Z', '10 minutes', '5 s', 4)`
	one := func(i int) leg { return leg{at: float64(i) * 200, callee: nth("+91120555", i), ms: 5000} }
	with := func(n int, change func(i int, l *leg)) []leg {
		return many(n, func(i int) leg { l := one(i); change(i, &l); return l })
	}
	const both = "198.51.100.7||4|4|4|0|4|1|5000|00:10:00; |+912225550100|4|4|4|0|4|1|5000|00:10:00"
	holdPatterns(t, db, query, []patternCase{
		{"four", many(4, one), both},
		{"three", many(3, one), ""},
		{"one of them a microsecond late", with(4, func(i int, l *leg) { l.at += float64(i/3) * 0.000001 }), ""},
		{"one of them a millisecond longer", with(4, func(i int, l *leg) { l.ms += int64(i / 3) }), ""},
		{"long ones between", with(8, func(i int, l *leg) { l.at, l.ms = float64(i)*85, int64(i%2)*60000 }), "198.51.100.7||4|4|4|0|4|1|0|00:08:30; |+912225550100|4|4|4|0|4|1|0|00:08:30"},
		{"rung once and cut off", with(4, func(_ int, l *leg) { l.disposition, l.ms = "cancelled", 3000 }), "198.51.100.7||4|4|0|4|4|1|3000|00:10:00; |+912225550100|4|4|0|4|4|1|3000|00:10:00"},
		{"rung longer", with(4, func(_ int, l *leg) { l.disposition, l.ms = "cancelled", 5001 }), ""},
		{"refused calls are not short ones", with(4, func(_ int, l *leg) { l.disposition = "rejected" }), ""},
		{"open ones neither", with(4, func(_ int, l *leg) { l.interim = true }), ""},
		{"another number each time", with(4, func(i int, l *leg) { l.caller = nth("+91222555", i) }), "198.51.100.7||4|4|4|0|4|4|5000|00:10:00"},
		{"another source each time", with(4, func(i int, l *leg) { l.src = fmt.Sprintf("198.51.100.%d", i) }), "|+912225550100|4|4|4|0|4|1|5000|00:10:00"},
		{"through a trunk", with(4, func(_ int, l *leg) { l.role = "trunk" }), "|+912225550100|4|4|4|0|4|1|5000|00:10:00"},
		{"neither is known", with(4, func(_ int, l *leg) { l.src, l.caller = "-", "-" }), ""},
		{"one call, forked", with(4, func(_ int, l *leg) { l.group, l.callee = 3, "" }), ""},
		{"one call, seen by two sensors", with(6, func(i int, l *leg) {
			l.at, l.callee, l.group, l.sensor = float64(i/2), nth("+91120555", i/2), 1+i/2, fmt.Sprintf("edge-%d", i%2)
		}), ""},
		{"a group to four is four calls", with(4, func(_ int, l *leg) { l.group = 3 }), both},
		{"revisions", append(many(3, one), leg{id: 9, revision: 1, interim: true}, leg{id: 9, revision: 2, ms: 60000}), ""},
		{
			"a later revision that is short", append(with(3, func(i int, l *leg) { l.at = float64(i) }), leg{id: 9, at: 4, revision: 1, interim: true}, leg{id: 9, at: 4, revision: 2, ms: 5000}),
			"198.51.100.7||4|4|4|0|4|1|5000|00:00:04; |+912225550100|4|4|4|0|4|1|5000|00:00:04",
		},
	})
}

func sequentialNumbers(t *testing.T, db *asker) {
	const query = `SELECT numbers_of, source, caller, run, first_number, last_number, calls, legs, last_at - first_at AS during
	                 FROM calltrail.sequential_numbers('2026-05-28 10:00Z', '2026-05-28 16:00Z', '10 minutes', 4)`
	one := func(i int) leg {
		return leg{at: float64(i) * 600, callee: nth("+91120555", 8+i), disposition: "failed"}
	}
	with := func(n int, change func(i int, l *leg)) []leg {
		return many(n, func(i int) leg { l := one(i); change(i, &l); return l })
	}
	const rest = "4|+911205550008|+911205550011|4|4|00:30:00"
	const both = "callee|198.51.100.7||" + rest + "; callee||+912225550100|" + rest
	holdPatterns(t, db, query, []patternCase{
		{"four callees", many(4, one), both},
		{"three", many(3, one), ""},
		{"four with a hole", with(4, func(i int, l *leg) { l.callee = nth("+91120555", i+i/3) }), ""},
		{"every second number", with(9, func(i int, l *leg) { l.callee = nth("+91120555", 2*i) }), ""},
		{"downwards", with(4, func(_ int, l *leg) { l.at = 1800 - l.at }), both},
		{"one step too late", with(4, func(i int, l *leg) { l.at += float64(i/3) * 0.000001 }), ""},
		{"a long run, slowly", many(30, one), "callee|198.51.100.7||30|+911205550008|+911205550037|30|30|04:50:00; callee||+912225550100|30|+911205550008|+911205550037|30|30|04:50:00"},
		{
			"one dialled again much later", append(many(4, one), leg{at: 20000, callee: nth("+91120555", 8), disposition: "failed"}),
			"callee|198.51.100.7||4|+911205550008|+911205550011|5|5|05:33:20; callee||+912225550100|4|+911205550008|+911205550011|5|5|05:33:20",
		},
		{
			"dialled once early, again in its turn", append(with(4, func(_ int, l *leg) { l.at += 9000 }), leg{callee: nth("+91120555", 9), disposition: "failed"}),
			"callee|198.51.100.7||4|+911205550008|+911205550011|5|5|03:00:00; callee||+912225550100|4|+911205550008|+911205550011|5|5|03:00:00",
		},
		{
			"four dialled twice each is a run of four", with(8, func(i int, l *leg) { l.at, l.callee = float64(i), nth("+91120555", 8+i/2) }),
			"callee|198.51.100.7||4|+911205550008|+911205550011|8|8|00:00:07; callee||+912225550100|4|+911205550008|+911205550011|8|8|00:00:07",
		},
		{"extensions", with(4, func(i int, l *leg) { l.callee = fmt.Sprint(98 + i) }), ""},
		{"extensions of one length, with zeros", with(4, func(i int, l *leg) { l.callee = fmt.Sprintf("%04d", 98+i) }), "callee|198.51.100.7||4|0098|0101|4|4|00:30:00; callee||+912225550100|4|0098|0101|4|4|00:30:00"},
		{"names and nobody", with(8, func(i int, l *leg) { l.callee = []string{"-", "alice", "bob1", "bob2"}[i%4] }), ""},
		{"numbers that are too long", with(4, func(i int, l *leg) { l.callee = fmt.Sprintf("1234567890123456%03d", i) }), ""},
		{"numbers shown, from one source", with(4, func(i int, l *leg) { l.callee, l.caller = "", nth("+91222555", i) }), "caller|198.51.100.7||4|+912225550000|+912225550003|4|4|00:30:00"},
		{"numbers shown, from a trunk", with(4, func(i int, l *leg) { l.callee, l.caller, l.role = "", nth("+91222555", i), "trunk" }), ""},
		{"callees of one caller through a trunk", with(4, func(_ int, l *leg) { l.role = "trunk" }), "callee||+912225550100|" + rest},
		{"by four callers from four sources", with(4, func(i int, l *leg) {
			l.caller, l.src = nth("+91222555", 7*i), fmt.Sprintf("198.51.100.%d", i)
		}), ""},
		{
			"two runs of one source", with(8, func(i int, l *leg) { l.callee = nth("+91120555", i+i/4*100) }),
			"callee|198.51.100.7||4|+911205550000|+911205550003|4|4|00:30:00; callee|198.51.100.7||4|+911205550104|+911205550107|4|4|00:30:00; " +
				"callee||+912225550100|4|+911205550000|+911205550003|4|4|00:30:00; callee||+912225550100|4|+911205550104|+911205550107|4|4|00:30:00",
		},
		{
			"a call that is tried again is one call", with(5, func(i int, l *leg) { l.group, l.callee = max(i, 1), nth("+91120555", 8+max(i, 1)-1) }),
			"callee|198.51.100.7||4|+911205550008|+911205550011|4|5|00:40:00; callee||+912225550100|4|+911205550008|+911205550011|4|5|00:40:00",
		},
	})
}
