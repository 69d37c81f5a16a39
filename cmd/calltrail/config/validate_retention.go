package config

import (
	"fmt"
	"path/filepath"
	"time"
)

func (v *validator) retention() {
	r := v.cfg.Retention
	for _, x := range []struct {
		path        string
		d           Duration
		least, most time.Duration
	}{
		{"retention.period", r.Period, day, 36_500 * day},
		{"retention.grace", r.Grace, 0, 366 * day},
		{"retention.notice", r.Notice, 0, 366 * day},
	} {
		v.between(x.path, x.d, x.least, x.most)
		if x.d.Std()%day != 0 {
			v.fail(x.path, "%s is not whole days, and deletion goes by UTC days; write it like 730d", x.d)
		}
	}
	if r.Period < LeastRetention && r.Period.Std() >= day && !r.AllowShorter {
		v.fail("retention.period", "%s is less than %s, which the licence asks for; raise it, or set retention.allow_shorter: true", r.Period, LeastRetention)
	}
	for i, folder := range r.Backups {
		if clean := filepath.Clean(folder); !filepath.IsAbs(folder) || clean == "/" {
			v.fail(fmt.Sprintf("retention.backups[%d]", i), "%q is not the absolute path of a folder; write it like /var/backups/calltrail", folder)
		}
	}
	// What is deleted from the database must not live on beside it.
	if k := v.cfg.Spool.KeepAge; k > r.Period {
		v.fail("spool.keep_age", "%s is longer than retention.period (%s), so that records would outlive their deletion; lower it", k, r.Period)
	}
	if k := v.cfg.Kafka.Retention; k > r.Period {
		v.fail("kafka.retention", "%s is longer than retention.period (%s), so that records would outlive their deletion; lower it", k, r.Period)
	}
}
