package postgres

import (
	"context"
	"testing"
)

// A sensor that begins a chain again and again, or somebody in its name, does not keep the others' gaps from being asked for.
func TestMissingTakesTurns(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	if err := db.exec(`INSERT INTO calltrail.ledger (sensor, epoch, received, head_seq, updated_at)
		SELECT 'busy', 1000 + n, '{[1,2),[5,6)}'::int8multirange, 5, now() FROM generate_series(1, 100) n
		UNION ALL SELECT 'quiet', 7, '{[1,3),[9,10),[12,13)}', 12, now()`); err != nil {
		t.Fatal(err)
	}
	list, err := l.Missing(context.Background(), 4)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, r := range list {
		of[r.Sensor]++
	}
	if of["busy"] != 2 || of["quiet"] != 2 {
		t.Errorf("asked for %+v, want two of each sensor", list)
	}
}
