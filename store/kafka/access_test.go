package kafka

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
	"calltrail/store/kafka/kafkatest"
	"calltrail/store/tlstest"
)

// allow lets an account do what is listed to topics and groups that begin with calltrail.
func allow(t *testing.T, admin *kafkago.Client, user string, rights map[kafkago.ResourceType][]kafkago.ACLOperationType) {
	t.Helper()
	var acls []kafkago.ACLEntry
	for resource, operations := range rights {
		for _, operation := range operations {
			acls = append(acls, kafkago.ACLEntry{
				ResourceType: resource, ResourceName: "calltrail", ResourcePatternType: kafkago.PatternTypePrefixed, Principal: "User:" + user, Host: "*",
				Operation: operation, PermissionType: kafkago.ACLPermissionTypeAllow,
			})
		}
	}
	answer, err := admin.CreateACLs(context.Background(), &kafkago.CreateACLsRequest{ACLs: acls})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range answer.Errors {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func addUser(t *testing.T, admin *kafkago.Client, user, password string) {
	t.Helper()
	salt := []byte(rand.Text())
	salted, err := pbkdf2.Key(sha512.New, password, salt, 4096, sha512.Size)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := admin.AlterUserScramCredentials(context.Background(), &kafkago.AlterUserScramCredentialsRequest{
		Upsertions: []kafkago.UserScramCredentialsUpsertion{{
			Name: user, Mechanism: kafkago.ScramMechanismSha512, Iterations: 4096, Salt: salt,
			SaltedPassword: salted,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range answer.Results {
		if r.Error != nil {
			t.Fatal(r.Error)
		}
	}
}

// Sensors write only, stores read only, and a broker or an account that cannot prove itself gets nothing.
func TestAccess(t *testing.T) {
	trusted, stranger := tlstest.New(t, "operator"), tlstest.New(t, "stranger")
	tomorrow := time.Now().Add(24 * time.Hour)
	cluster := kafkatest.Start(t, kafkatest.Options{Listeners: []kafkatest.Listener{
		{Name: "SCRAM", Protocol: "SASL_SSL", KeyStore: trusted.Issue("broker", "127.0.0.1", tomorrow)},
		{Name: "EXPIRED", Protocol: "SASL_SSL", KeyStore: trusted.Issue("expired", "127.0.0.1", time.Now().Add(-time.Minute))},
		{Name: "OTHER", Protocol: "SASL_SSL", KeyStore: trusted.Issue("other", "192.0.2.1", tomorrow)},
		{Name: "MUTUAL", Protocol: "SSL", KeyStore: trusted.Path("broker.pem"), TrustStore: trusted.Path("ca.pem")},
	}})
	plain := Config{Brokers: cluster.Addresses()}
	if _, err := Init(within(t), plain, Topics{Partitions: 1, Replication: 1}); err != nil {
		t.Fatal(err)
	}
	admin, transport, err := plain.client()
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	addUser(t, admin, "sensor", "s3nsor")
	addUser(t, admin, "store", "st0re")
	allow(t, admin, "sensor", map[kafkago.ResourceType][]kafkago.ACLOperationType{kafkago.ResourceTypeTopic: {kafkago.ACLOperationTypeWrite}})
	allow(t, admin, "store", map[kafkago.ResourceType][]kafkago.ACLOperationType{
		kafkago.ResourceTypeTopic: {kafkago.ACLOperationTypeRead}, kafkago.ResourceTypeGroup: {kafkago.ACLOperationTypeRead},
	})
	trusted.Write("sensor.password", []byte("s3nsor\n"))
	trusted.Write("store.password", []byte("st0re"))
	trusted.Write("wrong.password", []byte("s3nsor2\n"))
	as := func(user string) Access {
		return Access{TLS: true, CAFile: trusted.Path("ca.pem"), User: user, PasswordFile: trusted.Path(user + ".password")}
	}
	sensor := Config{Brokers: cluster.Listener("SCRAM"), Access: as("sensor")}
	reader := ConsumerConfig{Config: Config{Brokers: cluster.Listener("SCRAM"), Access: as("store")}, UntilHead: true}

	items := entries("edge-1", 3)
	if err := publisher(t, sensor).Deliver(within(t), items); err != nil {
		t.Fatalf("the sensor may write: %v", err)
	}
	in := consumer(t, reader)
	batch, err := in.Fetch(within(t))
	if err != nil || len(batch.Items) != 3 || string(batch.Items[2].Body) != string(items[2].Body) {
		t.Fatalf("the store may read: %d items, %v", len(batch.Items), err)
	}
	if err := in.Ack(within(t), batch); err != nil {
		t.Fatalf("the store may commit: %v", err)
	}

	t.Run("rights", func(t *testing.T) {
		writer := reader.Config
		p, err := NewPublisher(within(t), writer)
		if err == nil {
			err = p.Deliver(within(t), items)
			p.Close()
		}
		refused(t, "the store writes", err, true, "not authorized")
		_, err = NewConsumer(within(t), ConsumerConfig{Config: sensor, UntilHead: true})
		refused(t, "the sensor reads", err, true, "not authorized")
		other := sensor
		other.RecordsTopic = "calltrail.more"
		_, err = Init(within(t), other, Topics{Partitions: 1, Replication: 1})
		refused(t, "the sensor makes a topic", err, true, "not authorized")
	})
	t.Run("certificate of the client", func(t *testing.T) {
		trusted.Issue("edge", "127.0.0.1", tomorrow)
		stranger.Issue("edge", "127.0.0.1", tomorrow)
		mutual := Config{Brokers: cluster.Listener("MUTUAL"), Access: Access{TLS: true, CAFile: trusted.Path("ca.pem")}}
		_, err := NewPublisher(within(t), mutual)
		refused(t, "no certificate", err, false, "kafka.cert_file")
		mutual.Access.CertFile, mutual.Access.KeyFile = stranger.Path("edge.crt"), stranger.Path("edge.key")
		_, err = NewPublisher(within(t), mutual)
		refused(t, "a stranger's certificate", err, false, "kafka.cert_file")
		allow(t, admin, "CN=edge", map[kafkago.ResourceType][]kafkago.ACLOperationType{kafkago.ResourceTypeTopic: {kafkago.ACLOperationTypeWrite}})
		mutual.Access.CertFile, mutual.Access.KeyFile = trusted.Path("edge.crt"), trusted.Path("edge.key")
		if err := publisher(t, mutual).Deliver(within(t), entries("edge-2", 1)); err != nil {
			t.Errorf("our own certificate: %v", err)
		}
	})
	for _, tt := range []struct {
		name    string
		brokers []string
		access  Access
		lasting bool
		want    string
	}{
		{"wrong CA", cluster.Listener("SCRAM"), Access{TLS: true, CAFile: stranger.Path("ca.pem"), User: "sensor", PasswordFile: trusted.Path("sensor.password")}, false, "signed by unknown authority"},
		{"CA of the system", cluster.Listener("SCRAM"), Access{TLS: true, User: "sensor", PasswordFile: trusted.Path("sensor.password")}, false, "signed by unknown authority"},
		{"expired", cluster.Listener("EXPIRED"), as("sensor"), false, "expired"},
		{"of another host", cluster.Listener("OTHER"), as("sensor"), false, "192.0.2.1"},
		{"bad password", cluster.Listener("SCRAM"), Access{TLS: true, CAFile: trusted.Path("ca.pem"), User: "sensor", PasswordFile: trusted.Path("wrong.password")}, true, "kafka.password_file"},
		{"no such account", cluster.Listener("SCRAM"), Access{TLS: true, CAFile: trusted.Path("ca.pem"), User: "nobody", PasswordFile: trusted.Path("sensor.password")}, true, "kafka.password_file"},
		{"no account", cluster.Listener("SCRAM"), Access{TLS: true, CAFile: trusted.Path("ca.pem")}, false, "kafka.user"},
		{"plaintext to TLS", cluster.Listener("SCRAM"), Access{}, false, "kafka.tls"},
		{"TLS to plaintext", cluster.Addresses(), as("sensor"), false, "kafka.tls"},
		{"account without TLS", cluster.Addresses(), Access{User: "sensor", PasswordFile: trusted.Path("sensor.password")}, true, "set kafka.tls"},
		{"no password file", cluster.Listener("SCRAM"), Access{TLS: true, CAFile: trusted.Path("ca.pem"), User: "sensor", PasswordFile: trusted.Path("none")}, true, "kafka.password_file"},
		{"no CA in the file", cluster.Listener("SCRAM"), Access{TLS: true, CAFile: trusted.Path("sensor.password")}, true, "no certificate in PEM"},
		{"no key", cluster.Listener("SCRAM"), Access{TLS: true, CAFile: trusted.Path("ca.pem"), CertFile: trusted.Path("ca.pem")}, true, "kafka.key_file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Config{Brokers: tt.brokers, Access: tt.access}
			_, err := NewPublisher(within(t), c)
			refused(t, "publish", err, tt.lasting, tt.want)
			_, err = NewConsumer(within(t), ConsumerConfig{Config: c})
			refused(t, "read", err, tt.lasting, tt.want)
		})
	}
	t.Run("mended", func(t *testing.T) { mended(t, cluster, trusted, stranger, as("sensor")) })
	t.Run("control", func(t *testing.T) { unverifiedIsNoticed(t, cluster, trusted, stranger) })
	// None of those that were refused has left anything.
	rest := consumer(t, ConsumerConfig{Config: plain, Group: "all", UntilHead: true})
	if batch, err := rest.Fetch(within(t)); err != nil || len(batch.Items) != 4+mendedRecords+1 {
		t.Errorf("%d items in the topic, %v, want those that were allowed", len(batch.Items), err)
	}
}

func refused(t *testing.T, what string, err error, lasting bool, want string) {
	t.Helper()
	var own *store.Error
	switch {
	case err == nil:
		t.Errorf("%s: allowed", what)
	case !errors.As(err, &own) || own.Lasting != lasting || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)):
		t.Errorf("%s: error %q (lasting %v), want one with %q (lasting %v)", what, err, own != nil && own.Lasting, want, lasting)
	case strings.Contains(err.Error(), "s3nsor") || strings.Contains(err.Error(), "\n"):
		t.Errorf("%s: error %q has a secret or more than one line", what, err)
	}
}
