package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

const (
	nearTshark   = time.Millisecond      // the kernel takes the time of a packet once; the row has it to the microsecond
	nearKamailio = 50 * time.Millisecond // the proxy reads its own clock, once it is scheduled
)

// apart is a fault when a row's time is not near a witness's; both may be none.
func apart(what string, row *time.Time, witness time.Time, near time.Duration) (faults []string) {
	switch {
	case row == nil && witness.IsZero():
	case row == nil || witness.IsZero():
		faults = append(faults, fmt.Sprintf("%s: the row has %v, the witness %v", what, row, witness))
	case row.Sub(witness).Abs() > near:
		faults = append(faults, fmt.Sprintf("%s: the row has %v, the witness %v: %v apart, want at most %v", what, row, witness, row.Sub(witness), near))
	}
	return faults
}

// tsharkFaults holds rows to what tshark saw on the same tap: each call, and each RTP stream to the packet.
func tsharkFaults(rows []liveRow, o testnet.Opinion) []string {
	return append(callsFaults(rows, o.Calls), streamFaults(rows, o.Streams)...)
}

// callsFaults holds rows to tshark's calls.
func callsFaults(rows []liveRow, calls []testnet.Call) (faults []string) {
	if len(rows) != len(calls) {
		faults = append(faults, fmt.Sprintf("%d rows, tshark has %d calls", len(rows), len(calls)))
	}
	for _, c := range calls {
		i := slices.IndexFunc(rows, func(r liveRow) bool { return r.CallID == c.CallID })
		if i < 0 {
			faults = append(faults, "no row of "+c.CallID)
			continue
		}
		r := &rows[i]
		for _, x := range []struct{ what, row, tshark string }{
			{"caller", r.Caller, c.FromUser},
			{"callee", r.Callee, c.ToUser},
			{"source", strings.TrimSuffix(r.SrcIP, "/32") + " " + strconv.Itoa(r.SrcPort), c.SrcIP + " " + strconv.Itoa(c.SrcPort)},
			{"status", strconv.Itoa(r.Status), strconv.Itoa(c.Status)},
		} {
			if x.row != x.tshark {
				faults = append(faults, fmt.Sprintf("%s: %s: the row has %q, tshark %q", c.CallID, x.what, x.row, x.tshark))
			}
		}
		if c.ByeFrom != "" && r.EndedBy != c.ByeFrom {
			faults = append(faults, fmt.Sprintf("%s: ended by %q, tshark: %q", c.CallID, r.EndedBy, c.ByeFrom))
		}
		faults = slices.Concat(faults,
			apart(c.CallID+" started_at", r.Started, c.Invite.Time, nearTshark),
			apart(c.CallID+" ringing_at", r.Rang, c.Rang.Time, nearTshark),
			apart(c.CallID+" answered_at", r.Answered, c.Answer.Time, nearTshark),
			apart(c.CallID+" ended_at", r.Ended, c.End.Time, nearTshark))
	}
	return faults
}

// streamFaults holds the media of rows to tshark's streams: the same ones, with the same number of packets.
func streamFaults(rows []liveRow, streams []testnet.Stream) (faults []string) {
	got := packetsOf(rows)
	for _, s := range streams {
		key := streamKey(s.Src, s.Sport, s.Dst, s.Dport, s.SSRC)
		if got[key] != s.Packets {
			faults = append(faults, fmt.Sprintf("RTP %s: %d packets in rows, tshark has %d", key, got[key], s.Packets))
		}
		delete(got, key)
	}
	for key := range got {
		faults = append(faults, "RTP "+key+" is in rows, and tshark did not see it")
	}
	return faults
}

// packetsOf are the RTP packets of rows, by stream.
func packetsOf(rows []liveRow) map[string]uint64 {
	got := map[string]uint64{}
	for i := range rows {
		for _, m := range rows[i].Media {
			if m.Observed != nil && m.SSRC != nil {
				got[streamKey(m.Observed.Src.IP, m.Observed.Src.Port, m.Observed.Dst.IP, m.Observed.Dst.Port, fmt.Sprintf("0x%08x", *m.SSRC))] += m.Packets
			}
		}
	}
	return got
}

func streamKey(src string, sport int, dst string, dport int, ssrc string) string {
	return fmt.Sprintf("%s %d to %s %d %s", src, sport, dst, dport, ssrc)
}

