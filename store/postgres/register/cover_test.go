package register

import (
	"strings"
	"testing"

	"calltrail/store/postgres/access"
)

// What is covered, and what only looks so.
func TestCovered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn := s.person("asha", access.Analyst)
	id := s.approved(conn, s.person("ravi", access.Approver), strings.Join([]string{
		`{"type": "number", "value": "0091 (120) 410-0001"}`, `{"type": "number_prefix", "value": "+91 22"}`, `{"type": "address", "value": "192.0.2.0/24:5060"}`,
		`{"type": "address", "value": "[2001:db8::7]"}`, `{"type": "address", "value": "198.51.100.7"}`, `{"type": "subscriber", "value": "S-1"}`, `{"type": "subscriber", "value": "S-2"}`,
		`{"type": "pattern", "value": "bursts"}`, `{"type": "number", "value": "sip:01204100001"}`,
	}, ","))
	s.do(conn, `SELECT calltrail.open_request($1)`, id)
	s.want(`SELECT selectors::text FROM calltrail.requests WHERE request_id = $1`, `"[{""type"": ""number"", ""value"": ""+911204100001""}, {""type"": ""number_prefix"", ""value"": ""+9122""}, `+
		`{""port"": 5060, ""type"": ""address"", ""value"": ""192.0.2.0/24""}, {""type"": ""address"", ""value"": ""2001:db8::7""}, {""type"": ""address"", ""value"": ""198.51.100.7""}, `+
		`{""type"": ""subscriber"", ""value"": ""S-1""}, {""type"": ""subscriber"", ""value"": ""S-2""}, {""type"": ""pattern"", ""value"": ""bursts""}, {""type"": ""number"", ""value"": ""sip:01204100001""}]"`, id)
	for _, c := range []struct{ question, parameters, refused string }{
		{"probe", `{"of_number": "+911204100001"}`, ""},
		{"probe", `{"of_number": " 00911204100001 "}`, ""},
		{"probe", `{"of_number": "+912212345678"}`, ""}, // begins as the prefix does
		{"probe", `{"of_number": "+9112041000011"}`, "not covered"},
		{"probe", `{"of_number": "+91120410000"}`, "not covered"},
		{"probe", `{"of_number": "01204100001"}`, "a number is written with +"},
		{"probe", `{"of_number": "911204100001"}`, "a number is written with +"},
		{"probe", `{"of_number": "+９１1204100001"}`, "a number is written with +"}, // digits of another script
		{"probe", `{"of_number": "+911204100001%"}`, "a number is written with +"},
		{"probe", `{"of_number": "SIP:01204100001"}`, ""}, // exactly as it was shown
		{"probe", `{"of_number": "sip:1204100001"}`, "not covered"},
		{"probe", `{"of_number": "sip:+911204100001"}`, "a number is written with +"},
		{"probe", `{"of_number": "sip:desk@example.net"}`, "a number is written with +"},
		{"probe", `{"of_number": "+911204100001\n"}`, "control characters"},
		{"probe", `{"of_number": ["+911204100001"]}`, "one value"},
		{"probe", `{"of_number": {"x": 1}}`, "one value"},
		{"probe", `{"of_number": null}`, "is missing"},
		{"probe", `{"of_number": "+911204100001", "n": "1); DROP TABLE x; --"}`, "is no integer"},
		{"probe", `{"of_number": "+911204100001", "N": 1}`, "there is no parameter"},
		{"probe", `[]`, "the parameters are an object"},
		{"probe", `null`, "the parameters are an object"},
		{"audit", `{}`, "is no question"},
		{"probe'); SELECT 1; --", `{}`, "is no question"},
		{"at_address", `{"address": "192.0.2.9", "port": 5060}`, ""},
		{"at_address", `{"address": "192.0.2.9", "port": 5061}`, "not covered"},
		{"at_address", `{"address": "192.0.2.128/25", "port": 5060}`, ""},
		{"at_address", `{"address": "192.0.2.0/23", "port": 5060}`, "not covered"},
		{"at_address", `{"address": "192.0.2.9/24", "port": 5060}`, "no bits set behind it"},
		{"at_address", `{"address": "0.0.0.0/0", "port": 5060}`, "not shorter than /16"},
		{"at_address", `{"address": "::ffff:192.0.2.9", "port": 5060}`, "not covered"}, // of the other family
		{"at_address", `{"address": "2001:DB8:0::7", "port": 1}`, ""},
		{"at_address", `{"address": "2001:db8::/64", "port": 1}`, "not covered"},
		{"at_address", `{"address": "198.51.100.7", "port": 443}`, ""},
		{"at_address", `{"address": "198.51.100.7", "port": "x"}`, "is no integer"},
		{"people", `{"subscribers": ["S-1", "S-2"]}`, ""},
		{"people", `{"subscribers": ["S-1", "S-3"]}`, "not covered"},
		{"people", `{"subscribers": ["S-1", "s-2"]}`, "not covered"},
		{"people", `{"subscribers": []}`, "a list of 1 to 100"},
		{"people", `{"subscribers": ["S-1", null]}`, "a list of 1 to 100"},
		{"people", `{"subscribers": "{S-1,S-3}"}`, "a list of 1 to 100"},
		{"people", `{"subscribers": ["S-1", "S-2\",\"S-3"]}`, "not covered"},
		{"either", `{}`, "no selector is given"},
		{"either", `{"address": null}`, "no selector is given"},
		{"either", `{"address": "198.51.100.7"}`, ""},
		{"bursts", `{}`, ""},
		{"whole", `{}`, ""},
		{"whole", `{"request_id": "R-2020-000001"}`, ""}, // filled in, whatever was given
		{"probe", `{"of_number": "+911204100001", "from_time": "2026-11-30"}`, ""},
		{"probe", `{"of_number": "+911204100001", "from_time": "2026-11-02T00:00:00Z", "to_time": "2026-11-30 18:30:00Z"}`, ""},
		{"probe", `{"of_number": "+911204100001", "to_time": "2026-11-30 18:30:00.000001Z"}`, "outside the window"},
		{"probe", `{"of_number": "+911204100001", "from_time": "2026-10-31 23:59"}`, "outside the window"},
		{"probe", `{"of_number": "+911204100001", "from_time": "2026-11-03", "to_time": "2026-11-03"}`, "ends before it begins"},
		{"probe", `{"of_number": "+911204100001", "from_time": "-infinity"}`, "a time is written"},
		{"probe", `{"of_number": "+911204100001", "to_time": "infinity"}`, "a time is written"},
		{"probe", `{"of_number": "+911204100001", "from_time": "yesterday"}`, "a time is written"},
		{"probe", `{"of_number": "+911204100001", "from_time": "2026-11-31"}`, "there is no such date"},
		{"probe", `{"of_number": "+911204100001", "from_time": "2026-11-02 10:00 America/New_York"}`, "a time is written"},
		{"around", `{"victim": "+911204100001", "at": "2026-11-05 10:00"}`, ""},
		{"around", `{"victim": "+911204100001", "at": "2026-11-01 00:05"}`, "reaches out of"}, // by the ten minutes of its default
		{"around", `{"victim": "+911204100001", "at": "2026-11-05 10:00", "within": "30 days"}`, "reaches out of"},
		{"around", `{"victim": "+911204100001", "at": "2026-11-05 10:00", "within": "-1 minute"}`, "below nothing"},
		{"around", `{"victim": "+911204100001"}`, "parameter at is missing"},
		{"probe", `{"of_number": "` + strings.Repeat("1", 9000) + `"}`, "longer than 8192 octets"},
	} {
		if c.refused == "" {
			s.do(conn, `SELECT * FROM calltrail.ask($1, $2)`, c.question, c.parameters)
			s.want(`SELECT action FROM calltrail.audit ORDER BY audit_id DESC LIMIT 1`, "answered")
			continue
		}
		s.refused(conn, c.refused, `SELECT * FROM calltrail.ask($1, $2)`, c.question, c.parameters)
		s.want(`SELECT action FROM calltrail.audit ORDER BY audit_id DESC LIMIT 1`, "refused")
	}
	s.want(`SELECT * FROM calltrail.audit_verify()`, "")
}

