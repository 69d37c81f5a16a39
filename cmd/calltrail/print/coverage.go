package print

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Coverage writes the minutes of taps: in the formats JSONL and CSV each, in Table runs of minutes of the same state.
type Coverage struct {
	// Minutes by state, and of how many taps, of all that were given to it.
	Minutes map[string]int
	Taps    int

	format   Format
	zone     *time.Location
	gaps     bool
	out      *bufio.Writer
	json     *json.Encoder
	csv      *csv.Writer
	table    *tabwriter.Writer
	rows     int
	run      run
	lastName [2]string
}

// CoverageMinute is one minute of one tap; its fields are those of store/postgres, which says what they mean, and its JSON
// is what JSONL writes.
type CoverageMinute struct {
	Sensor string    `json:"sensor"`
	Tap    string    `json:"tap"`
	Minute time.Time `json:"minute"` // its start, UTC
	State  string    `json:"state"`  // complete, lossy, one_way or absent
	// SecondsCovered is for how long the tap was listened to and up, 0 to 60, cut to milliseconds.
	SecondsCovered float64 `json:"seconds_covered"`
	Events         int     `json:"events"` // coverage events of the minute; 0: nobody said anything
	// The following are sums over these events; record.Coverage says what they count.
	Packets             int64 `json:"packets"`
	Octets              int64 `json:"octets"`
	Duplicates          int64 `json:"duplicates"`
	KernelDrops         int64 `json:"kernel_drops"`
	RingFreezes         int64 `json:"ring_freezes"`
	NICMissed           int64 `json:"nic_missed"`
	SoftnetDropped      int64 `json:"softnet_dropped"`
	DownMS              int64 `json:"down_ms"`
	Reopened            int64 `json:"reopened"`
	UnseenTCPOctets     int64 `json:"unseen_tcp_octets"`
	UnseenOneSidedCalls int64 `json:"unseen_one_sided_calls"`
	UnseenRTPPackets    int64 `json:"unseen_rtp_packets"`
	Flows               int64 `json:"flows"`
	OneWayFlows         int64 `json:"one_way_flows"`
}

// run is minutes of one tap that follow each other and have one state.
type run struct {
	CoverageMinute // sums, but for Minute, the first one
	minutes        int
}

// NewCoverage makes a Coverage in format Table, JSONL or CSV. With gaps it leaves out the minutes that are complete. zone
// is that of the table; the other formats are in UTC.
func NewCoverage(f Format, w io.Writer, zone *time.Location, gaps bool) (*Coverage, error) {
	c := &Coverage{Minutes: map[string]int{}, format: f, zone: zone, gaps: gaps, out: bufio.NewWriterSize(w, bufferSize)}
	switch f {
	case JSONL:
		c.json = json.NewEncoder(c.out)
		return c, nil
	case CSV:
		c.csv = csv.NewWriter(c.out)
		c.csv.UseCRLF = true
		return c, c.csv.Write(coverageHeader)
	case Table:
		c.table = tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		_, err := fmt.Fprintf(c.table, "TIME %s\tSENSOR\tTAP\tSTATE\tMINUTES\tWHAT WAS MISSED\n", zone)
		return c, err
	case Auto:
	}
	return nil, fmt.Errorf("unknown format %q; choose one of table, jsonl, csv", f)
}

// Print takes one minute; those of a tap come together, in order.
func (c *Coverage) Print(m CoverageMinute) error {
	c.Minutes[m.State]++
	if name := [2]string{m.Sensor, m.Tap}; c.Taps == 0 || name != c.lastName {
		c.Taps++
		c.lastName = name
	}
	if c.gaps && m.State == "complete" {
		return nil
	}
	switch c.format {
	case JSONL:
		return c.json.Encode(m)
	case CSV:
		return c.csv.Write(coverageCells(&m))
	case Table, Auto:
	}
	if c.run.extends(&m) {
		c.run.add(&m)
		return nil
	}
	err := c.endRun()
	c.run = run{m, 1}
	return err
}

// Flush writes out what is left and, after a table, what it comes to.
func (c *Coverage) Flush() error {
	var err error
	switch c.format {
	case JSONL:
	case CSV:
		c.csv.Flush()
		err = c.csv.Error()
	case Table, Auto:
		if err = c.endRun(); err == nil {
			err = c.table.Flush()
		}
		if err == nil {
			_, err = fmt.Fprintf(c.out, "\n%s\n", c.summary())
		}
	}
	if err != nil {
		return err
	}
	return c.out.Flush()
}

// Complete says that there was a tap, and that all of its minutes were complete.
func (c *Coverage) Complete() bool { return len(c.Minutes) == 1 && c.Minutes["complete"] > 0 }

func (c *Coverage) summary() string {
	if c.Taps == 0 {
		return "no such tap is known in this time: nothing is known to have been seen"
	}
	all := 0
	for _, n := range c.Minutes {
		all += n
	}
	var b strings.Builder
	b.WriteString(plural(c.Taps, "tap") + ", " + thousands(int64(c.Minutes["complete"])) + " of " + plural(all, "minute") + " complete")
	for _, state := range []string{"lossy", "one_way", "absent"} {
		if n := c.Minutes[state]; n > 0 {
			b.WriteString(", " + thousands(int64(n)) + " " + strings.ReplaceAll(state, "_", "-"))
		}
	}
	return b.String()
}

