package access

import (
	"context"

	"calltrail/store/postgres"
)

// EmergencyOfficer is the login that may open a request before it is approved; empty: nobody.
func EmergencyOfficer(ctx context.Context, conn *postgres.Conn) (name string, err error) {
	err = conn.QueryRow(ctx, `SELECT coalesce(emergency_officer, '') FROM calltrail.setting`).Scan(&name)
	return name, postgres.Wrap("read the emergency officer", err)
}

// NameEmergencyOfficer names another; empty: nobody. The change stands in the audit before it holds, so the audit must be set up.
func NameEmergencyOfficer(ctx context.Context, conn *postgres.Conn, name string) error {
	_, err := conn.Exec(ctx, `SELECT calltrail.set_emergency_officer(nullif($1, ''))`, name)
	return postgres.Wrap("name the emergency officer", err)
}
