// Package monitor shows over HTTP how a running sensor or store is: /metrics for Prometheus, /healthz for whoever
// restarts or replaces it, /status for `calltrail status`.
//
// In: functions that give the counts of the other rooms at a moment (Sensor, Store); `capture` and `store` hand them
// over. Out: text. Metrics are read from these functions at each scrape, nothing is counted here; what needs a history
// (packets a second, days of disk) is sampled every ten seconds and bounded; what needs a question to Kafka or Postgres
// is asked by a goroutine of its own, so that no scrape waits for them. It never changes what it watches, has no
// profiler, and no label is ever a number, an address or a Call-ID. A value that exists and is not known is NaN.
package monitor
