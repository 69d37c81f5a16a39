package app

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/flow"
	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/app"
)

// Reading the lines of a ladder: see ladder_test.go.

// step is one thing that happens in a ladder.
type step struct {
	at     int64
	event  *flow.Event
	tap    uint16
	stream *media.Observed
	sip    *decode.Endpoint
	end    bool
}

var facts = map[string]flow.Facts{
	"asked": flow.Asked, "answered": flow.Answered, "ice": flow.ICE | flow.Asked, "turn": flow.TURN | flow.Asked,
	"allocated": flow.Allocated | flow.TURN | flow.Asked, "hello": flow.Hello, "established": flow.Established,
}

// mediaRate is how many packets of media a flow of a ladder has in a second, each way, and mediaOctets their size.
const (
	mediaRate   = 50
	mediaOctets = 100
)

// parseFlow makes the events of a flow.
func parseFlow(t testing.TB, fields []string, serials map[string]uint32) []step {
	t.Helper()
	src, dst, ok := strings.Cut(fields[1], ">")
	if !ok {
		t.Fatalf("%q: no flow", fields[1])
	}
	f := flow.Flow{Client: endpoint(t, src), Server: endpoint(t, dst), Serial: serials[fields[1]]}
	serials[fields[1]]++
	f.First, f.Last = span(t, fields[0])
	f.Up, f.Down = flow.Volume{Packets: 2, Octets: 200}, flow.Volume{Packets: 2, Octets: 200}
	closed, evicted, oneWay, tap := f.Last+15e9, false, false, uint16(0)
	known := f.First + 100e6
	var plays []func(*flow.Flow)
	var playing int64
	var named []flow.Learned
	for _, a := range fields[2:] {
		key, value, _ := strings.Cut(a, "=")
		switch key {
		case "weak", "likely", "certain":
			level := map[string]app.Confidence{"weak": app.Weak, "likely": app.Likely, "certain": app.Certain}[key]
			f.Marks.Join(rules(t, value, level))
		case "webrtc":
			for _, id := range []app.ID{app.WebRTCICE, app.WebRTCDTLS, app.WebRTCSRTP} {
				f.Marks.Add(id)
			}
		case "attempt":
			f.Marks.Join(trying(t, value))
		case "cred":
			n, _ := strconv.ParseUint(value, 10, 64)
			f.Credential = n
		case "mapped", "peer", "relayed":
			role := map[string]flow.Role{"mapped": flow.Mapped, "peer": flow.Peer, "relayed": flow.Relayed}[key]
			named = append(named, flow.Learned{Role: role, End: endpoint(t, value)})
		case "rtp", "sealed", "other":
			from, to := span(t, value)
			f.FirstMedia, f.LastMedia = earlier(f.FirstMedia, from), max(f.LastMedia, to)
			n := uint64(to-from) * mediaRate / 1e9
			plays = append(plays, func(f *flow.Flow) {
				for _, v := range []*flow.Volume{&f.Up, &f.Down} {
					if oneWay && v == &f.Down {
						break
					}
					v.Packets += n
					v.Octets += n * mediaOctets
					switch key {
					case "rtp":
						v.RTP += n
					case "sealed":
						v.Sealed += n
					case "other":
						v.Other += n
					}
				}
				if oneWay || to < from+1e9 {
					return
				}
				f.PlayingRTP = f.PlayingRTP || key == "rtp"
				f.PlayingOther = f.PlayingOther || key == "other"
				f.PlayingSealed = f.PlayingSealed || key == "sealed"
			})
			if to >= from+1e9 {
				playing = earlier(playing, from+1e9)
			}
		case "oneway":
			oneWay = true
			f.Down = flow.Volume{}
		case "types":
			for d, v := range strings.Split(value, "/") {
				n, _ := strconv.ParseUint(v, 10, 7)
				f.Types[d][0] = flow.PayloadType{Type: uint8(n), Packets: 100}
			}
		case "ssrc":
			for d, v := range strings.Split(value, "/") {
				n, _ := strconv.ParseUint(v, 10, 32)
				f.Types[d][0] = flow.PayloadType{Type: 111, Packets: 100, SSRC: uint32(n)}
			}
		case "once": // the stream came too seldom to be believed in
			f.Types[0][0].Packets, f.Types[1][0].Packets = 2, 2
		case "scope":
			n, _ := strconv.ParseUint(value, 10, 32)
			f.Scope = uint32(n)
		case "tap":
			n, _ := strconv.ParseUint(value, 10, 16)
			tap = uint16(n)
		case "at":
			known = seconds(t, value)
		case "evicted":
			closed, evicted = seconds(t, value), true
		default:
			fact, ok := facts[key]
			if !ok {
				t.Fatalf("%q is nothing that a flow has", a)
			}
			f.Facts |= fact
		}
	}
	if f.LastMedia != 0 && !evicted {
		closed = min(closed, f.LastMedia+30e9)
		f.Last = min(f.Last, closed)
	}
	full := f
	f.Last, f.LastMedia = f.First, 0
	fm := f.FirstMedia
	f.FirstMedia = 0
	notice := f.First + 100e6
	learn := func(f *flow.Flow) { f.NumLearned = uint8(copy(f.Learned[:], named)) }
	if known == notice {
		learn(&f)
	}
	steps := []step{{at: notice, event: &flow.Event{Flow: f, Kind: flow.Noticed, Now: notice}, tap: tap}}
	if known > notice {
		later := f
		learn(&later)
		later.Last = known
		steps = append(steps, step{at: known, event: &flow.Event{Flow: later, Kind: flow.Noticed, Now: known}, tap: tap})
	}
	if playing != 0 && !oneWay {
		at := f
		if known < playing {
			learn(&at)
		}
		at.Last, at.FirstMedia, at.LastMedia = playing, fm, playing
		for _, play := range plays {
			play(&at)
		}
		// As much as there was in that second.
		for _, v := range []*flow.Volume{&at.Up, &at.Down} {
			v.Packets = 2 + mediaRate
			v.RTP, v.Sealed, v.Other = min(v.RTP, mediaRate), min(v.Sealed, mediaRate), min(v.Other, mediaRate)
		}
		steps = append(steps, step{at: playing, event: &flow.Event{Flow: at, Kind: flow.Playing, Now: playing}, tap: tap})
	}
	for _, play := range plays {
		play(&full)
	}
	learn(&full)
	return append(steps, step{at: closed, event: &flow.Event{Flow: full, Kind: flow.Closed, Now: closed, Evicted: evicted}, tap: tap})
}