// extends says that m continues the run.
func (r *run) extends(m *CoverageMinute) bool {
	return r.minutes > 0 && r.Sensor == m.Sensor && r.Tap == m.Tap && r.State == m.State && (r.Events == 0) == (m.Events == 0) &&
		m.Minute.Equal(r.end())
}

func (r *run) end() time.Time { return r.Minute.Add(time.Duration(r.minutes) * time.Minute) }

func (r *run) add(m *CoverageMinute) {
	r.minutes++
	r.SecondsCovered += m.SecondsCovered
	r.Events += m.Events
	r.KernelDrops += m.KernelDrops
	r.NICMissed += m.NICMissed
	r.SoftnetDropped += m.SoftnetDropped
	r.DownMS += m.DownMS
	r.UnseenTCPOctets += m.UnseenTCPOctets
	r.UnseenOneSidedCalls += m.UnseenOneSidedCalls
	r.UnseenRTPPackets += m.UnseenRTPPackets
	r.Flows += m.Flows
	r.OneWayFlows += m.OneWayFlows
}

// rowsTogether is how many rows of the table are aligned with each other; it bounds what is held back.
const rowsTogether = 512

func (c *Coverage) endRun() error {
	r := &c.run
	if r.minutes == 0 {
		return nil
	}
	from, to := r.Minute.In(c.zone), r.end().In(c.zone)
	layout := "15:04"
	if from.YearDay() != to.YearDay() || from.Year() != to.Year() {
		layout = "2006-01-02 15:04"
	}
	_, err := fmt.Fprintf(c.table, "%s to %s\t%s\t%s\t%s\t%s\t%s\n", from.Format("2006-01-02 15:04"), to.Format(layout),
		Visible(r.Sensor), Visible(r.Tap), r.State, thousands(int64(r.minutes)), r.missed())
	*r = run{}
	if c.rows++; err == nil && c.rows%rowsTogether == 0 {
		err = c.table.Flush()
	}
	return err
}

// missed says what the run's state comes from.
func (r *run) missed() string {
	switch {
	case r.State == "complete":
		return "-"
	case r.State == "absent" && r.Events == 0:
		return "no event"
	case r.State == "absent":
		return "the tap was down"
	}
	var parts []string
	count := func(n int64, what string) {
		if n > 0 {
			parts = append(parts, thousands(n)+" "+what)
		}
	}
	count(r.KernelDrops, "packets dropped by the kernel")
	count(r.NICMissed, "packets missed by the card")
	count(r.SoftnetDropped, "packets dropped by the host before any tap")
	count(r.UnseenTCPOctets, "octets of TCP never seen")
	count(r.UnseenRTPPackets, "RTP packets never seen")
	count(r.UnseenOneSidedCalls, "calls seen from one side")
	if r.DownMS > 0 {
		parts = append(parts, fmt.Sprintf("down for %.1f s", float64(r.DownMS)/1000))
	}
	if whole := float64(60 * r.minutes); r.SecondsCovered < whole {
		// Cut to ms like the seconds themselves: 60.0 of 60 s would be no gap. A sum of them is a little off the millisecond it means.
		seen := math.Floor(r.SecondsCovered*1000+1e-3) / 1000
		parts = append(parts, fmt.Sprintf("seen for %s of %.0f s", strconv.FormatFloat(seen, 'f', -1, 64), whole))
	}
	if r.OneWayFlows > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s flows one-way", thousands(r.OneWayFlows), thousands(r.Flows)))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return thousands(int64(n)) + " " + what
}

// thousands writes n with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var coverageHeader = []string{
	"sensor", "tap", "minute_utc", "state", "seconds_covered", "events", "packets", "octets", "duplicates", "kernel_drops", "ring_freezes",
	"nic_missed", "softnet_dropped", "down_ms", "reopened", "unseen_tcp_octets", "unseen_one_sided_calls", "unseen_rtp_packets", "flows", "one_way_flows",
}

func coverageCells(m *CoverageMinute) []string {
	cells := []string{
		SpreadsheetText(m.Sensor), SpreadsheetText(m.Tap), m.Minute.UTC().Format("2006-01-02 15:04"), m.State,
		strconv.FormatFloat(m.SecondsCovered, 'f', -1, 64), strconv.Itoa(m.Events),
	}
	for _, n := range []int64{
		m.Packets, m.Octets, m.Duplicates, m.KernelDrops, m.RingFreezes, m.NICMissed, m.SoftnetDropped, m.DownMS, m.Reopened,
		m.UnseenTCPOctets, m.UnseenOneSidedCalls, m.UnseenRTPPackets, m.Flows, m.OneWayFlows,
	} {
		cells = append(cells, strconv.FormatInt(n, 10))
	}
	return cells
}
