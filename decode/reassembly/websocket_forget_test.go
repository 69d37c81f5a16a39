package reassembly

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// What a compressed message says is gone with its connection: from the window, from the pool, and from what flate keeps of
// what it made, which is one for all connections and would hold it until the next compressed message came.
func TestCompressedIsForgotten(t *testing.T) {
	const secret = "what nobody may keep"
	message := "MESSAGE sip:b SIP/2.0\r\nCall-ID: m\r\n\r\n" + strings.Repeat(secret, 50)
	for name, send := range map[string]func(w *socketWorld, d *deflator){
		"FIN": func(w *socketWorld, d *deflator) {
			w.client(frameOf(finText|rsv1, true, d.message(message)))
			w.send(tcpSegment{flow: &elsewhere, seq: w.seqs[0], ack: w.seqs[1], flags: ackFlag | fin})
		},
		"RST": func(w *socketWorld, d *deflator) {
			w.client(frameOf(finText|rsv1, true, d.message(message)))
			w.send(tcpSegment{flow: &elsewhere, seq: w.seqs[0], ack: w.seqs[1], flags: rst})
		},
		"refused": func(w *socketWorld, d *deflator) { w.client(frameOf(finText|rsv1, true, d.message(message)+"\x07")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newSocketWorld()
			w.client(upgrade(deflateExtension))
			w.server(switching(deflateExtension))
			send(w, &deflator{})
			for i := range w.conns {
				for _, h := range w.conns[i].halves {
					if h.ws != nil && h.ws.window != nil {
						t.Error("a connection that has ended keeps its window")
					}
				}
			}
			reader := w.flate.reader
			if reader == nil {
				t.Fatal("nothing was inflated")
			}
			// Of compress/flate, with Go 1.26: inflate.go, decompressor.dict; dict_decoder.go, dictDecoder.hist.
			kept := reflect.ValueOf(reader).Elem().FieldByName("dict").FieldByName("hist")
			if !kept.IsValid() || kept.Cap() != windowSize {
				t.Fatal("compress/flate keeps its window elsewhere than it did: see where, and that forget clears it")
			}
			if bytes.Contains(kept.Bytes(), []byte(secret)) {
				t.Error("flate still holds what it made")
			}
			for _, buffers := range w.pool.free {
				for _, b := range buffers {
					if bytes.Contains(b[:cap(b)], []byte(secret)) {
						t.Error("a buffer of the pool still holds it")
					}
				}
			}
		})
	}
}