func parseStream(t testing.TB, fields []string) step {
	t.Helper()
	src, dst, _ := strings.Cut(fields[2], ">")
	o := &media.Observed{Flow: media.Flow{Src: endpoint(t, src), Dst: endpoint(t, dst)}}
	at := seconds(t, fields[0])
	o.First, o.Last, o.Packets, o.PayloadType = at-40e9, at-30e9, 1, 0
	for _, a := range fields[3:] {
		key, value, _ := strings.Cut(a, "=")
		if key == "last" {
			o.Last = seconds(t, value)
			continue
		}
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		switch key {
		case "ssrc":
			o.Flow.SSRC = uint32(n)
		case "packets":
			o.Packets = n
		case "pt":
			o.PayloadType = uint8(n)
		default:
			t.Fatalf("%q is nothing that a stream has", a)
		}
	}
	return step{at: at, stream: o}
}

// parse reads the lines of a ladder.
func parse(t testing.TB, lines []string) (cfg Config, steps []step) {
	t.Helper()
	serials := map[string]uint32{}
	var last, end int64
	for _, line := range lines {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] == "=":
		case fields[0] == "!":
			for _, a := range fields[1:] {
				configure(t, &cfg, a)
			}
		case fields[1] == "end":
			end = seconds(t, fields[0])
		case fields[1] == "stream":
			steps = append(steps, parseStream(t, fields))
		case fields[1] == "sip":
			e := endpoint(t, fields[2])
			from, until, ends := strings.Cut(fields[0], "-")
			steps = append(steps, step{at: seconds(t, from), sip: &e})
			if ends {
				steps = append(steps, step{at: seconds(t, until), sip: &e})
			}
		default:
			steps = append(steps, parseFlow(t, fields, serials)...)
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	for _, s := range steps {
		last = max(last, s.at)
	}
	if end == 0 {
		end = last + 400e9
	}
	// At the end of the input the flows that are open are closed.
	for i := range steps {
		if s := &steps[i]; s.at > end {
			if s.event == nil || s.event.Kind != flow.Closed {
				t.Fatal("more happens after the end")
			}
			s.at, s.event.Now, s.event.Ended = end, end, true
		}
	}
	return cfg, append(steps, step{at: end, end: true})
}

func configure(t testing.TB, cfg *Config, a string) {
	t.Helper()
	key, value, _ := strings.Cut(a, "=")
	d, err := time.ParseDuration(value)
	n, _ := strconv.Atoi(value)
	switch key {
	case "Sessions":
		cfg.Sessions, err = n, nil
	case "Learned":
		cfg.Learned, err = n, nil
	case "Together":
		cfg.Together = d
	default:
		err = fmt.Errorf("%q is no setting", key)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func endpoint(t testing.TB, s string) decode.Endpoint {
	t.Helper()
	name, p, _ := strings.Cut(s, ":")
	port, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	if known, ok := hosts[name]; ok {
		name = known
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		t.Fatalf("host of %q: %v", s, err)
	}
	return decode.EndpointOf(netip.AddrPortFrom(ip, uint16(port)))
}

func seconds(t testing.TB, s string) int64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return epoch + int64(v*1e3+0.5)*1e6
}

func span(t testing.TB, s string) (from, to int64) {
	t.Helper()
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		t.Fatalf("%q is no time span", s)
	}
	return seconds(t, a), seconds(t, b)
}

// given are the answers of rules.
var given = map[string]app.Marks{}

// rules finds marks by which decode/app names an application with just the confidence asked for, whatever numbers they have.
func rules(t testing.TB, name string, want app.Confidence) app.Marks {
	t.Helper()
	key := name + want.String()
	if m, ok := given[key]; ok {
		return m
	}
	for i := range app.ID(app.MaxRules) {
		for j := range i + 1 {
			var m app.Marks
			m.Add(i)
			m.Add(j)
			tries := app.Attempts()
			if n, c, _ := app.Judge(m); n.String() == name && c == want && !tries.Has(i) && !tries.Has(j) {
				given[key] = m
				return m
			}
		}
	}
	t.Fatalf("no rules give %s %s", name, want)
	return app.Marks{}
}

// trying are marks by which an application sets up a call.
func trying(t testing.TB, name string) app.Marks {
	t.Helper()
	tries := app.Attempts()
	for i := range app.ID(app.MaxRules) {
		var one app.Marks
		one.Add(i)
		if n, _, _ := app.Judge(one); tries.Has(i) && n.String() == name {
			return one
		}
	}
	t.Fatalf("%s has no rule for attempts", name)
	return app.Marks{}
}
