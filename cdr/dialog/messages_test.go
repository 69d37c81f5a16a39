package dialog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// sent runs lines of the ladders' notation through a Messages and returns the events as text.
func sent(t *testing.T, lines string, finish bool) (events []string) {
	t.Helper()
	all := NewMessages(Config{}, func(e *MessageEvent) {
		s := fmt.Sprintf("%s %d %s>%s %s", since(e.At), e.Status, hostName(e.Src), hostName(e.Dst), e.RequestURI)
		if e.AnsweredAt != 0 {
			s += " answered " + since(e.AnsweredAt)
		}
		if len(e.AuthUser) > 0 {
			s += " as " + string(e.AuthUser)
		}
		for name, set := range map[string]bool{"only answer": e.OnlyAnswer, "within": e.Within, "relayed": e.Relayed, "evicted": e.Evicted} {
			if set {
				s += " " + name
			}
		}
		if from := string(e.From); from != "<sip:alice@example.com>;tag="+string(e.FromTag) {
			t.Errorf("From %q with tag %q", from, e.FromTag)
		}
		events = append(events, s)
	})
	for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		m := message(t, "%s", strings.TrimSpace(line))
		all.Advance(m.Now)
		all.Handle(m)
	}
	if finish {
		all.Finish()
	} else {
		all.Advance(epoch + 1000e9)
	}
	if at, ok := all.NextTimer(); ok || all.Len() != 0 || all.open != 0 {
		t.Errorf("%d messages are left, %d open, a timer at %s", all.Len(), all.open, since(at))
	}
	return events
}

func TestMessages(t *testing.T) {
	const digest = `auth=Digest_username="alice",realm="x"`
	cases := []struct {
		name, lines string
		want        []string
	}{
		{
			"sent and accepted, with copies of both", `
			0.000 A>P MESSAGE
			0.000 A>P MESSAGE
			0.500 A>P MESSAGE
			0.600 P>A 202 MESSAGE ttag=9
			0.700 A>P MESSAGE
			0.800 P>A 202 MESSAGE ttag=9`,
			[]string{"0.000 202 A>P sip:bob@example.com answered 0.600"},
		},
		{
			"a 1xx is no answer; none comes", `
			0.000 A>P MESSAGE
			0.100 P>A 100 MESSAGE`,
			[]string{"0.000 0 A>P sip:bob@example.com"},
		},
		{
			"two hops: the one nearest to the sender counts", `
			0.000 A>P MESSAGE
			0.001 P>B MESSAGE branch=p vias=2
			0.100 B>P 480 MESSAGE branch=p vias=2 ttag=9
			0.101 P>A 202 MESSAGE ttag=8`,
			[]string{"0.000 202 A>P sip:bob@example.com answered 0.101"},
		},
		{
			"two hops, the one behind seen first", `
			0.000 P>B MESSAGE branch=p vias=2
			0.001 A>P MESSAGE
			0.100 B>P 200 MESSAGE branch=p vias=2 ttag=9
			0.101 P>A 200 MESSAGE ttag=9`,
			[]string{"0.000 200 A>P sip:bob@example.com answered 0.101"},
		},
		{
			"seen behind a proxy only: its source is not the sender", `
			0.000 P>B MESSAGE branch=p vias=2
			0.100 B>P 200 MESSAGE branch=p vias=2 ttag=9`,
			[]string{"0.000 200 P>B sip:bob@example.com answered 0.100 relayed"},
		},
		{
			"the answer was seen behind the first hop only", `
			0.000 A>P MESSAGE
			0.001 P>B MESSAGE branch=p vias=2
			0.100 B>P 200 MESSAGE branch=p vias=2 ttag=9`,
			[]string{"0.000 200 A>P sip:bob@example.com answered 0.100"},
		},
		{
			"challenged, and sent again under the next number", `
			0.000 A>P MESSAGE
			0.010 P>A 407 MESSAGE ttag=9
			0.015 P>A 407 MESSAGE ttag=9
			0.020 A>P MESSAGE cseq=2 branch=b ` + digest + `
			0.030 P>A 200 MESSAGE cseq=2 branch=b ttag=9`,
			[]string{"0.000 200 A>P sip:bob@example.com answered 0.030 as alice"},
		},
		{
			"challenged, and sent again under the same number, with a copy", `
			0.000 A>P MESSAGE
			0.010 P>A 401 MESSAGE ttag=9
			0.020 A>P MESSAGE branch=b ` + digest + `
			0.021 A>P MESSAGE branch=b ` + digest + `
			0.030 P>A 200 MESSAGE branch=b ttag=9`,
			[]string{"0.000 200 A>P sip:bob@example.com answered 0.030 as alice"},
		},
		{
			"challenged twice: the nonce was too old", `
			0.000 A>P MESSAGE branch=a ` + digest + `
			0.010 P>A 401 MESSAGE ttag=9
			0.011 A>P MESSAGE branch=a ` + digest + `
			0.020 A>P MESSAGE cseq=2 branch=b ` + digest + `
			0.030 P>A 200 MESSAGE cseq=2 branch=b ttag=9`,
			[]string{"0.000 200 A>P sip:bob@example.com answered 0.030 as alice"},
		},
		{
			"challenged, and given up", `
			0.000 A>P MESSAGE
			0.010 P>A 401 MESSAGE ttag=9`,
			[]string{"0.000 401 A>P sip:bob@example.com answered 0.010"},
		},
		{
			"two messages of one Call-ID and tag, one inside a dialog", `
			0.000 A>P MESSAGE
			0.010 P>A 200 MESSAGE ttag=9
			1.000 A>P MESSAGE cseq=2 branch=b ttag=9
			1.010 P>A 200 MESSAGE cseq=2 branch=b ttag=9`,
			[]string{"0.000 200 A>P sip:bob@example.com answered 0.010", "1.000 200 A>P sip:bob@example.com answered 1.010 within"},
		},
		{
			"only the answer is seen: the ends are turned round", `
			0.010 P>A 200 MESSAGE ttag=9
			0.020 P>A 200 MESSAGE ttag=9`,
			[]string{"0.010 200 A>P  answered 0.010 only answer"},
		},
	}
	for _, c := range cases {
		for _, finish := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%t", c.name, finish), func(t *testing.T) {
				if got := sent(t, c.lines, finish); !slices.Equal(got, c.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
			})
		}
	}
}

