package register

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rs/zerolog"

	"calltrail/store/postgres"
	"calltrail/store/postgres/access"
	"calltrail/store/postgres/pgtest"
)

// site is a database with the schema, roles, the channel of the audit, and questions that answer without records: the gate is
// tested here, not what is asked.
type site struct {
	testing.TB
	dsn   string
	owner *pgx.Conn
	names map[string]string // of a person: the login
}

const sample = `{"type": "number", "value": "+911204100001"}`

func newSite(tb testing.TB) *site {
	tb.Helper()
	s := &site{TB: tb, names: map[string]string{}}
	var login string
	// Roles belong to the server: they go after the database, whose rights name them.
	tb.Cleanup(func() {
		if s.owner == nil {
			return
		}
		server, err := pgx.Connect(context.Background(), serverOf(s.dsn))
		if err != nil {
			tb.Fatal(err)
		}
		defer func() { _ = server.Close(context.Background()) }()
		for _, name := range append([]string{login}, values(s.names)...) {
			if _, err := server.Exec(context.Background(), "DROP ROLE IF EXISTS "+name); err != nil {
				tb.Error(err)
			}
		}
	})
	s.dsn = pgtest.Database(tb, func(dsn string) error {
		_, err := postgres.Migrate(context.Background(), postgres.Config{DSN: dsn, Logger: zerolog.Nop()}, postgres.Up)
		return err
	})
	s.owner = s.connect(s.dsn)
	login = s.text(`SELECT calltrail.audit_login()`)
	s.do(s.owner, probes)
	s.do(s.owner, `SELECT calltrail.make_wrappers()`)
	if _, err := access.Init(context.Background(), s.owner, access.Options{}); err != nil {
		tb.Fatal(err)
	}
	return s
}

// probes are questions of the tests.
const probes = `
INSERT INTO calltrail.question (name, function, description, selectors, masked, needs_pattern, of_request) VALUES
	('probe', 'probe', 'Rows as many as wanted.', '{"of_number": "number"}', '{subscriber}', false, false),
	('slowly', 'slowly', 'One row, late.', '{"of_number": "number"}', '{}', false, false),
	('leaky', 'leaky', 'An error that quotes a row.', '{"of_number": "number"}', '{}', false, false),
	('strict', 'strict', 'An error about its parameters.', '{"of_number": "number"}', '{}', false, false),
	('at_address', 'at_address', 'An address and port.', '{"address": "address"}', '{}', false, false),
	('around', 'around', 'A time and what is around it.', '{"victim": "number"}', '{}', false, false),
	('people', 'people', 'A list of subscribers.', '{"subscribers": "subscriber"}', '{}', false, false),
	('either', 'either', 'A number or an address.', '{"of_number": "number", "address": "address"}', '{}', false, false),
	('bursts', 'bursts', 'Without selector.', '{}', '{}', true, false),
	('whole', 'whole', 'About the request.', '{}', '{}', false, true);
CREATE FUNCTION calltrail.probe(of_number text, from_time timestamptz, to_time timestamptz, n integer DEFAULT 2)
	RETURNS TABLE (number text, subscriber text, nested jsonb, at timestamptz) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
	$$ SELECT of_number, 'S-' || i, jsonb_build_object('subscriber', 'S-' || i, 'list', jsonb_build_array(jsonb_build_object('subscriber', i))), from_time FROM generate_series(1, n) i $$;
CREATE FUNCTION calltrail.slowly(of_number text, from_time timestamptz, to_time timestamptz) RETURNS TABLE (number text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$ BEGIN PERFORM pg_sleep(60); RETURN QUERY SELECT of_number; END $$;
CREATE FUNCTION calltrail.leaky(of_number text, from_time timestamptz, to_time timestamptz) RETURNS TABLE (n integer)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT ('the secret of ' || of_number)::integer $$;
CREATE FUNCTION calltrail.strict(of_number text, from_time timestamptz, to_time timestamptz) RETURNS TABLE (n integer)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$ BEGIN RAISE EXCEPTION 'strict: 2 or more is wanted'; END $$;
CREATE FUNCTION calltrail.at_address(address inet, port integer, from_time timestamptz, to_time timestamptz) RETURNS TABLE (ip inet, of_port integer)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT address, port $$;
CREATE FUNCTION calltrail.around(victim text, at timestamptz, within interval DEFAULT '10 minutes') RETURNS TABLE (first timestamptz, last timestamptz)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT at - within, at + within $$;
CREATE FUNCTION calltrail.people(subscribers text[], from_time timestamptz, to_time timestamptz) RETURNS TABLE (who text)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT unnest(subscribers) $$;
CREATE FUNCTION calltrail.either(from_time timestamptz, to_time timestamptz, of_number text DEFAULT NULL, address inet DEFAULT NULL) RETURNS TABLE (which text)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT coalesce(of_number, host(address)) $$;
CREATE FUNCTION calltrail.bursts(from_time timestamptz, to_time timestamptz) RETURNS TABLE (n bigint)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 1::bigint $$;
CREATE FUNCTION calltrail.whole(request_id text, from_time timestamptz, to_time timestamptz) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT request_id $$;`

