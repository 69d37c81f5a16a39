package monitor

import (
	"log"
	"runtime"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// family is one metric with all its label values.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// set is what a collector may give out, for its Describe.
type set []*prometheus.Desc

func (s *set) counter(name, help string, labels ...string) family {
	return s.add(prometheus.CounterValue, name, help, labels)
}

func (s *set) gauge(name, help string, labels ...string) family {
	return s.add(prometheus.GaugeValue, name, help, labels)
}

func (s *set) add(kind prometheus.ValueType, name, help string, labels []string) family {
	d := prometheus.NewDesc("calltrail_"+name, help, labels, nil)
	*s = append(*s, d)
	return family{d, kind}
}

// Describe implements half of prometheus.Collector.
func (s *set) Describe(to chan<- *prometheus.Desc) {
	for _, d := range *s {
		to <- d
	}
}

// out takes one scrape's values.
type out chan<- prometheus.Metric

// put gives out one value. A label that Prometheus would refuse is made harmless: nothing may end a scrape.
func (o out) put(f family, value float64, labels ...string) {
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "?")
	}
	m, err := prometheus.NewConstMetric(f.desc, f.kind, value, labels...)
	if err != nil {
		m = prometheus.NewInvalidMetric(f.desc, err)
	}
	o <- m
}

func (o out) count(f family, n uint64, labels ...string) { o.put(f, float64(n), labels...) }

func (o out) truth(f family, is bool, labels ...string) {
	value := 0.0
	if is {
		value = 1
	}
	o.put(f, value, labels...)
}

// buildInfo is the constant 1 whose labels say which program this is.
func buildInfo(version string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "calltrail_build_info",
		Help:        "Always 1; its labels are the program's version and that of Go.",
		ConstLabels: prometheus.Labels{"version": strings.ToValidUTF8(version, "?"), "goversion": runtime.Version()},
	})
	g.Set(1)
	return g
}

// quiet takes what net/http has to say of its clients, for who looks at the debug level.
func quiet(to zerolog.Logger) *log.Logger { return log.New(debugWriter{to}, "", 0) }

type debugWriter struct{ log zerolog.Logger }

func (d debugWriter) Write(p []byte) (int, error) {
	d.log.Debug().Str("detail", strings.TrimSpace(string(p))).Msg("a client of the metrics gave trouble")
	return len(p), nil
}
