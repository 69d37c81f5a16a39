package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/store/kafka/kafkatest"
	"calltrail/store/proxytest"
)

// The store is killed, again and again, when its alerts of watchlists are published and the COMMIT that takes them off the queue is on
// its way: every hit is told in the end, and what is told twice has one identity.
func TestAlertsKilled(t *testing.T) {
	t.Parallel()
	kills := min(crashes(t, 5), 20) // each costs the ten seconds after which a broker gives a dead store up
	hits, told := killRelay(t, "", kills, proxytest.CutBefore)
	twice := 0
	for _, id := range hits {
		if told[id] == 0 {
			t.Errorf("hit %s was never told", id)
		}
		if told[id] > 1 {
			twice++
		}
	}
	if len(told) != len(hits) {
		t.Errorf("%d identities were told, of %d hits", len(told), len(hits))
	}
	if twice == 0 {
		t.Error("no alert was told twice: no kill met one that was published")
	}
	t.Logf("fault 1: %d kills of the relay of alerts: %d hits told, %d of them twice or more", kills, len(hits), twice)
}

// The control: a relay that takes alerts off the queue first. Killed behind that COMMIT, it never tells them.
func TestAlertsKilledIsNoticed(t *testing.T) {
	t.Parallel()
	hits, told := killRelay(t, breached(t, "calltrail/store/postgres/watchlist.breach=take-first"), 1, proxytest.Pass)
	if len(told) >= len(hits) {
		t.Errorf("nothing was noticed: %d hits, %d told", len(hits), len(told))
	}
}

// killRelay kills the store at the COMMIT of its relay, of which the verdict is what becomes, as often as it is told to. Then a store
// that nobody kills brings it to an end, with some more calls. It returns the identities of all hits, and how often each stands in the topic.
func killRelay(t *testing.T, program string, kills int, verdict proxytest.Verdict) (hits []string, told map[string]int) {
	t.Helper()
	s, rnd := newSite(t), chance(t)
	alerts := s.topic + ".alerts"
	t.Cleanup(func() {
		if err := kafkatest.Delete(brokers(), alerts); err != nil {
			t.Error(err)
		}
	})
	s.env = append(s.env, "CALLTRAIL_WATCHLIST_ALERTS_TOPIC="+alerts)
	for _, agent := range []string{"Example*", "softswitch"} { // callgen's
		s.ok("watchlist", "add", "--list", "agents", "--kind", "user_agent", "--value", agent, "--source", "test", "--reason", "test", "--by", "test")
	}
	dsn, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal("the site's DSN is no URL") // the error would show the password
	}
	proxy := proxytest.New(t)
	proxy.To(dsn.Host)
	dsn.Host = proxy.Address()
	running := make(chan *process, 1)
	proxy.AtCommit(func(c proxytest.Commit) proxytest.Verdict {
		if !c.After("DELETE FROM calltrail.watchlist_alert") {
			return proxytest.Pass
		}
		(<-running).kill()
		return verdict
	})
	for range kills {
		capture, _ := s.capture(signalling(40, rnd.Uint64()))
		s.ok("replay", "-q", "--to", "kafka", capture)
		p := s.launch(program, []string{"CALLTRAIL_POSTGRES_DSN=" + dsn.String()}, "store")
		running <- p
		if r := p.wait(t); r.status != -1 {
			t.Fatalf("the store was not killed, its exit status is %d:\n%s", r.status, r.stderr)
		}
	}
	capture, _ := s.capture(signalling(40, rnd.Uint64()))
	s.ok("replay", "-q", "--to", "kafka", capture)
	s.ok("store", "--once")
	last := s.start(nil, "store")
	if !last.until(t, 50*time.Millisecond, func() bool { return s.db.number("SELECT count(*) FROM calltrail.watchlist_alert") == 0 }) {
		t.Fatalf("the last store ended:\n%s", last.wait(t).stderr)
	}
	last.kill()

	hits = s.db.ask("SELECT hit_id FROM calltrail.watchlist_hit ORDER BY hit_id")
	list, err := kafkatest.Read(brokers(), alerts)
	if err != nil {
		t.Fatal(err)
	}
	told = map[string]int{}
	bodies := map[string]string{}
	for _, m := range list {
		id := m.Headers["id"]
		if !slices.Contains(hits, id) || bodies[id] != "" && bodies[id] != string(m.Value) || !strings.Contains(string(m.Value), `"id":`+id) {
			t.Errorf("an alert of identity %q is of no hit, or differs from what was told before: %s", id, m.Value)
		}
		told[id]++
		bodies[id] = string(m.Value)
	}
	return hits, told
}
