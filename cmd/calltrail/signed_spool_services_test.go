package main

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	"calltrail/cdr/record"
	"calltrail/store/evidence"
	"calltrail/store/spool"
)

// signedSpool opens a sensor's spool as the sensor does, with its key.
func signedSpool(t *testing.T, key, dir, sensor string) (*evidence.Signer, *spool.Spool) {
	t.Helper()
	signer, err := evidence.Load(key)
	if err != nil {
		t.Fatal(err)
	}
	sp, err := spool.Open(spool.Config{Dir: dir, Sensor: sensor, PublicKey: signer.PublicKey()})
	if err != nil {
		t.Fatal(err)
	}
	return signer, sp
}

// appendSignedHead writes the coverage of a complete minute, and in it the signed head of the chain before it.
func appendSignedHead(t *testing.T, sp *spool.Spool, signer *evidence.Signer, sensor string, minute record.Time) {
	t.Helper()
	head := sp.Head()
	c := record.Coverage{
		Schema: record.SchemaCoverage, Kind: record.KindCoverage, Day: minute.Day(), Sensor: sensor, Tap: "eth0",
		Minute: minute, From: minute, To: minute + 60_000_000, State: "complete", Observer: record.Observer{Version: "test"},
		Head: record.ChainHead{
			Epoch: head.Epoch, Seq: head.Seq, Hash: hex.EncodeToString(head.Hash[:]), KeyID: signer.KeyID(),
			Signature: base64.StdEncoding.EncodeToString(signer.SignHead(sensor, head.Epoch, head.Seq, head.Hash)),
		},
	}
	if _, _, err := sp.Append(c.Append(nil)); err != nil {
		t.Fatal(err)
	}
}
