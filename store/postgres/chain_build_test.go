package postgres

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/uuid"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/spool"
)

// builder makes valid entries of one chain.
type builder struct {
	tb     testing.TB
	sensor string
	epoch  uint64
	seq    uint64
	prev   [sha256.Size]byte
}

// chainSensor is the sensor of the tests' chains.
const chainSensor = "edge-1"

func newChain(tb testing.TB) *builder {
	return &builder{tb: tb, sensor: chainSensor, epoch: 1780000000000000, prev: spool.Genesis(chainSensor, nil)}
}

// body makes the next entry of any bytes.
func (b *builder) body(body []byte) store.Item {
	b.seq++
	e := spool.Entry{Sensor: b.sensor, Epoch: b.epoch, Seq: b.seq, Prev: b.prev, Leaf: sha256.Sum256(body), Body: body}
	e.Hash = spool.Link(e.Prev, e.Epoch, e.Seq, e.Leaf)
	b.prev = e.Hash
	return store.Item{Entry: e, Origin: fmt.Sprintf("test %s %d", b.sensor, b.seq)}
}

// call makes the next entry of a call record.
func (b *builder) call(c record.Call) store.Item {
	b.tb.Helper()
	body, err := json.Marshal(&c)
	if err != nil {
		b.tb.Fatal(err)
	}
	return b.body(body)
}

// calls makes n entries of n different calls, the numbers from first on.
func (b *builder) calls(first, n int) []store.Item {
	b.tb.Helper()
	items := make([]store.Item, n)
	for i := range items {
		items[i] = b.call(b.sample(first + i))
	}
	return items
}

// sample is a plausible record of call number n: two seconds apart, from different addresses and numbers.
func (b *builder) sample(n int) record.Call {
	started := record.Time(1779962400000000 + int64(n)*2000000) // 2026-05-28T10:00:00Z and on
	answered, ended := started+4000000, started+64000000
	duration, ring, status, latitude, longitude, accuracy := int64(60000), int64(3000), 200, 51.5085, -0.1257, uint16(20)
	payload, ssrc, packets, octets, lost, jitter := uint8(8), uint32(0x1000+n), uint64(3000), uint64(480000), uint64(2), 1.25
	caller := netip.AddrFrom4([4]byte{203, 0, 113, byte(n)})
	callee := netip.MustParseAddr("198.51.100.10")
	return record.Call{
		RecordID: ordered(started, n), Schema: record.SchemaCall, CallUID: numbered("call", n), Revision: 1, Final: true,
		Kind: record.KindSIP, Day: started.Day(), Sensor: b.sensor, Direction: "terminating",
		Caller: record.Party{
			Raw: fmt.Sprintf(`"Test" <sip:+9122555%05d@example.net>;tag=a%d`, n, n), Display: "Test", User: fmt.Sprintf("+9122555%05d", n),
			Host: "example.net", Number: record.Number{E164: fmt.Sprintf("+9122555%05d", n), Country: "IN", RangeRegion: "Mumbai", NumberType: "fixed_line"},
		},
		Callee: record.Party{Raw: "<sip:+911205550100@example.org>", User: "+911205550100", Host: "example.org", Number: record.Number{E164: "+911205550100", Country: "IN"}},
		ReqURI: "sip:+911205550100@example.org;user=phone",
		SIP: &record.SIP{
			CallID: fmt.Sprintf("call-%d@203.0.113.1", n), FromTag: fmt.Sprintf("a%d", n), ToTag: "b", Transport: "udp", UserAgent: "Example/1.0",
			Via:     []string{fmt.Sprintf("SIP/2.0/UDP %s:5060;branch=z9hG4bK%d", caller, n)},
			Contact: "<sip:alice@10.0.0.7:5062;transport=udp>", Methods: record.Methods{{Name: "INVITE", Count: 1}, {Name: "ACK", Count: 1}, {Name: "BYE", Count: 1}},
			Status: &status, Reason: "OK",
		},
		Src:  &record.End{IP: caller, Port: 5060, Location: &record.Location{Country: "GB", City: "London", Latitude: &latitude, Longitude: &longitude, AccuracyKM: &accuracy, Method: "geoip", Of: "endpoint"}, ASNumber: 64500, ASOrg: "Example Hosting", Network: "hosting", Role: "foreign"},
		Dst:  &record.End{IP: callee, Port: 5060, Location: &record.Location{Country: "IN", City: "Noida", Method: "geoip"}},
		Path: []record.Hop{{Src: record.Addr{IP: caller, Port: 5060}, Dst: record.Addr{IP: callee, Port: 5060}, At: started}},
		VLAN: []uint16{100}, StartedAt: started, RingingAt: started + 1000000, AnsweredAt: answered, EndedAt: ended,
		RingMS: &ring, DurationMS: &duration, LastSeenAt: ended + 1000000,
		Disposition: record.Answered, EndedBy: record.ByCaller, Visibility: record.Full,
		Media: []record.Media{{
			Type: "audio", Codec: "PCMA", PayloadType: &payload, SSRC: &ssrc,
			Signalled: &record.Addr{IP: callee, Port: 30000}, Observed: &record.Flow{Src: record.Addr{IP: caller, Port: 40000}, Dst: record.Addr{IP: callee, Port: 30000}},
			FirstAt: answered, LastAt: ended, Packets: &packets, Octets: &octets, Lost: &lost, JitterMS: &jitter, Direction: "from_caller",
		}},
		Indicators: []record.Indicator{{Rule: "foreign_source_home_number", Detail: "number IN, address GB"}, {Rule: "hosting_source"}},
		Observer:   record.Observer{Version: "test", ConfigHash: "00", Databases: []record.Database{{Type: "Test-City", Built: started}}},
	}
}

// ordered is a record_id as sensors make them: it begins with the time, so an index grows at its end.
func ordered(at record.Time, n int) uuid.UUID {
	u := numbered("record", n)
	binary.BigEndian.PutUint64(u[:8], uint64(at/1000)<<16|uint64(binary.BigEndian.Uint16(u[6:8])))
	return u
}

func numbered(what string, n int) uuid.UUID {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(what), uint64(n)))
	return uuid.UUID(sum[:16])
}
