package status

import "time"

func (s *screen) clock(c *Clock) {
	if c == nil {
		s.item("clock", "not known")
		return
	}
	state := "synced"
	if !c.Synced {
		state = "NOT SYNCED"
	}
	if c.Reference != "" {
		s.item("clock", "%s, offset %s, error %s, %s %s stratum %d",
			state, span(c.OffsetSeconds), span(c.ErrorSeconds), c.Source, c.Reference, c.Stratum)
		return
	}
	s.item("clock", "%s, offset %s, error %s, %s", state, span(c.OffsetSeconds), span(c.ErrorSeconds), c.Source)
}

func (s *screen) spool(sp *Spool, delivered bool) {
	if sp == nil {
		s.item("spool", "not known")
		return
	}
	waiting := "nothing waits"
	switch {
	case !delivered:
		waiting = count(sp.Depth) + " records, delivered nowhere"
	case sp.Depth > 0:
		waiting = count(sp.Depth) + " wait (" + octets(float64(sp.DepthBytes)) + "), the oldest for " + span(sp.OldestSeconds)
	}
	damage := ""
	if sp.Gaps > 0 {
		damage = ", " + count(positive(sp.Gaps)) + " damaged"
	}
	s.item("spool", "%s; %s on disk%s", waiting, octets(float64(sp.Bytes)), damage)
}

func (s *screen) disk(d *Disk) {
	switch {
	case d == nil:
		s.item("disk", "not known")
		return
	case d.Error != "":
		s.item("disk", "not known: %s", d.Error)
		return
	}
	days, known := d.DaysLeft()
	switch {
	case known && days >= 1000:
		s.item("disk", "%s free, enough for years without delivery", octets(float64(d.FreeBytes)))
	case known && days >= 10:
		s.item("disk", "%s free, enough for %.0f days without delivery", octets(float64(d.FreeBytes)), days)
	case known:
		s.item("disk", "%s free, enough for %.1f days without delivery", octets(float64(d.FreeBytes)), days)
	case d.BytesPerSecond != nil:
		s.item("disk", "%s free, the spool does not grow", octets(float64(d.FreeBytes)))
	default:
		s.item("disk", "%s free, days left not known in the first 10 minutes", octets(float64(d.FreeBytes)))
	}
}

func (s *screen) delivery(d *Delivery) {
	switch {
	case d.Failures > 0:
		s.item("delivery", "%s: FAILING, %s in a row: %s", d.Name, count(positive(d.Failures)), d.reason())
	case d.LastErrorAt != nil:
		s.item("delivery", "%s: %s records; last failure %s ago", d.Name, count(d.Items), span(s.now.Sub(*d.LastErrorAt).Seconds()))
	default:
		s.item("delivery", "%s: %s records, no failure", d.Name, count(d.Items))
	}
}

func (s *screen) store(v *Store, from string) {
	s.line("STORE  %s, up %s, version %s", from, span(v.At.Sub(v.Started).Seconds()), v.Version)
	s.item("stored", "%s records; %s duplicates, %s quarantined, %s alarms",
		count(v.Stored), count(v.Duplicates), count(v.Quarantined), count(v.Alarms))
	s.delivery(&v.Delivery)
}

// kafka writes what was found out now, else what the store knows.
func (s *screen) kafka(r *Report) {
	k := r.Kafka.Value
	if k == nil && r.Store.Value != nil {
		k = r.Store.Value.Kafka
	}
	switch {
	case r.Kafka.Error != "":
		s.item("kafka", "%s", r.Kafka.Error)
	case k == nil:
		s.item("kafka", "none (kafka.brokers)")
	case k.Error != "":
		s.item("kafka", "not reachable: %s", k.Error)
	default:
		s.item("kafka", "store is %s messages behind", count(k.Lag))
	}
}

// postgres writes what was found out now, else what the store knows.
func (s *screen) postgres(r *Report) {
	p := r.Postgres.Value
	if p == nil && r.Store.Value != nil {
		p = r.Store.Value.Postgres
	}
	switch {
	case r.Postgres.Error != "":
		s.item("postgres", "%s", r.Postgres.Error)
	case p == nil:
		s.item("postgres", "none (postgres.dsn)")
	case p.Error != "":
		s.item("postgres", "not reachable: %s", p.Error)
	default:
		newest := "empty"
		if p.Newest != nil {
			newest = "newest row " + s.ago(*p.Newest)
		}
		s.item("postgres", "%s; %s missing in %s gaps, %s in quarantine", newest, count(p.Missing), count(p.Gaps), count(p.Quarantined))
	}
}

// ago writes how long a moment of another host's clock has passed; one that has not yet is now.
func (s *screen) ago(t time.Time) string {
	return span(max(s.now.Sub(t).Seconds(), 0)) + " ago"
}
