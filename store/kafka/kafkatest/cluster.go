package kafkatest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// starting is how long a broker may take until it says that it has started, on a machine with other things to do.
const starting = 90 * time.Second

// Listener is one more door to the brokers of a Cluster, beside the plain one.
type Listener struct {
	// Name, in capitals, and Protocol: PLAINTEXT, SSL or SASL_SSL.
	Name, Protocol string
	// Advertised is the address that clients are told, when it is not the listener's own: a proxy's. For one broker only.
	Advertised string
	// KeyStore is a PEM file with the certificate and its private key (PKCS #8). TrustStore, when not empty, holds those that
	// clients' certificates must descend from; clients must have one then.
	KeyStore, TrustStore string
}

// Options say what a Cluster is.
type Options struct {
	// Brokers is how many there are, each also a controller. 0 means 1.
	Brokers int
	// Listeners are further doors. With any that is not plain, an authorizer refuses everybody what no ACL allows, but for who
	// comes by a plain door.
	Listeners []Listener
	// Properties are added to those of each broker.
	Properties map[string]string
}

// Cluster is brokers of a test's own, which it may kill, stop and spoil.
type Cluster struct {
	tb      testing.TB
	brokers []*broker
}

type broker struct {
	dir, plain string
	listeners  map[string]string // address by name
	cmd        *exec.Cmd
	ended      chan struct{} // closed when cmd has ended
	failure    error         // how; to be read then
}

