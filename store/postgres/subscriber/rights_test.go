package subscriber

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The rights that the comments of Import, Correct and Join name are enough, and neither needs more.
func TestRights(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.neighbours()
	role := fmt.Sprintf("calltrail_test_%016x", rand.Uint64())
	d.exec("CREATE ROLE " + role + " LOGIN PASSWORD 'test'")
	t.Cleanup(func() {
		d.exec("DROP OWNED BY " + role)
		d.exec("DROP ROLE " + role)
	})
	u, err := url.Parse(d.cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "test")
	cfg := d.cfg
	cfg.DSN = u.String()
	importing := func() error {
		_, err := Import(context.Background(), cfg, Options{Format: CGNAT}, []File{{"f.csv", strings.NewReader("public_ip,inside_ip,from,to\n203.0.113.77,100.64.0.77,2026-05-28T10:00:00Z,\n")}})
		return err
	}
	joining := func() error {
		_, err := Join(context.Background(), cfg, time.Date(2026, 5, 28, 0, 0, 0, 0, time.UTC))
		return err
	}
	correcting := func() error {
		_, err := Correct(context.Background(), cfg, nil)
		return err
	}
	d.exec("GRANT USAGE ON SCHEMA calltrail TO " + role)
	d.exec("GRANT SELECT ON calltrail.schema_version TO " + role)
	for _, c := range []struct {
		name  string
		do    func() error
		grant []string
	}{
		{"import", importing, []string{"SELECT, INSERT ON calltrail.assignment_import", "SELECT ON calltrail.assignments", "INSERT ON calltrail.assignment"}},
		{"correct", correcting, []string{"SELECT ON calltrail.assignment_due", "EXECUTE ON FUNCTION calltrail.correct_due(integer)"}},
		{"join", joining, []string{"SELECT ON calltrail.endpoint", "SELECT, INSERT ON calltrail.call_subscriber", "SELECT ON calltrail.call_subscribers"}},
	} {
		for _, right := range c.grant {
			if err := c.do(); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s without %s: %v", c.name, right, err)
			}
			d.allow(role, right)
		}
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
