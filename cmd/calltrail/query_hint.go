package main

import (
	"fmt"
	"slices"
	"strings"

	"calltrail/cdr/number"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres/question"
)

// numberHint asks back, in one line, where a number was typed as it is dialled: records have it with + and country code, so what was typed
// finds nothing or is refused. made are the parameters as typed, of which only are looked at; none of these is ever changed, because another
// number than the one asked for is another person's. "" when there is nothing to ask.
func numberHint(cfg *config.Config, q *question.Question, made map[string]any, only func(parameter string) bool) string {
	book, err := number.New(number.Config{DefaultRegion: cfg.Home.Region})
	if err != nil {
		return "" // a hint is not worth an error; check says what is wrong with home.region
	}
	var hints []string
	for _, p := range q.Parameters {
		typed, ok := made[p.Name].(string)
		if !ok || p.Selector != "number" || !only(p.Name) {
			continue
		}
		digits := strings.TrimSpace(typed)
		if len(digits) > 4 && strings.EqualFold(digits[:4], "sip:") {
			digits = digits[4:]
		}
		if strings.HasPrefix(digits, "+") {
			continue
		}
		info := book.Lookup([]byte(digits))
		if !info.Valid || info.E164 == "" {
			continue
		}
		hint := fmt.Sprintf("%s=%.64s: did you mean %s?", p.Name, print.Visible(typed), info.E164)
		if !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	return strings.Join(hints, " ")
}
