package pipeline_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/decode/tcp"
)

// How packets come must not matter: whatever cuts them into fragments, moves the cuts of their TCP streams, wraps them into
// tunnels or shows them twice, the records are the same octets.

// carriageSeeds is how many random carriages each property is tried with; CALLTRAIL_SEEDS says another number.
func carriageSeeds(t *testing.T, otherwise int) uint64 {
	t.Helper()
	if text := os.Getenv("CALLTRAIL_SEEDS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return uint64(otherwise) / 10
	}
	return uint64(otherwise)
}

// signallingPorts are those that the captures have SIP and WebSocket on: pieces of a few octets do not begin like SIP.
func signallingPorts(c *pipeline.Config) {
	c.SIPPorts = []tcp.Ports{{First: 5060, Last: 5099}, {First: 80, Last: 80}}
}

// carriedCase is a capture and its records.
type carriedCase struct {
	name    string
	packets []capture.Packet
	want    [][]byte
	stats   pipeline.Stats
}

// carriageCases are the captures of pcaps/ that take choose, some calls of callgen, and the same ones with the coarse clock that
// gives many segments one time.
func carriageCases(t *testing.T, choose func(name string) bool) (cases []carriedCase) {
	t.Helper()
	all := captures(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if choose(name) {
			cases = append(cases, carriedCase{name: name, packets: packetsOf(t, all[name])})
		}
	}
	if choose("callgen") {
		cases = append(cases, carriedCase{name: "callgen", packets: drain(t, generate(t, 12, 77).source(t))})
	}
	for _, c := range cases {
		cases = append(cases, carriedCase{name: c.name + ", coarse", packets: coarse(c.packets)})
	}
	for i := range cases {
		out, stats := replay(t, &packets{list: cases[i].packets}, signallingPorts)
		cases[i].want, cases[i].stats = observed(t, out.bodies), stats
	}
	return cases
}

// overTCP are the captures with SIP over TCP and WebSocket.
func overTCP(name string) bool {
	return slices.Contains([]string{"tcp", "tcp-segments", "register-tcp", "udp-to-tcp", "websocket"}, name)
}

func anyCase(string) bool { return true }

// tried runs a property: change makes another carriage of a capture's packets, whose records, as strip leaves them, must be
// those of the capture, for one worker and for eight.
func tried(
	t *testing.T, cases []carriedCase, seeds uint64, change func(r *rand.Rand, list []capture.Packet) ([]capture.Packet, string),
	strip func([][]byte) [][]byte,
) {
	t.Helper()
	for seed := range seeds {
		c := &cases[seed%uint64(len(cases))]
		list, how := change(rand.New(rand.NewPCG(seed, 1)), c.packets)
		for _, workers := range []int{1, 8} {
			out, stats := replay(t, &packets{list: list}, func(cfg *pipeline.Config) {
				signallingPorts(cfg)
				cfg.Workers = workers
			})
			what := fmt.Sprintf("seed %d, %s, %s, %d workers", seed, c.name, how, workers)
			same(t, what, strip(observed(t, out.bodies)), strip(c.want))
			if stats.Carriage.Messages != c.stats.Carriage.Messages {
				t.Errorf("%s: %d messages, want %d", what, stats.Carriage.Messages, c.stats.Carriage.Messages)
			}
			if s := &stats.Carriage; s.Streams.Gaps+s.Streams.Overlaps+s.Streams.Resyncs+s.Fragments.Overlaps+s.Fragments.Refused !=
				0 && c.stats.Carriage.Streams.Gaps == 0 {
				t.Errorf("%s: %+v", what, s)
			}
			if t.Failed() {
				t.Fatalf("%s: try CALLTRAIL_SEEDS=%d alone", what, seed+1)
			}
		}
	}
}

// strip functions.

func allOfIt(records [][]byte) [][]byte { return records }

var tunnelMembers = regexp.MustCompile(`"record_id":"[^"]*"|,"tunnel":\[[^]]*\]|,"vlan":\[[^]]*\]`)

// withoutTunnels leaves out what a record says of tunnels, and the identity that follows from it.
func withoutTunnels(records [][]byte) (list [][]byte) {
	for _, r := range records {
		list = append(list, tunnelMembers.ReplaceAll(r, nil))
	}
	slices.SortFunc(list, func(a, b []byte) int { return strings.Compare(string(a), string(b)) })
	return list
}