// person makes a login in the given groups once, and opens a connection as it.
func (s *site) person(who string, groups ...string) *pgx.Conn {
	s.Helper()
	name, ok := s.names[who]
	if !ok {
		name = who + "_" + strings.ToLower(rand.Text()[:12])
		s.names[who] = name
		s.do(s.owner, fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD 'of the test' IN ROLE %s`, name, strings.Join(groups, ", ")))
	}
	u, err := url.Parse(s.dsn)
	if err != nil {
		s.Fatal(err)
	}
	u.User = url.UserPassword(name, "of the test")
	return s.connect(u.String())
}

func (s *site) connect(dsn string) *pgx.Conn {
	s.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// approved registers a request for November 2026 as one person and approves it as another.
func (s *site) approved(by, approver *pgx.Conn, selectors string) string {
	s.Helper()
	id := s.registered(by, selectors)
	s.do(approver, `SELECT calltrail.approve_request($1)`, id)
	return id
}

func (s *site) registered(by *pgx.Conn, selectors string) (id string) {
	s.Helper()
	err := by.QueryRow(context.Background(), `SELECT calltrail.register_request('Noida police', 'A. Kumar', 'SP', ('[' || $1::text || ']')::jsonb, '2026-11-01 00:00+05:30', '2026-12-01 00:00+05:30',
		'hoax calls', '12/2026', document_sha256 => repeat('ab', 32), max_rows => 5)`, selectors).Scan(&id)
	if err != nil {
		s.Fatal(err)
	}
	return id
}

// opened is an analyst with an approved request for the sample number that he has opened.
func (s *site) opened() (analyst *pgx.Conn, id string) {
	s.Helper()
	analyst = s.person("asha", access.Analyst)
	id = s.approved(analyst, s.person("ravi", access.Approver), sample)
	s.do(analyst, `SELECT calltrail.open_request($1)`, id)
	return analyst, id
}

func (s *site) do(conn execer, statement string, args ...any) {
	s.Helper()
	if _, err := conn.Exec(context.Background(), statement, args...); err != nil {
		s.Fatalf("%s: %v", statement, err)
	}
}

type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// refused holds that a statement fails with an error that has a text.
func (s *site) refused(conn execer, want, statement string, args ...any) {
	s.Helper()
	if _, err := conn.Exec(context.Background(), statement, args...); err == nil || !strings.Contains(err.Error(), want) {
		s.Errorf("%s %v: %v, want %q", statement, args, err, want)
	}
}

func (s *site) text(query string, args ...any) (got string) {
	s.Helper()
	if err := s.owner.QueryRow(context.Background(), `SELECT coalesce(string_agg(trim('()' from q::text), '; '), '') FROM (`+query+`) q`, args...).Scan(&got); err != nil {
		s.Fatalf("%s: %v", query, err)
	}
	return got
}

func (s *site) want(query, answer string, args ...any) {
	s.Helper()
	if got := s.text(query, args...); got != answer {
		s.Errorf("%s %v\n got %s\nwant %s", query, args, got, answer)
	}
}

// actions are those of the audit about a request after the opening.
func (s *site) actions(id string) string {
	s.Helper()
	return s.text(`SELECT action FROM calltrail.audit WHERE request_id = $1 AND audit_id > (SELECT max(audit_id) FROM calltrail.audit WHERE request_id = $1 AND action = 'opened') ORDER BY audit_id`, id)
}

func serverOf(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	u.Path = "/postgres"
	return u.String()
}

func values(m map[string]string) (list []string) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}
