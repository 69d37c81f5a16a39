package group

import (
	"strings"
	"testing"
)

// uuid makes Session-IDs that are short to write.
func uuid(c string) string { return strings.Repeat(c, 32) }

// What shows that legs are one call, and what must not be taken for it. want is the group of each leg, named after its first
// one, and how that was found.
func TestGroups(t *testing.T) {
	a, b, null := uuid("a"), uuid("b"), uuid("0")
	for _, c := range []struct{ name, legs, want string }{
		{"one leg", `0.0 A>P INVITE`, "c1:call_id"},
		{"nothing in common", `0.0 A>P INVITE
			1.0 P>B INVITE call=c2 from=300 to=400`, "c1:call_id c2:call_id"},

		// call_id
		{"Replaces names the other leg as its caller sees it", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			5.0 C>A INVITE call=c2 from=300 to=100 replaces=c1;to-tag=1;from-tag=9`, "c1:call_id c1:call_id"},
		{"or as its callee does", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			5.0 C>B INVITE call=c2 from=300 to=200 replaces=c1;to-tag=9;from-tag=1`, "c1:call_id c1:call_id"},
		{"Replaces with a wrong tag", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			5.0 C>B INVITE call=c2 from=300 to=200 replaces=c1;to-tag=8;from-tag=1`, "c1:call_id c2:call_id"},
		{"Replaces is stronger than another Session-ID", `0.0 A>B INVITE sid=` + a + `
			0.5 B>A 200 INVITE ttag=9
			5.0 C>B INVITE call=c2 from=300 to=200 replaces=c1;to-tag=9;from-tag=1 sid=` + b, "c1:session_id c1:call_id"},
		{
			"attended transfer", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			5.0 B>C INVITE call=c2 ftag=2 from=200 to=300
			5.5 C>B 200 INVITE call=c2 ftag=2 ttag=8 from=200 to=300
			9.0 B>A REFER ftag=9 ttag=1 cseq=2 from=200 to=100 refer=300@example.com?Replaces=c2%3Bto-tag%3D8%3Bfrom-tag%3D2
			9.5 A>C INVITE call=c3 ftag=3 from=100 to=300 replaces=c2;to-tag=8;from-tag=2`,
			"c1:call_id c1:call_id c1:call_id",
		},
		{"attended transfer, the consultation seen late", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			1.0 B>A REFER ftag=9 ttag=1 cseq=2 from=200 to=100 refer=300@example.com?Replaces=c2%3Bto-tag%3D8%3Bfrom-tag%3D2
			5.0 B>C INVITE call=c2 ftag=2 from=200 to=300`, "c1:call_id c1:call_id"},
		{
			"a consultation goes into the other group with all its legs", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			5.0 B>P INVITE call=c2 ftag=2 from=200 to=300
			5.1 P>C INVITE call=c3 ftag=3 from=200 to=300
			5.4 C>P 200 INVITE call=c3 ftag=3 ttag=7 from=200 to=300
			5.5 P>B 200 INVITE call=c2 ftag=2 ttag=8 from=200 to=300
			9.0 B>A REFER ftag=9 ttag=1 cseq=2 from=200 to=100 refer=300@example.com?Replaces=c2%3Bto-tag%3D8%3Bfrom-tag%3D2
			9.5 A>P INVITE call=c4 ftag=4 from=100 to=300 replaces=c2;to-tag=8;from-tag=2`,
			"c1:call_id c1:call_id c1:call_id c1:call_id",
		},

		// session_id
		{"the same Session-ID, whatever the numbers and the case", `0.0 A>P INVITE sid=` + a + `
			90.0 P>B INVITE call=c2 from=300 to=400 sid=` + strings.ToUpper(a) + `;remote=` + b, "c1:session_id c1:session_id"},
		{"null Session-IDs name nobody", `0.0 A>P INVITE sid=` + null + `
			9.0 P>B INVITE call=c2 sid=` + null, "c1:call_id c2:call_id"},
		{"different Session-IDs deny the same numbers", `0.0 A>P INVITE sid=` + a + `
			0.1 P>B INVITE call=c2 sid=` + b, "c1:session_id c2:session_id"},
		{"and the same o=", `0.0 A>P INVITE o=4711_1_IN_IP4_192.0.2.10 sid=` + a + `
			0.1 P>B INVITE call=c2 o=4711_1_IN_IP4_192.0.2.10 sid=` + b, "c1:session_id c2:session_id"},
		{"and the same icid", `0.0 A>P INVITE icid=x sid=` + a + `
			0.1 P>B INVITE call=c2 icid=x sid=` + b, "c1:session_id c2:session_id"},
		{"a Session-ID that a B2BUA adds denies nothing", `0.0 A>P INVITE
			0.1 P>B INVITE call=c2 sid=` + b, "c1:call_id c1:heuristic"},

		// icid
		{"the same icid", `0.0 A>P INVITE icid=xyz
			90.0 P>B INVITE call=c2 from=300 to=400 icid=xyz`, "c1:icid c1:icid"},
		{"another icid", `0.0 A>P INVITE icid=xyz
			0.1 P>B INVITE call=c2 icid=xyy`, "c1:icid c2:icid"},

		// sdp_origin
		{"the same o= from another host, another version", `0.0 A>P INVITE o=4711_1_IN_IP4_192.0.2.10
			4.0 P>B INVITE call=c2 from=300 to=400 o=4711_2_IN_IP4_192.0.2.10`, "c1:call_id c1:sdp_origin"},
		{"the same o= from the same host", `0.0 A>P INVITE o=4711_1_IN_IP4_192.0.2.10
			4.0 A>P INVITE call=c2 from=300 to=400 o=4711_1_IN_IP4_192.0.2.10`, "c1:call_id c2:call_id"},
		{"the same o= after the end", `0.0 A>P INVITE o=4711_1_IN_IP4_192.0.2.10
			0.5 P>A 486 INVITE ttag=9
			6.0 P>B INVITE call=c2 from=300 to=400 o=4711_1_IN_IP4_192.0.2.10`, "c1:call_id c2:call_id"},
		{"the same o= at once after a refusal", `0.0 A>P INVITE o=4711_1_IN_IP4_192.0.2.10
			0.5 P>A 486 INVITE ttag=9
			0.6 P>B INVITE call=c2 from=300 to=400 o=4711_1_IN_IP4_192.0.2.10`, "c1:call_id c1:sdp_origin"},
		{"o= of a program that writes 0", `0.0 A>P INVITE o=0_0_IN_IP4_192.0.2.10
			0.1 P>B INVITE call=c2 from=300 to=400 o=0_0_IN_IP4_192.0.2.10`, "c1:call_id c2:call_id"},
		{"o= of a program that writes 1", `0.0 A>P INVITE o=1_1_IN_IP4_192.0.2.10
			0.1 P>B INVITE call=c2 from=300 to=400 o=1_1_IN_IP4_192.0.2.10`, "c1:call_id c2:call_id"},
		{"o= with leading zeros", `0.0 A>P INVITE o=0000001_1_IN_IP4_192.0.2.10
			0.1 P>B INVITE call=c2 from=300 to=400 o=0000001_1_IN_IP4_192.0.2.10`, "c1:call_id c2:call_id"},
		{"o= without an address of its own", `0.0 A>P INVITE o=4711_1_IN_IP4_127.0.0.1
			0.1 P>B INVITE call=c2 from=300 to=400 o=4711_1_IN_IP4_127.0.0.1`, "c1:call_id c2:call_id"},
		{"one o= for all calls of a program says nothing", `0.0 A>P INVITE o=53655765_1_IN_IP4_192.0.2.10
			0.1 A>P INVITE call=c2 from=300 to=400 o=53655765_1_IN_IP4_192.0.2.10
			0.2 P>B INVITE call=c3 from=500 to=600 o=53655765_1_IN_IP4_192.0.2.10`, "c1:call_id c2:call_id c3:call_id"},
		{"but three legs of one call may have it", `0.0 A>P INVITE o=4711_1_IN_IP4_192.0.2.10
			0.1 P>Q INVITE call=c2 from=300 to=400 o=4711_1_IN_IP4_192.0.2.10
			0.2 Q>B INVITE call=c3 from=500 to=600 o=4711_1_IN_IP4_192.0.2.10`, "c1:call_id c1:sdp_origin c1:sdp_origin"},

		// heuristic
		{"the same numbers from another host at once", `0.0 A>P INVITE
			0.1 P>B INVITE call=c2`, "c1:call_id c1:heuristic"},
		{"the same numbers too late", `0.0 A>P INVITE
			5.1 P>B INVITE call=c2`, "c1:call_id c2:call_id"},
		{"the same numbers from the same host", `0.0 A>P INVITE
			0.1 A>P INVITE call=c2`, "c1:call_id c2:call_id"},
		{"by a tap whose clock is behind", `0.1 A>P INVITE
			0.0 P>B INVITE call=c2`, "c1:call_id c1:heuristic"},
		{"by a tap whose clock is far behind", `6.0 A>P INVITE
			0.0 P>B INVITE call=c2`, "c1:call_id c2:call_id"},
		{"another caller", `0.0 A>P INVITE
			0.1 P>B INVITE call=c2 from=101`, "c1:call_id c2:call_id"},
		{"anonymous callers are nobody", `0.0 A>P INVITE from=anonymous
			0.1 P>B INVITE call=c2 from=anonymous`, "c1:call_id c2:call_id"},
		{"on to the next target after a refusal", `0.0 A>P INVITE
			0.1 P>B INVITE call=c2
			1.0 B>P 486 INVITE call=c2 ttag=9
			1.1 P>C INVITE call=c3`, "c1:call_id c1:heuristic c1:heuristic"},
		{"tried again after 503", `0.0 A>P INVITE
			0.5 P>A 503 INVITE ttag=9
			30.0 A>Q INVITE call=c2`, "c1:call_id c1:heuristic"},
		{"tried again after 503, too late", `0.0 A>P INVITE
			0.5 P>A 503 INVITE ttag=9
			33.0 A>Q INVITE call=c2`, "c1:call_id c2:call_id"},
		{"with credentials under another Call-ID", `0.0 A>P INVITE
			0.5 P>A 407 INVITE ttag=9
			1.0 A>P INVITE call=c2`, "c1:call_id c1:heuristic"},
		{"called again after busy: another call", `0.0 A>P INVITE
			0.5 P>A 486 INVITE ttag=9
			1.0 A>P INVITE call=c2`, "c1:call_id c2:call_id"},
		{"called again after a 2xx and BYE: another call", `0.0 A>P INVITE
			0.5 P>A 200 INVITE ttag=9
			1.0 A>P BYE ttag=9 cseq=2
			1.1 P>A 200 BYE ttag=9 cseq=2
			1.5 A>P INVITE call=c2`, "c1:call_id c2:call_id"},
		{"elsewhere after a 302", `0.0 A>P INVITE
			0.5 P>A 302 INVITE ttag=9 contact=300
			1.0 A>Q INVITE call=c2 to=300`, "c1:call_id c1:heuristic"},
		{"elsewhere after a 302, with the old To", `0.0 A>P INVITE
			0.5 P>A 302 INVITE ttag=9 contact=300
			1.0 A>Q INVITE call=c2 uri=300`, "c1:call_id c1:heuristic"},
		{"somebody else calls where a 302 pointed", `0.0 A>P INVITE
			0.5 P>A 302 INVITE ttag=9 contact=300
			1.0 D>Q INVITE call=c2 from=101 to=300`, "c1:call_id c2:call_id"},
		{"another caller behind the same host does", `0.0 A>P INVITE
			0.5 P>A 302 INVITE ttag=9 contact=300
			1.0 A>Q INVITE call=c2 from=101 to=300`, "c1:call_id c2:call_id"},
		{"blind transfer", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			9.0 B>A REFER ftag=9 ttag=1 cseq=2 from=200 to=100 refer=300@example.com
			9.1 A>C INVITE call=c2 from=100 to=300`, "c1:call_id c1:heuristic"},
		{"called long after a REFER, the leg still open", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			9.0 B>A REFER ftag=9 ttag=1 cseq=2 from=200 to=100 refer=300@example.com
			42.0 A>C INVITE call=c2 from=100 to=300`, "c1:call_id c2:call_id"},
		{"where somebody sent another caller on to", `0.0 A>B INVITE
			0.5 B>A 200 INVITE ttag=9
			9.0 B>A REFER ftag=9 ttag=1 cseq=2 from=200 to=100 refer=300@example.com
			9.1 A>C INVITE call=c2 from=101 to=300`, "c1:call_id c2:call_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.lines(c.legs)
			var ids []string
			for i := range len(strings.Fields(c.want)) {
				ids = append(ids, "c"+string(rune('1'+i)))
			}
			if got := r.grouping(ids...); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A back-to-back user agent may keep the Call-ID and change the tag only.
func TestSameCallID(t *testing.T) {
	r := newRig(t)
	r.lines(`0.0 A>P INVITE
		0.1 P>B INVITE ftag=2`)
	want := map[string]string{"1": "call_id", "2": "heuristic"}
	for _, l := range r.index.legs {
		if g := l.call.Group; g.Name != "call_id\x00c1\x001" || g.Method != want[l.call.FirstTag] {
			t.Errorf("tag %s: %+v", l.call.FirstTag, g)
		}
	}
}

// Another branch that answers, and a Call-ID used again with the same tag, are of the first leg's group.
func TestBranchesAndReuse(t *testing.T) {
	for name, legs := range map[string]string{
		"branch": `0.0 A>P INVITE
			1.0 P>A 200 INVITE ttag=8
			1.1 P>A 200 INVITE ttag=9`,
		"reuse": `0.0 A>P INVITE
			1.0 P>A 486 INVITE ttag=8
			36.0 A>P INVITE cseq=2 branch=b`,
	} {
		r := newRig(t)
		r.lines(legs)
		if r.index.Len() != 2 {
			t.Errorf("%s: %d legs", name, r.index.Len())
		}
		for _, l := range r.index.legs {
			if want := named(byCallID, "c1\x001"); l.call.Group != want {
				t.Errorf("%s: group %+v, want %+v", name, l.call.Group, want)
			}
		}
	}
}
