package main

import (
	"testing"

	"calltrail/cmd/calltrail/config"
	"calltrail/store/postgres/question"
)

// A number typed as it is dialled is asked back, never changed; what may be meant as it stands is left alone.
func TestNumberHint(t *testing.T) {
	t.Parallel()
	cfg := new(config.Config)
	cfg.Home.Region = "IN"
	q := &question.Question{Parameters: []question.Parameter{{Name: "number_a", Selector: "number"}, {Name: "number_b", Selector: "number"}, {Name: "at"}}}
	for typed, want := range map[string]string{
		"09812345678":      "number_a=09812345678: did you mean +919812345678?",
		"9812345678":       "number_a=9812345678: did you mean +919812345678?",
		"919812345678":     "number_a=919812345678: did you mean +919812345678?",
		"0120 410-0001":    "number_a=0120 410-0001: did you mean +911204100001?",
		"0044 20794 60000": "number_a=0044 20794 60000: did you mean +442079460000?",
		"sip:09812345678":  "number_a=sip:09812345678: did you mean +919812345678?",
		"+919812345678":    "",
		"sip:desk":         "",
		"1930":             "",
		"00000000":         "",
	} {
		made := map[string]any{"number_a": typed, "number_b": "+919812345679", "at": "09812345678"}
		if got := numberHint(cfg, q, made, func(string) bool { return true }); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
		if got := numberHint(cfg, q, made, func(name string) bool { return name == "number_b" }); got != "" {
			t.Errorf("%q: asked of another parameter: %q", typed, got)
		}
	}
}
