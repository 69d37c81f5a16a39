package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// expectation is one row of an answer that is known from how its capture was made. $words stand for times, which are new
// whenever the capture is: they are taken from what tshark says of it.
type expectation struct {
	capture string // folder in pcaps/
	call    int    // of the capture's calls
	row     string // cells as `psql -At` prints them
}

var (
	// Calls of +442079460101: time, made or received, other party, called from, outcome, talked.
	callsOfNumber = []expectation{
		{"answered", 0, "$time|made|+912225550101|London, GB|answered|$talked"},
		{"busy", 0, "$time|received|+912225550101|Mumbai, IN|busy|"},
		{"cancel-race", 0, "$time|received|+912225550101|Mumbai, IN|answered|$talked"},
		{"cancelled", 0, "$time|received|+912225550101|Mumbai, IN|cancelled|"},
		{"early-media", 0, "$time|received|+912225550101|Mumbai, IN|answered|$talked"},
		{"failed-404", 0, "$time|made|+912225550199|London, GB|failed|"},
		{"fork", 0, "$time|made|+912225550101|London, GB|answered|$talked"},
		{"glare-491", 0, "$time|received|+912225550101|Mumbai, IN|answered|$talked"},
		{"ipv6", 0, "$time|made|+912225550101|London, GB|answered|$talked"},
		{"no-bye", 0, "$time|made|+912225550101|London, GB|in_progress|"},
		{"no-response", 0, "$time|received|+912225550101|Mumbai, IN|no_answer|"},
		{"redirected", 0, "$time|made|+912225550101|London, GB|redirected|"},
		{"refer-transfer", 1, "$time|received|+912225550101|Mumbai, IN|answered|$talked"},
		{"retransmissions", 0, "$time|received|+912225550101|Mumbai, IN|answered|$talked"},
		{"via-proxy", 0, "$time|received|+912225550101|Mumbai, IN|answered|$talked"},
	}
	// Calls to the hoax call's victim: time of day, after the hoax call, number shown, address, place, outcome, talked.
	callsToVictim = []expectation{
		{"auth-407", 0, "$clock|$after|alice|192.0.2.10|Mumbai, IN|answered|$talked"},
		{"hoax-call", 0, "$clock|00:00:00|+912225550100|198.51.100.130|Amsterdam, NL|answered|$talked"},
		{"no-answer", 0, "$clock|$after|+912225550101|192.0.2.10|Mumbai, IN|no_answer|"},
		{"refer-transfer", 0, "$clock|$after|+912225550101|192.0.2.10|Mumbai, IN|answered|$talked"},
		{"reinvite-hold", 0, "$clock|$after|+912225550101|192.0.2.10|Mumbai, IN|answered|$talked"},
	}
	// Calls from London: time, caller, called, address, outcome.
	callsFromLondon = []expectation{
		{"answered", 0, "$time|+442079460101|+912225550101|198.51.100.10|answered"},
		{"failed-404", 0, "$time|+442079460101|+912225550199|198.51.100.10|failed"},
		{"fork", 0, "$time|+442079460101|+912225550101|198.51.100.10|answered"},
		{"ipv6", 0, "$time|+442079460101|+912225550101|2001:db8:44::10|answered"},
		{"no-bye", 0, "$time|+442079460101|+912225550101|198.51.100.10|in_progress"},
		{"redirected", 0, "$time|+442079460101|+912225550101|198.51.100.10|redirected"},
	}
)

