package access

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store/postgres"
)

//go:embed channel.sql
var channelSQL string

// place is where a server may find itself.
type place struct {
	host string
	port int
}

func (p place) String() string { return net.JoinHostPort(p.host, strconv.Itoa(p.port)) }

// makeChannel makes the audit's login and the foreign server calltrail_audit, and tries the connection from end to end.
func makeChannel(ctx context.Context, conn *postgres.Conn, s site, o Options, r *Report) error {
	if _, err := conn.Exec(ctx, channelSQL); err != nil {
		return postgres.Wrap("make the login that writes the audit", err)
	}
	places, err := places(ctx, conn, o)
	if err != nil {
		return err
	}
	var refused error
	for _, p := range places {
		_, err := conn.Exec(ctx, fmt.Sprintf(`ALTER SERVER calltrail_audit OPTIONS (SET host %s, SET port %s, SET dbname %s)`, literal(p.host), literal(strconv.Itoa(p.port)), literal(s.Database)))
		if err != nil {
			return postgres.Wrap("name this server for the audit's connection", err)
		}
		if err = tryChannel(ctx, conn, p); err == nil {
			r.done("audit: written by %s over %s", login(ctx, conn), p)
			return nil
		}
		if refused == nil { // the place that most likely was meant
			refused = err
		}
	}
	return refused
}

// tryChannel sees that the server asks the audit's login for its password, and that the connection works.
func tryChannel(ctx context.Context, conn *postgres.Conn, p place) error {
	who := login(ctx, conn)
	line := fmt.Sprintf("host %s %s %s scram-sha-256", conn.Config().Database, who, network(p))
	if net.ParseIP(p.host) == nil {
		line = fmt.Sprintf("local %s %s scram-sha-256", conn.Config().Database, who)
	}
	hint := "put before the other lines of pg_hba.conf, and reload: " + line
	var home string
	err := conn.QueryRow(ctx, `SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'dblink'`).Scan(&home)
	if err != nil {
		return postgres.Wrap("look for dblink", err)
	}
	// A server that lets it in with any password would let anybody write the audit.
	wrong := fmt.Sprintf("host='%s' port=%d dbname='%s' user='%s' password=wrong connect_timeout=5", p.host, p.port, conn.Config().Database, who)
	_, err = conn.Exec(ctx, `SELECT `+home+`.dblink_connect('calltrail try', $1)`, wrong)
	asked, _ := errors.AsType[*pgconn.PgError](err)
	if err == nil {
		_, err = conn.Exec(ctx, `SELECT `+home+`.dblink_disconnect('calltrail try')`)
		return errors.Join(refusal(fmt.Sprintf("the server lets %s in over %s without its password (trust, or another method that asks for none), so that anybody could write the audit", who, p), hint), err)
	}
	if asked == nil {
		return postgres.Wrap("try the audit's connection", err)
	}
	if asked.Code == "2F003" { // what dblink says to who is no superuser
		return refusal(fmt.Sprintf("the server lets %s in over %s without its password (trust, or another method that asks for none), so that anybody could write the audit", who, p), hint)
	}
	var arrived string
	if err := conn.QueryRow(ctx, `SELECT calltrail.channel('SELECT current_user')`).Scan(&arrived); err != nil {
		text := err.Error()
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
			text = pg.Message
		}
		return refusal(fmt.Sprintf("the server cannot connect to itself as %s over %s (%s)", who, p, text), hint)
	}
	if arrived != who {
		return refusal(fmt.Sprintf("the audit's connection over %s arrives as %s", p, arrived), "do not map users of this login in pg_hba.conf")
	}
	return nil
}

// places are where the server may find itself, the likeliest first.
func places(ctx context.Context, conn *postgres.Conn, o Options) ([]place, error) {
	var listen, sockets string
	var port int
	err := conn.QueryRow(ctx, `SELECT current_setting('listen_addresses'), current_setting('port')::int, coalesce((SELECT setting FROM pg_settings WHERE name = 'unix_socket_directories'), '')`).
		Scan(&listen, &port, &sockets)
	if err != nil {
		return nil, postgres.Wrap("ask where the server listens", err)
	}
	if o.Port != 0 {
		port = o.Port
	}
	if o.Host != "" {
		return []place{{o.Host, port}}, nil
	}
	var list []place
	for one := range strings.SplitSeq(listen, ",") {
		switch one = strings.TrimSpace(one); one {
		case "":
		case "*", "0.0.0.0", "localhost":
			list = append(list, place{"127.0.0.1", port})
		case "::":
			list = append(list, place{"::1", port})
		default:
			list = append(list, place{one, port})
		}
	}
	for one := range strings.SplitSeq(sockets, ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, place{one, port})
		}
	}
	if len(list) == 0 {
		return nil, refusal("the server does not say where it listens", "name it: calltrail access init --audit-host 127.0.0.1")
	}
	return list, nil
}

func network(p place) string {
	if strings.Contains(p.host, ":") {
		return p.host + "/128"
	}
	return p.host + "/32"
}

// login is the name of the audit's login; empty when it cannot be asked for.
func login(ctx context.Context, conn *postgres.Conn) (name string) {
	_ = conn.QueryRow(ctx, `SELECT calltrail.audit_login()`).Scan(&name) // the next statement fails with it
	return name
}

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes a text for statements that take no parameters. The setting standard_conforming_strings may be off.
func literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		quoted = " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}
