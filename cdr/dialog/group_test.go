package dialog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"calltrail/cdr/media"
)

// The hooks tell of each call once, with what is known then.
func TestGroupHooks(t *testing.T) {
	var got []string
	table := emptyTable()
	note := func(what string) func(c *Call, m *Message) {
		return func(c *Call, m *Message) {
			got = append(got, fmt.Sprintf("%s %s %s %s>%s %q %d", what, strings.TrimSuffix(c.CallID, "@example.com"), c.Branch,
				hostName(c.Src), hostName(c.Dst), c.Text.Get(Origin), m.SIP.Status()))
		}
	}
	table.Began = note("began")
	table.Redirected = func(c *Call) {
		for r := range c.Text.Redirects {
			got = append(got, fmt.Sprintf("redirected %s %s", strings.TrimSuffix(c.CallID, "@example.com"), r.Source))
		}
	}
	table.Left = func(c *Call) { got = append(got, "left "+strings.TrimSuffix(c.CallID, "@example.com")+" "+c.Branch) }
	for _, line := range []string{
		"0.000 A>P INVITE sdp=A:4000", "0.001 P>B INVITE branch=p vias=2 sdp=R:4000", "0.002 A>P INVITE sdp=A:4000",
		"0.010 P>A 407 INVITE ttag=8", "0.030 A>P INVITE branch=b cseq=2 sdp=A:4000", "1.000 P>A 200 INVITE branch=b cseq=2 ttag=9",
		"1.001 P>A 200 INVITE branch=b cseq=2 ttag=9", "1.500 P>A 200 INVITE branch=b cseq=2 ttag=10",
		"2.000 A>B INVITE call=c2", "2.100 B>A 486 INVITE call=c2 ttag=9", "3.000 A>B INVITE call=c3 ttag=7 sdp=A:4000",
		"4.000 B>A 180 INVITE call=c4 ttag=7",
	} {
		handle(t, table, "%s", line)
	}
	table.Advance(epoch + 100e9)
	table.Finish(CaptureEnd)
	const origin = `"1 IN IP4 192.0.2.1"`
	want := []string{
		"began c1  A>P " + origin + " 0", "began c1 10 A>P " + origin + " 200",
		`began c2  A>B "" 0`, "began c3  A>B " + origin + " 0", `began c4  A>B "" 180`,
		"left c2 ", "left c1 ", "left c1 10", "left c3 ", "left c4 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A group that is found before the final record is in it; one that is found later makes a further revision, once.
func TestJoin(t *testing.T) {
	group := Group{"session_id", "x"}
	for _, c := range []struct {
		at   int64 // when it is joined, seconds
		want string
	}{{1, "1f x"}, {7, "1f  2f x"}, {30, "1f  2f x"}} {
		var got []string
		table := NewTable(Config{}, media.NewIndex(), func(call *Call, final bool, _ int64) {
			got = append(got, fmt.Sprintf("%d%s %s", call.Revision, map[bool]string{true: "f"}[final], call.Group.Name))
		}, nil)
		var call *Call
		table.Began = func(c *Call, _ *Message) { call = c }
		handle(t, table, "0.000 A>B INVITE")
		handle(t, table, "0.500 B>A 486 INVITE ttag=9")
		table.Advance(epoch + c.at*1e9)
		table.Join(call, group)
		table.Join(call, group)
		table.Advance(epoch + 100e9)
		table.Join(call, Group{}) // it is gone
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("joined at %d: %q, want %q", c.at, got, c.want)
		}
	}
}

// A group that is found while the call begins, from the hook, is in its first record and survives a restart.
func TestJoinFromHook(t *testing.T) {
	table := emptyTable()
	group := Group{"icid", "y"}
	table.Began = func(c *Call, _ *Message) { table.Join(c, group) }
	handle(t, table, "0.000 A>B INVITE")
	if c := restore(t, emptyTable(), snapshotOf(t, table), epoch+1e9); c.Group != group {
		t.Errorf("group %+v after a restart", c.Group)
	}
}

// Of a call that is over and taken back nothing but its name is left: a group makes no record of that.
func TestJoinOfNameOnly(t *testing.T) {
	table := emptyTable()
	answeredCall(t, table, 1)
	id := strings.Repeat("x", 24)
	handle(t, table, "2.000 A>B BYE call=%s1 ftag=%s ttag=%s branch=z cseq=2", id, id, id)
	handle(t, table, "2.010 B>A 200 BYE call=%s1 ftag=%s ttag=%s branch=z cseq=2", id, id, id)
	table.Advance(epoch + 8e9)
	again := NewTable(Config{}, media.NewIndex(), func(*Call, bool, int64) { t.Error("a record") }, nil)
	c := restore(t, again, snapshotOf(t, table), epoch+8e9)
	again.Join(c, Group{"icid", "y"})
	again.Advance(epoch + 100e9)
}