// A flood leaves no more in memory than the bounds say, and each message is told of once.
func TestMessagesAreBounded(t *testing.T) {
	events, evicted := map[string]int{}, 0
	all := NewMessages(Config{}, func(e *MessageEvent) {
		events[string(e.CallID)]++
		if e.Evicted {
			evicted++
		}
	})
	const n = 2*maxUnanswered + maxMessages
	template := message(t, "0.000 A>B MESSAGE call=c00000")
	text := readSteps(t, "message", "0.000 A>B MESSAGE call=c00000")[0].text
	for i := range n {
		m := *template
		raw := []byte(strings.Replace(string(text), "c00000", fmt.Sprintf("c%05d", i), 1))
		if err := m.SIP.Parse(raw); err != nil {
			t.Fatal(err)
		}
		all.Handle(&m)
		if i%2 == 0 {
			answer := *message(t, "0.000 B>A 200 MESSAGE call=c%05d ttag=9", i)
			all.Handle(&answer)
		}
		if all.Len() > maxMessages || all.open > maxUnanswered || len(all.waiting) > maxMessages+1 || len(all.held) > maxMessages+1 {
			t.Fatalf("%d messages, %d open, %d waiting, %d held", all.Len(), all.open, len(all.waiting), len(all.held))
		}
	}
	all.Finish()
	if len(events) != n || evicted == 0 || all.Evicted != uint64(evicted) {
		t.Errorf("%d of %d messages are told of, %d evicted, counted %d", len(events), n, evicted, all.Evicted)
	}
	for id, k := range events {
		if k != 1 {
			t.Errorf("%s: %d events", id, k)
		}
	}
}