// kamailioFaults holds a row to the proxy's accounting of the call.
func kamailioFaults(r *liveRow, accounts []testnet.Account) (faults []string) {
	for _, a := range accounts {
		if a.Method == "BYE" && r.EndedBy == "callee" {
			a.Caller, a.Callee = a.Callee, a.Caller // From is who sends the request
		}
		if a.Caller != r.Caller || a.Callee != r.Callee {
			faults = append(faults, fmt.Sprintf("%s: the row has %s to %s, kamailio %s to %s", r.CallID, r.Caller, r.Callee, a.Caller, a.Callee))
		}
		switch a.Method {
		case "INVITE":
			faults = append(faults, apart(r.CallID+" started_at", r.Started, a.Began, nearKamailio)...)
			if r.Status != a.Code {
				faults = append(faults, fmt.Sprintf("%s: status %d, kamailio accounts for %d", r.CallID, r.Status, a.Code))
			}
			final := r.Ended
			if a.Code < 300 {
				final = r.Answered
			}
			faults = append(faults, apart(r.CallID+" final response", final, a.At, nearKamailio)...)
		case "BYE":
			faults = append(faults, apart(r.CallID+" BYE", r.Ended, a.Began, nearKamailio)...)
		}
	}
	return faults
}

// The comparisons of the live tests find what differs: each of these changes makes one fault more.
func TestLiveFaults(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	plus := func(d time.Duration) *time.Time { v := at.Add(d); return &v }
	ssrc := uint32(0xabc)
	row := func() []liveRow {
		r := liveRow{
			CallID: "c", Status: 200, Caller: "alice", Callee: "bob", SrcIP: "192.0.2.10/32", SrcPort: 5060,
			Started: plus(0), Rang: plus(1), Answered: plus(2), Ended: plus(3), EndedBy: "caller",
		}
		r.Media = []liveStream{{SSRC: &ssrc, Packets: 50, Observed: &struct{ Src, Dst liveAddress }{
			liveAddress{"192.0.2.10", 20000}, liveAddress{"198.51.100.10", 20000},
		}}}
		return []liveRow{r}
	}
	moment := func(d time.Duration) testnet.Moment { return testnet.Moment{Time: at.Add(d)} }
	o := testnet.Opinion{Calls: []testnet.Call{{
		CallID: "c", FromUser: "alice", ToUser: "bob", SrcIP: "192.0.2.10", SrcPort: 5060, Status: 200, ByeFrom: "caller",
		Invite: moment(0), Rang: moment(1), Answer: moment(2), End: moment(3),
	}}, Streams: []testnet.Stream{{
		Src: "192.0.2.10", Sport: 20000, Dst: "198.51.100.10", Dport: 20000, SSRC: "0x00000abc", Packets: 50,
	}}}
	accounts := []testnet.Account{
		{Method: "INVITE", CallID: "c", Code: 200, Caller: "alice", Callee: "bob", Began: at, At: at},
		{Method: "BYE", CallID: "c", Code: 200, Caller: "alice", Callee: "bob", Began: at, At: at},
	}
	if f := tsharkFaults(row(), o); f != nil {
		t.Errorf("what is the same: %q", f)
	}
	for name, change := range map[string]func(*liveRow){
		"caller":      func(r *liveRow) { r.Caller = "eve" },
		"callee":      func(r *liveRow) { r.Callee = "eve" },
		"source":      func(r *liveRow) { r.SrcPort++ },
		"status":      func(r *liveRow) { r.Status = 486 },
		"ended by":    func(r *liveRow) { r.EndedBy = "callee" },
		"started_at":  func(r *liveRow) { r.Started = plus(2 * time.Millisecond) },
		"ringing_at":  func(r *liveRow) { r.Rang = nil },
		"answered_at": func(r *liveRow) { r.Answered = plus(-2 * time.Millisecond) },
		"ended_at":    func(r *liveRow) { r.Ended = plus(time.Second) },
		"call":        func(r *liveRow) { r.CallID = "d" },
		"packets":     func(r *liveRow) { r.Media[0].Packets-- },
		"stream":      func(r *liveRow) { r.Media = nil },
	} {
		changed := row()
		change(&changed[0])
		if f := tsharkFaults(changed, o); len(f) != 1 {
			t.Errorf("%s: %d faults %q, want 1", name, len(f), f)
		}
	}
	for name, change := range map[string]func(*testnet.Account){
		"code":  func(a *testnet.Account) { a.Code = 201 },
		"began": func(a *testnet.Account) { a.Began = at.Add(time.Second) },
		"at":    func(a *testnet.Account) { a.At = at.Add(time.Second) },
		"user":  func(a *testnet.Account) { a.Caller = "eve" },
	} {
		r, changed := row(), slices.Clone(accounts)
		change(&changed[0])
		if f := kamailioFaults(&r[0], changed); len(f) != 1 {
			t.Errorf("accounting, %s: %d faults %q, want 1", name, len(f), f)
		}
	}
}