// What cannot be registered, each with its one line.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn := s.person("asha", access.Analyst)
	const hash = "abababababababababababababababababababababababababababababababab"
	for _, c := range []struct{ agency, selectors, from, to, hash, want string }{
		{"", `[` + sample + `]`, "2026-11-01", "2026-12-01", hash, "agency is empty"},
		{"a\nb", `[` + sample + `]`, "2026-11-01", "2026-12-01", hash, "agency is longer than 500 characters, or has control characters"},
		{"police", `[` + sample + `]`, "2026-12-01", "2026-11-01", hash, "the window ends before it begins"},
		{"police", `[` + sample + `]`, "2020-12-01", "2026-11-01", hash, "the window is longer than 2 years"},
		{"police", `[` + sample + `]`, "-infinity", "2026-11-01", hash, "has no end"},
		{"police", `[` + sample + `]`, "2026-11-01", "2026-12-01", "abc", "64 hexadecimal digits"},
		{"police", `[]`, "2026-11-01", "2026-12-01", hash, "a list of 1 to 100"},
		{"police", `{}`, "2026-11-01", "2026-12-01", hash, "a list of 1 to 100"},
		{"police", `[{"type": "number"}]`, "2026-11-01", "2026-12-01", hash, "type and value"},
		{"police", `[{"type": "planet", "value": "x"}]`, "2026-11-01", "2026-12-01", hash, "'planet' is not known"},
		{"police", `[{"type": "number_prefix", "value": "+91"}]`, "2026-11-01", "2026-12-01", hash, "4 to 14 digits"},
		{"police", `[{"type": "address", "value": "10.0.0.0/8"}]`, "2026-11-01", "2026-12-01", hash, "not shorter than /16"},
		{"police", `[{"type": "address", "value": "192.0.2.7:0"}]`, "2026-11-01", "2026-12-01", hash, "a port, from 1 to 65535"},
		{"police", `[{"type": "number", "value": "+911204100001", "port": 5}]`, "2026-11-01", "2026-12-01", hash, "goes with an address"},
		{"police", `[{"type": "area", "value": "28.6,77.2,5000"}]`, "2026-11-01", "2026-12-01", hash, "at most 200 km"},
		{"police", `[{"type": "asn", "value": "AS0"}]`, "2026-11-01", "2026-12-01", hash, "an asn is a number"},
		{"police", `[{"type": "call", "value": "x"}]`, "2026-11-01", "2026-12-01", hash, "call_uid"},
		{"police", `[{"type": "uri", "value": "x"}]`, "2026-11-01", "2026-12-01", hash, "sip:user@host"},
		{"police", `[{"type": "pattern", "value": "probe"}]`, "2026-11-01", "2026-12-01", hash, "is not the name of a question"},
	} {
		s.refused(conn, c.want, `SELECT calltrail.register_request($1, 'A. Kumar', 'SP', $2, $3::text::timestamptz, $4::text::timestamptz, 'hoax', '1/2026', document_sha256 => $5)`, c.agency, c.selectors, c.from, c.to, c.hash)
	}
	s.refused(conn, "name the order", `SELECT calltrail.register_request('p', 'o', 'r', $1, '2026-11-01', '2026-12-01', 'x', document_sha256 => $2)`, `[`+sample+`]`, hash)
	s.refused(conn, "max_rows is from 1", `SELECT calltrail.register_request('p', 'o', 'r', $1, '2026-11-01', '2026-12-01', 'x', '1', document_sha256 => $2, max_rows => 0)`, `[`+sample+`]`, hash)
	s.want(`SELECT count(*) FROM calltrail.audit`, "0")
}
