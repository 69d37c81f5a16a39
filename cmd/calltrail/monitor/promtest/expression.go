package promtest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Expression is a PromQL expression of deploy/, ready to be run.
type Expression struct {
	// Where says which alert or panel it is of.
	Where string
	Text  string
}

const ofAlert = "alert "

// alerts reads the alerts' expressions. An alert that does not fire returns nothing, whether all is well or a metric's
// name is wrong. So every comparison in it gets the modifier bool: it then gives 0 or 1 for whatever it compares, and
// nothing only where there is nothing to compare.
func alerts(tb testing.TB, root string) (out []Expression) {
	tb.Helper()
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert string `yaml:"alert"`
				Expr  string `yaml:"expr"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(read(tb, root, "deploy", "prometheus", "alerts.yml"), &file); err != nil {
		tb.Fatal(err)
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			out = append(out, Expression{ofAlert + r.Alert, compareAlways(r.Expr)})
		}
	}
	if len(out) == 0 {
		tb.Fatal("no alert in alerts.yml")
	}
	return out
}

// AlertNames are the alerts of deploy/prometheus, in their order.
func AlertNames(tb testing.TB, root string) (names []string) {
	tb.Helper()
	for _, e := range alerts(tb, root) {
		names = append(names, strings.TrimPrefix(e.Where, ofAlert))
	}
	return names
}

// compareAlways puts bool behind every comparison that is not in a label selector or a text.
func compareAlways(expr string) string {
	var b strings.Builder
	braces, quote := 0, byte(0)
	for i := 0; i < len(expr); i++ {
		c := expr[i]
		b.WriteByte(c)
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == '"' || c == '\'':
			quote = c
		case c == '{':
			braces++
		case c == '}':
			braces--
		}
		if braces > 0 || !strings.ContainsRune("<>=!", rune(c)) {
			continue
		}
		if i+1 < len(expr) && expr[i+1] == '=' {
			b.WriteByte('=')
			i++
		}
		b.WriteString(" bool")
	}
	return b.String()
}

// variables is what Grafana puts in for its variables when "All" is chosen.
var variables = strings.NewReplacer(
	"$__rate_interval", "1m", "$__interval", "15s", "$__range", "1h",
	"$instance", ".*", "$tap", ".*",
)

// queries reads the queries of the dashboard.
func queries(tb testing.TB, root string) (out []Expression) {
	tb.Helper()
	var dashboard struct {
		Panels []struct {
			Type    string `json:"type"`
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(read(tb, root, "deploy", "grafana", "calltrail.json"), &dashboard); err != nil {
		tb.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 && p.Type != "row" {
			tb.Errorf("panel %q asks nothing", p.Title)
		}
		for _, t := range p.Targets {
			text := variables.Replace(t.Expr)
			if strings.Contains(text, "$") {
				tb.Errorf("panel %q has a variable that is not known: %s", p.Title, t.Expr)
			}
			out = append(out, Expression{"panel " + p.Title, text})
		}
	}
	if len(out) == 0 {
		tb.Fatal("no panel in calltrail.json")
	}
	return out
}
