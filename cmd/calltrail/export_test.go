package main

import (
	"strings"
	"testing"

	"calltrail/cmd/calltrail/config"
	"calltrail/store/evidence/bundle/form"
)

// The configuration, which knows no room, takes the names of exactly the forms there are.
func TestFormsOfTheConfiguration(t *testing.T) {
	refused := func(name string) string {
		cfg := config.Default()
		cfg.Evidence.Template = name
		for _, p := range cfg.ValidateValues() {
			if p.Key == "evidence.template" {
				return p.What
			}
		}
		return ""
	}
	for _, name := range form.Names() {
		if why := refused(name); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
	if why := refused("none"); !strings.HasSuffix(why, "write one of "+strings.Join(form.Names(), ", ")) {
		t.Errorf("the configuration offers other forms than there are: %q", why)
	}
}