// demoAnswers are the expected answers by question, after so many earlier replays of captures that make so many records.
func demoAnswers(t *testing.T, root string, made, earlier int) map[string][]string {
	t.Helper()
	hoax := dissected(t, root, "hoax-call")
	at, sound := hoax.Calls[0].Invite.Time, hoax.use("198.51.100.130", 20000)
	return map[string][]string{
		"1-home-numbers-from-abroad.sql": {
			"time, IST|" + ist(at).Format(time.DateTime),
			"time, UTC|" + at.UTC().Format(time.DateTime),
			"number shown|+912225550100",
			"name shown|Police Control Room",
			"number asserted|+442079460123",
			"called|+911205550170",
			fmt.Sprintf("outcome|answered, %d s", int(hoax.Calls[0].talked().Seconds())),
			"came from|198.51.100.130 port 5060",
			"place|Amsterdam, NL",
			"network|Example Hosting B.V., AS64499, hosting",
			"indicators|foreign_source_home_number, asserted_differs, barred_prefix, hosting_source",
		},
		"2-calls-of-a-number.sql": rowsOf(t, root, callsOfNumber, at, math.MinInt64, math.MaxInt64),
		"3-who-called-this-victim.sql": rowsOf(t, root, callsToVictim, at,
			-10*time.Minute, 10*time.Minute),
		"4-calls-from-a-place.sql": rowsOf(t, root, callsFromLondon, at, -time.Hour, -time.Microsecond),
		"5-who-used-this-address.sql": {
			"used, IST|" + ist(sound[0]).Format(time.DateTime) + " to " + ist(sound[1]).Format(time.TimeOnly),
			"used, UTC|" + sound[0].UTC().Format(time.DateTime) + " to " + sound[1].UTC().Format(time.TimeOnly),
			"used for|media_from_caller, media_signalled, media_to_caller",
			"number shown|+912225550100",
			"number asserted|+442079460123",
			"called|+911205550170",
			"Call-ID|hoax-call-1@198.51.100.130",
		},
		// The epoch is the time the spool was made.
		"6-sequence-completeness.sql": {fmt.Sprintf("replay|*|1|%d|none|%d|%d|0", made*(earlier+1), made, made*earlier)},
	}
}

// rowsOf are the rows of calls that began so long after the hoax call, in the order of time.
func rowsOf(t *testing.T, root string, all []expectation, hoax time.Time, from, to time.Duration) []string {
	t.Helper()
	type row struct {
		at   time.Time
		text string
	}
	var rows []row
	for _, e := range all {
		c := dissected(t, root, e.capture).Calls[e.call]
		after := c.Invite.Sub(hoax)
		if after < from || after > to {
			continue
		}
		rows = append(rows, row{c.Invite.Time, strings.NewReplacer(
			"$time", ist(c.Invite.Time).Format(time.DateTime),
			"$clock", ist(c.Invite.Time).Format(time.TimeOnly),
			"$after", interval(after),
			"$talked", interval(c.talked()),
		).Replace(e.row)})
	}
	slices.SortFunc(rows, func(a, b row) int { return a.at.Compare(b.at) })
	texts := make([]string, len(rows))
	for i, r := range rows {
		texts[i] = r.text
	}
	return texts
}

// dissection is what of pcaps/<case>/tshark.json is needed here (pcaps/README.md).
type dissection struct {
	Calls   []dissectedCall `json:"calls"`
	Streams []struct {
		Src   string  `json:"src"`
		Sport int     `json:"sport"`
		Dst   string  `json:"dst"`
		Dport int     `json:"dport"`
		First seconds `json:"first_ts"`
		Last  seconds `json:"last_ts"`
	} `json:"rtp_streams"`
}

type dissectedCall struct {
	Invite seconds  `json:"invite_ts"`
	Answer *seconds `json:"answer_ts"`
	End    *seconds `json:"end_ts"`
}

// talked is the time from answer to end, 0 when there was none.
func (c dissectedCall) talked() time.Duration {
	if c.Answer == nil || c.End == nil {
		return 0
	}
	return c.End.Sub(c.Answer.Time)
}

// use is from when to when streams went from or to an address and port.
func (d dissection) use(ip string, port int) [2]time.Time {
	var span [2]time.Time
	for _, s := range d.Streams {
		if (s.Src != ip || s.Sport != port) && (s.Dst != ip || s.Dport != port) {
			continue
		}
		if span[0].IsZero() || s.First.Before(span[0]) {
			span[0] = s.First.Time
		}
		if s.Last.After(span[1]) {
			span[1] = s.Last.Time
		}
	}
	return span
}

// seconds is a time written as seconds since 1970 with up to six decimals.
type seconds struct{ time.Time }

func (s *seconds) UnmarshalJSON(b []byte) error {
	var v float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	s.Time = time.UnixMicro(int64(math.Round(v * 1e6)))
	return nil
}

func dissected(t *testing.T, root, capture string) dissection {
	t.Helper()
	var d dissection
	text, err := os.ReadFile(filepath.Join(root, "pcaps", capture, "tshark.json"))
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatalf("pcaps/%s: %v", capture, err)
	}
	return d
}

// ist is India's time: UTC+05:30, never shifted.
func ist(at time.Time) time.Time { return at.In(time.FixedZone("IST", 5*3600+30*60)) }

// interval is how Postgres prints whole seconds, below a day.
func interval(d time.Duration) string {
	sign, s := "", int(d/time.Second)
	if s < 0 {
		sign, s = "-", -s
	}
	return fmt.Sprintf("%s%02d:%02d:%02d", sign, s/3600, s/60%60, s%60)
}
