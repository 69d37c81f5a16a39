package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// CoverageQuery asks what the taps saw.
type CoverageQuery struct {
	// From and To bound the time, To excluded; every minute that it touches is answered. At most MaxCoverage apart.
	From, To time.Time
	// Sensor and Tap, when not empty, ask for one.
	Sensor, Tap string
}

// MaxCoverage is the longest time a CoverageQuery may ask for.
const MaxCoverage = 400 * 24 * time.Hour

// CoverageMinute is one minute of one tap: a row of calltrail.coverage_minutes, whose comment says what its state means.
type CoverageMinute struct {
	Sensor string
	Tap    string
	Minute time.Time // its start, UTC
	State  string    // complete, lossy, one_way or absent
	// SecondsCovered is for how long the tap was listened to and up, 0 to 60, cut to milliseconds.
	SecondsCovered float64
	Events         int // coverage events of the minute; 0: nobody said anything
	// The following are sums over these events; record.Coverage says what they count.
	Packets             int64
	Octets              int64
	Duplicates          int64
	KernelDrops         int64
	RingFreezes         int64
	NICMissed           int64
	SoftnetDropped      int64
	DownMS              int64
	Reopened            int64
	UnseenTCPOctets     int64
	UnseenOneSidedCalls int64
	UnseenRTPPackets    int64
	Flows               int64
	OneWayFlows         int64
}

// ReadCoverage hands each minute of the answer to each, by sensor, tap and time; an error of each ends it. It connects
// for the one question and only reads: the account needs USAGE on the schema and SELECT on coverage and tap.
func ReadCoverage(ctx context.Context, c Config, q CoverageQuery, each func(CoverageMinute) error) (err error) {
	conn, err := connectReader(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, `SELECT sensor, tap, minute, state, seconds_covered::float8, events, packets, octets, duplicates, kernel_drops,
		       ring_freezes, nic_missed, softnet_dropped, down_ms, reopened, unseen_tcp_octets, unseen_one_sided_calls, unseen_rtp_packets,
		       flows, one_way_flows
		  FROM calltrail.coverage_minutes($1, $2, $3, $4)`, q.From, q.To, text(q.Sensor), text(q.Tap))
	if err != nil {
		return wrap("read the coverage", err)
	}
	var m CoverageMinute
	var refused error
	_, err = pgx.ForEachRow(rows, []any{
		&m.Sensor, &m.Tap, &m.Minute, &m.State, &m.SecondsCovered, &m.Events, &m.Packets, &m.Octets, &m.Duplicates, &m.KernelDrops,
		&m.RingFreezes, &m.NICMissed, &m.SoftnetDropped, &m.DownMS, &m.Reopened, &m.UnseenTCPOctets, &m.UnseenOneSidedCalls, &m.UnseenRTPPackets,
		&m.Flows, &m.OneWayFlows,
	}, func() error {
		m.Minute = m.Minute.UTC()
		refused = each(m)
		return refused
	})
	if refused != nil {
		return refused
	}
	return wrap("read the coverage", err)
}

// CoverageRemark is something that was seen and is not in the log, or not all of it: a row of calltrail.coverage_remarks.
// It makes no minute lossy.
type CoverageRemark struct {
	Sensor string
	Tap    string // "": of the whole sensor
	// FirstMinute and LastMinute are the minutes between which it was seen, by their starts, UTC.
	FirstMinute, LastMinute time.Time
	// Remark says it in words, with its count.
	Remark string
}

// ReadCoverageRemarks returns what is to be said besides the minutes of ReadCoverage, by sensor and tap, in the order of
// importance. It needs the same rights.
func ReadCoverageRemarks(ctx context.Context, c Config, q CoverageQuery) (list []CoverageRemark, err error) {
	conn, err := connectReader(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, `SELECT sensor, coalesce(tap, ''), first_minute, last_minute, remark
		  FROM calltrail.coverage_remarks($1, $2, $3, $4)`, q.From, q.To, text(q.Sensor), text(q.Tap))
	if err != nil {
		return nil, wrap("read the remarks on the coverage", err)
	}
	var r CoverageRemark
	_, err = pgx.ForEachRow(rows, []any{&r.Sensor, &r.Tap, &r.FirstMinute, &r.LastMinute, &r.Remark}, func() error {
		r.FirstMinute, r.LastMinute = r.FirstMinute.UTC(), r.LastMinute.UTC()
		list = append(list, r)
		return nil
	})
	return list, wrap("read the remarks on the coverage", err)
}

// connectReader opens one connection that cannot write.
func connectReader(ctx context.Context, c Config) (*pgx.Conn, error) {
	cfg, err := c.poolConfig()
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, connectError(&cfg.ConnConfig.Config, err)
	}
	if err := checkSchema(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}
