package control

import (
	"strings"
	"testing"
)

func TestNoticed(t *testing.T) {
	for name, check := range map[string]func(testing.TB){
		"Error": func(t testing.TB) { t.Error("a", 1) }, "Errorf": func(t testing.TB) { t.Errorf("a %d", 1) },
		"Fatal": func(t testing.TB) { t.Fatal("a", 1) }, "Fatalf": func(t testing.TB) { t.Fatalf("a %d", 1) },
	} {
		if said := Noticed(t, name, check); !strings.HasPrefix(said, "a 1") {
			t.Errorf("%s: it says %q", name, said)
		}
	}
	outer := &recorder{TB: t}
	Noticed(outer, "a check that sees nothing", func(t testing.TB) { t.Log("all is well") })
	if !outer.Failed() {
		t.Error("a check that saw nothing passed")
	}
}
