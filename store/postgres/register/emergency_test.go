package register

import (
	"context"
	"strings"
	"testing"
	"time"

	"calltrail/store/postgres/access"
)

const emergency = `SELECT calltrail.open_emergency('Noida police', 'A. Kumar', 'SP', '[` + sample + `]', '2026-11-01 00:00+05:30', '2026-12-01 00:00+05:30', 'kidnapping')`

// The emergency officer gets few rows at once, everybody who listens is told, and a second person has to stand for it.
func TestEmergency(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	officer, other, approver := s.person("devi", access.Analyst, access.Approver), s.person("asha", access.Analyst), s.person("ravi", access.Approver)
	s.refused(officer, "only the emergency officer", emergency)
	s.refused(s.owner, "there is no login of that name", `SELECT calltrail.set_emergency_officer('nobody at all')`)
	s.do(s.owner, `SELECT calltrail.set_emergency_officer($1)`, s.names["devi"])
	s.refused(other, "only the emergency officer", emergency)

	// The alert is out before anything was asked, and is not taken back with the transaction.
	s.do(s.owner, "LISTEN calltrail_emergency")
	s.do(officer, "BEGIN")
	s.do(officer, emergency)
	s.do(officer, question)
	s.do(officer, "ROLLBACK")
	late, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	alert, err := s.owner.WaitForNotification(late)
	if err != nil || !strings.Contains(alert.Payload, `"request_id": "R-2026-000001"`) || !strings.Contains(alert.Payload, s.names["devi"]) || strings.Contains(alert.Payload, "9112") {
		t.Fatalf("the alert is %+v, %v", alert, err)
	}
	s.want(`SELECT state, rows, approved_by, officer = $1 FROM calltrail.audit_emergency`, "emergency,3,,t", s.names["devi"])

	// Few rows in all, not in each answer.
	s.do(officer, `SELECT set_config('calltrail.request', 'R-2026-000001', false)`)
	s.do(officer, `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 17}')`)
	s.refused(officer, "few rows in all", `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 1}')`)
	s.refused(officer, "more than the 20 rows", `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 21}')`)
	s.want(`SELECT rows FROM calltrail.audit_emergency`, "20")

	// He does not approve his own, and nobody else raises it before it is approved.
	s.refused(officer, "whoever registered a request does not decide on it", `SELECT calltrail.approve_request('R-2026-000001')`)
	s.refused(approver, "it is emergency, not approved", `SELECT calltrail.raise_rows('R-2026-000001', 100)`)

	// 24 hours go by: nothing more is answered, and he opens no other.
	s.do(s.owner, `SET session_replication_role = replica`)
	s.do(s.owner, `UPDATE calltrail.request SET requested_at = requested_at - interval '25 hours'`)
	s.want(`SELECT state FROM calltrail.audit_emergency`, "overdue")
	s.refused(officer, "is overdue, not approved", question)
	s.refused(officer, "R-2026-000001 was opened more than 24 hours ago", emergency)

	s.do(approver, `SELECT calltrail.approve_request('R-2026-000001', 'seen the letter')`)
	s.want(`SELECT state, approved_by = $1, approved_late FROM calltrail.audit_emergency`, "approved,t,t", s.names["ravi"])
	s.do(officer, `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 20}')`)
	s.do(officer, emergency)
	s.do(approver, `SELECT calltrail.refuse_request('R-2026-000002', 'no emergency')`)
	s.refused(officer, "is refused, not approved", question)

	r, err := Month(ctx, s.owner, "")
	if err != nil || len(r.Emergencies) != 2 || r.Emergencies[0].Rows != 40 || !r.Emergencies[0].ApprovedLate || r.Emergencies[1].State != "refused" {
		t.Errorf("%+v, %v", r.Emergencies, err)
	}
	s.want(`SELECT action, n, rows FROM calltrail.audit_month WHERE person = $1 AND action = 'answered'`, "answered,3,40", s.names["devi"])
}

// Two answers at the same time do not share the few rows twice.
func TestEmergencyTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one := s.person("devi", access.Analyst)
	two := s.person("devi")
	s.do(s.owner, `SELECT calltrail.set_emergency_officer($1)`, s.names["devi"])
	s.do(one, emergency)
	s.do(two, `SELECT calltrail.open_request('R-2026-000001')`)
	const half = `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 15}')`
	done := make(chan error, 2)
	for _, conn := range []execer{one, two} {
		go func() {
			_, err := conn.Exec(context.Background(), half)
			done <- err
		}()
	}
	first, second := <-done, <-done
	if (first == nil) == (second == nil) {
		t.Errorf("both or none: %v, %v", first, second)
	}
	s.want(`SELECT rows FROM calltrail.audit_emergency`, "15")
}
