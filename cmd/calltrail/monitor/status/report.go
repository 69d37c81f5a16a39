package status

import (
	"encoding/json"
	"io"
	"time"
)

// Report is all that `calltrail status` found out.
type Report struct {
	At       time.Time      `json:"at"`
	Sensor   Part[Sensor]   `json:"sensor"`
	Store    Part[Store]    `json:"store"`
	Kafka    Part[Kafka]    `json:"kafka"`
	Postgres Part[Postgres] `json:"postgres"`
	// Problems is everything that is wrong, one line each; empty when all is well. Judge fills it.
	Problems []string `json:"problems"`
}

// Part is one of the sources of a Report.
type Part[T any] struct {
	// From is the address that was asked, without passwords; empty: nobody was.
	From string `json:"from"`
	// Value is the answer, or Error says why there is none.
	Value *T     `json:"value"`
	Error string `json:"error,omitempty"`
	// Expected says that the configuration is of a host that has this part, so that its absence is a problem.
	Expected bool `json:"expected"`
}

// WriteJSON writes the report as indented JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
