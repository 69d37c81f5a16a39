package config

import (
	"fmt"
	"time"
)

// RADIUSSecret reads RADIUSSecretFile: its content without the line end. It returns nil when RADIUS is not listened to, and an error when
// others can read the file, it is empty or larger than 4 KiB. The secret is in no error.
func (a *Assignments) RADIUSSecret() ([]byte, error) {
	if a.RADIUSListen == "" || a.RADIUSSecretFile == "" {
		return nil, nil
	}
	secret, err := readSecret(a.RADIUSSecretFile)
	if err != nil {
		return nil, fmt.Errorf("assignments.radius_secret_file: %w", err)
	}
	return []byte(secret), nil
}

// assignments sees that what tells of assignments can be heard, when it is to be.
func (v *validator) assignments() {
	a := v.cfg.Assignments
	for _, x := range []struct {
		name, addr string
		senders    int
	}{
		{"radius", a.RADIUSListen, len(a.RADIUSAllow)},
		{"ipfix", a.IPFIXListen, len(a.IPFIXAllow)},
		{"syslog", a.SyslogListen, len(a.SyslogAllow)},
	} {
		if x.addr == "" {
			continue
		}
		if !isHostPort(x.addr) {
			v.fail("assignments."+x.name+"_listen", "%q is not an address to listen on; write host:port, such as 192.0.2.10:1813", x.addr)
		}
		if x.senders == 0 {
			v.fail("assignments."+x.name+"_allow", "is empty, so that nobody would be heard; name the senders' addresses")
		}
	}
	if a.RADIUSListen != "" && a.RADIUSSecretFile == "" {
		v.fail("assignments.radius_secret_file", "is empty, so that anybody could make sessions up; name the file of the secret that is shared with the senders")
	}
	v.between("assignments.max_late", a.MaxLate, time.Minute, 3650*day)
	if _, err := time.LoadLocation(a.SyslogZone); err != nil || a.SyslogZone == "" {
		v.fail("assignments.syslog_zone", "%q is not a time zone; write UTC, or a name such as Asia/Kolkata", a.SyslogZone)
	}
}