var duplicateMembers = regexp.MustCompile(`"record_id":"[^"]*"|,"duplicates":\d+`)

// withoutDuplicates leaves out how often the packets of a stream came again.
func withoutDuplicates(records [][]byte) (list [][]byte) {
	for _, r := range records {
		list = append(list, duplicateMembers.ReplaceAll(r, nil))
	}
	return withoutTunnels(list)
}

// fragmentedAnyhow draws how packets are cut into fragments.
func fragmentedAnyhow(r *rand.Rand, list []capture.Packet) ([]capture.Packet, string) {
	return fragmentedFrom(r, list, 0)
}

// fragmentedFurther cuts what fragmentedAnyhow has left whole, or what has been wrapped since.
func fragmentedFurther(r *rand.Rand, list []capture.Packet) ([]capture.Packet, string) {
	return fragmentedFrom(r, list, 1)
}

func fragmentedFrom(r *rand.Rand, list []capture.Packet, id uint32) ([]capture.Packet, string) {
	f := &fragmenter{r: r, share: 1 + r.IntN(100), most: 1 + r.IntN(12), id: id}
	return f.fragmented(list), fmt.Sprintf("%d%% in fragments, up to about %d", f.share, f.most+1)
}

func segmentedAnyhow(r *rand.Rand, list []capture.Packet) ([]capture.Packet, string) {
	c := &streamCutter{r: r, ordered: r.IntN(3) == 0}
	return c.cut(list), fmt.Sprintf("segments elsewhere, in order %t", c.ordered)
}

func wrappedAnyhow(r *rand.Rand, list []capture.Packet) ([]capture.Packet, string) {
	w := newWrapper(r)
	return w.wrapped(list), fmt.Sprintf("in %s, IPv6 %t", strings.Join(w.stack, " in "), w.v6)
}

// Packets of any kind may come in fragments, of which some come again and in any order.
func TestFragmentsGiveTheSameRecords(t *testing.T) {
	tried(t, carriageCases(t, anyCase), carriageSeeds(t, 200), fragmentedAnyhow, allOfIt)
}

// A TCP stream may be cut into segments anywhere, and they may overtake each other, come again and overlap.
func TestSegmentsGiveTheSameRecords(t *testing.T) {
	tried(t, carriageCases(t, overTCP), carriageSeeds(t, 200), segmentedAnyhow, allOfIt)
}

// Tunnels change nothing but what is said of them.
func TestTunnelsGiveTheSameRecords(t *testing.T) {
	tried(t, carriageCases(t, anyCase), carriageSeeds(t, 200), wrappedAnyhow, withoutTunnels)
}

// All of that together: segments elsewhere, in fragments, in tunnels, in fragments.
func TestAnyCarriageGivesTheSameRecords(t *testing.T) {
	tried(t, carriageCases(t, anyCase), carriageSeeds(t, 200), func(r *rand.Rand, list []capture.Packet) ([]capture.Packet, string) {
		var how []string
		for _, change := range []func(*rand.Rand, []capture.Packet) ([]capture.Packet, string){
			segmentedAnyhow, fragmentedAnyhow, wrappedAnyhow, fragmentedFurther,
		} {
			if r.IntN(4) > 0 {
				var one string
				list, one = change(r, list)
				how = append(how, one)
			}
		}
		return list, strings.Join(how, "; ")
	}, withoutTunnels)
}

// A mirror port that shows each packet twice, at once or a moment later, adds duplicates to media and nothing else: over TCP,
// in fragments, and in tunnels.
func TestMirroredCarriage(t *testing.T) {
	tried(t, carriageCases(t, anyCase), carriageSeeds(t, 200), func(r *rand.Rand, list []capture.Packet) ([]capture.Packet, string) {
		how := "plain"
		switch r.IntN(4) {
		case 0:
			list, how = fragmentedAnyhow(r, list)
		case 1:
			list, how = segmentedAnyhow(r, list)
		case 2:
			list, how = wrappedAnyhow(r, list)
		}
		after := int64(r.IntN(3)) * 20_000 // ns
		var twice []capture.Packet
		for _, p := range list {
			twice = append(twice, p)
			p.Time += after
			twice = append(twice, p)
		}
		slices.SortStableFunc(twice, func(a, b capture.Packet) int { return int(a.Time - b.Time) })
		return twice, fmt.Sprintf("%s, mirrored %d ns later", how, after)
	}, withoutDuplicates)
}