// Start makes a cluster on free loopback ports and waits until it answers. It ends with the test. The jars are those that
// deploy/dev/up has fetched and names in .dev/env.
func Start(tb testing.TB, o Options) *Cluster {
	tb.Helper()
	jars := os.Getenv("CALLTRAIL_KAFKA_JARS")
	if jars == "" {
		const why = "CALLTRAIL_KAFKA_JARS is not set: run deploy/dev/up and source .dev/env"
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	n := max(o.Brokers, 1)
	c := &Cluster{tb: tb}
	root := tb.TempDir()
	var voters []string
	for i := range n {
		voters = append(voters, fmt.Sprintf("%d@%s", i+1, freeAddress(tb)))
	}
	for i := range n {
		b := &broker{dir: filepath.Join(root, fmt.Sprint(i+1)), plain: freeAddress(tb), listeners: map[string]string{}}
		if err := os.MkdirAll(b.dir, 0o700); err != nil {
			tb.Fatal(err)
		}
		_, controller, _ := strings.Cut(voters[i], "@")
		b.write(tb, o, i+1, n, controller, strings.Join(voters, ","))
		c.brokers = append(c.brokers, b)
		c.java(i, jars, "kafka.tools.StorageTool", "format", "--config", b.dir+"/properties", "--cluster-id", "AAAAAAAAAAAAAAAAAAAAAA")
		if <-b.ended; b.failure != nil {
			tb.Fatalf("format Kafka's storage: %v\n%s", b.failure, b.said())
		}
	}
	tb.Cleanup(func() {
		for i := range c.brokers {
			c.Kill(i)
		}
	})
	for i := range c.brokers {
		c.java(i, jars, "kafka.Kafka", c.brokers[i].dir+"/properties")
	}
	for i := range c.brokers {
		c.wait(i)
	}
	return c
}

// write makes the properties of a broker.
func (b *broker) write(tb testing.TB, o Options, id, n int, controller, voters string) {
	p := map[string]string{
		"process.roles": "broker,controller", "node.id": fmt.Sprint(id), "controller.quorum.voters": voters,
		"inter.broker.listener.name": "PLAIN", "controller.listener.names": "CONTROLLER", "log.dirs": b.dir + "/data",
		"auto.create.topics.enable": "false", "group.initial.rebalance.delay.ms": "0", "offsets.topic.num.partitions": "4",
		"offsets.topic.replication.factor": fmt.Sprint(n), "transaction.state.log.replication.factor": fmt.Sprint(n), "transaction.state.log.min.isr": "1",
		"share.coordinator.state.topic.replication.factor": fmt.Sprint(n), "share.coordinator.state.topic.min.isr": "1",
	}
	listeners, protocols := []string{"PLAIN://" + b.plain}, []string{"PLAIN:PLAINTEXT", "CONTROLLER:PLAINTEXT"}
	advertised := slices.Clone(listeners)
	for _, l := range o.Listeners {
		b.listeners[l.Name] = freeAddress(tb)
		listeners = append(listeners, l.Name+"://"+b.listeners[l.Name])
		advertised = append(advertised, l.Name+"://"+cmp.Or(l.Advertised, b.listeners[l.Name]))
		protocols = append(protocols, l.Name+":"+l.Protocol)
		if l.Protocol == "PLAINTEXT" {
			continue
		}
		key := "listener.name." + strings.ToLower(l.Name) + "."
		p[key+"ssl.keystore.type"], p[key+"ssl.keystore.location"] = "PEM", l.KeyStore
		if l.TrustStore != "" {
			p[key+"ssl.truststore.type"], p[key+"ssl.truststore.location"], p[key+"ssl.client.auth"] = "PEM", l.TrustStore, "required"
		}
		if l.Protocol == "SASL_SSL" {
			p[key+"sasl.enabled.mechanisms"] = "SCRAM-SHA-512"
			p[key+"scram-sha-512.sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
		}
		p["authorizer.class.name"], p["super.users"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "User:ANONYMOUS"
	}
	p["advertised.listeners"] = strings.Join(advertised, ",")
	p["listeners"] = strings.Join(append(listeners, "CONTROLLER://"+controller), ",")
	p["listener.security.protocol.map"] = strings.Join(protocols, ",")
	maps.Copy(p, o.Properties)
	var text bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&text, "%s=%s\n", key, p[key])
	}
	if err := os.WriteFile(b.dir+"/properties", text.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// java starts a class of Kafka's for a broker.
func (c *Cluster) java(i int, jars string, args ...string) {
	b := c.brokers[i]
	log, err := os.OpenFile(b.dir+"/log", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		c.tb.Fatal(err)
	}
	defer log.Close()                             //nolint:errcheck // the child has it
	b.cmd = exec.Command("java", append([]string{ //nolint:gosec,noctx // a test's own; Kill ends it
		"-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true",
		"-Dlog4j2.configurationFile=" + filepath.Join(filepath.Dir(jars), "..", "deploy/dev/kafka/log4j2.yaml"), "-cp", jars + "/*",
	}, args...)...)
	b.cmd.Stdout, b.cmd.Stderr = log, log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.cmd.Start(); err != nil {
		c.tb.Fatal(err)
	}
	b.ended = make(chan struct{})
	go func() {
		b.failure = b.cmd.Wait()
		close(b.ended)
	}()
}

func (c *Cluster) wait(i int) {
	b := c.brokers[i]
	for deadline := time.Now().Add(starting); ; time.Sleep(50 * time.Millisecond) {
		said := b.said()
		if bytes.Contains(said, []byte("Kafka Server started")) {
			return
		}
		over := time.Now().After(deadline)
		select {
		case <-b.ended:
			over = true
		default:
		}
		if over {
			c.tb.Fatalf("broker %d did not start; it said:\n%s", i+1, said[max(0, len(said)-4000):])
		}
	}
}

func (b *broker) said() []byte {
	text, _ := os.ReadFile(b.dir + "/log")
	return text
}

// Addresses are the plain doors of all brokers.
func (c *Cluster) Addresses() []string {
	var list []string
	for _, b := range c.brokers {
		list = append(list, b.plain)
	}
	return list
}

// Listener are the doors of that name.
func (c *Cluster) Listener(name string) []string {
	var list []string
	for _, b := range c.brokers {
		list = append(list, b.listeners[name])
	}
	return list
}

// Data is the folder of a broker's logs.
func (c *Cluster) Data(i int) string { return c.brokers[i].dir + "/data" }

// Kill ends a broker as a power loss would.
func (c *Cluster) Kill(i int) { c.end(i, syscall.SIGKILL) }

// Stop ends a broker in order.
func (c *Cluster) Stop(i int) { c.end(i, syscall.SIGTERM) }

func (c *Cluster) end(i int, sig syscall.Signal) {
	if b := c.brokers[i]; b.ended != nil {
		_ = b.cmd.Process.Signal(sig) // it may have ended
		<-b.ended
	}
}

// Restart starts a broker that was ended, and waits for it.
func (c *Cluster) Restart(i int) {
	c.java(i, os.Getenv("CALLTRAIL_KAFKA_JARS"), "kafka.Kafka", c.brokers[i].dir+"/properties")
	c.wait(i)
}

// Freeze stops a broker's process without ending it, Thaw lets it go on.
func (c *Cluster) Freeze(i int) { c.signal(i, syscall.SIGSTOP) }

// Thaw lets a frozen broker go on.
func (c *Cluster) Thaw(i int) { c.signal(i, syscall.SIGCONT) }

func (c *Cluster) signal(i int, sig syscall.Signal) {
	if err := c.brokers[i].cmd.Process.Signal(sig); err != nil {
		c.tb.Fatal(err)
	}
}

// freeAddress has a port that nobody listens on, below those that the kernel gives to outgoing connections.
func freeAddress(tb testing.TB) string {
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000))) //nolint:gosec // any will do
		l, err := net.Listen("tcp", address)                                           //nolint:noctx // it listens for nothing
		if err == nil {
			_ = l.Close()
			return address
		}
	}
	tb.Fatal("no free port between 20000 and 32000")
	return ""
}
