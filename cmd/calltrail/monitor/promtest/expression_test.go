package promtest

import "testing"

func TestCompareAlways(t *testing.T) {
	for expr, want := range map[string]string{
		`up{job=~"a>b", x!="y"} == 0`:          `up{job=~"a>b", x!="y"} == bool 0`,
		`a / b >= 0.5 and on (x) c{d="}"} < 1`: `a / b >= bool 0.5 and on (x) c{d="}"} < bool 1`,
		`abs(a) > 0.1`:                         `abs(a) > bool 0.1`,
		`a != b`:                               `a != bool b`,
		`rate(a{x=~"b.*", y!~"c"}[5m])`:        `rate(a{x=~"b.*", y!~"c"}[5m])`,
	} {
		if got := compareAlways(expr); got != want {
			t.Errorf("%s gives\n%s, want\n%s", expr, got, want)
		}
	}
}
