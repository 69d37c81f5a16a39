package retention

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// Backup is a file in a folder of backups.
type Backup struct {
	Path   string
	At     time.Time // last written
	Octets int64
}

// Backups lists the regular files that lie directly in the folders and were last written before limit: a copy of the database
// holds what was in it then. Symbolic links are not followed, neither folders nor files.
func Backups(folders []string, limit time.Time) ([]Backup, error) {
	var list []Backup
	for _, folder := range folders {
		is, err := os.Lstat(folder)
		if err != nil {
			return nil, fmt.Errorf("retention.backups: %w", err)
		}
		if !is.IsDir() {
			return nil, fmt.Errorf("retention.backups: %s is no folder", folder)
		}
		files, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("retention.backups: %w", err)
		}
		for _, f := range files {
			info, err := f.Info()
			if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(limit) {
				continue // gone meanwhile, no file, or young enough
			}
			list = append(list, Backup{filepath.Join(folder, f.Name()), info.ModTime(), info.Size()})
		}
	}
	return list, nil
}

// Remove deletes one, when the database has written it down. An error leaves the file, or names it again at the next run.
func Remove(ctx context.Context, conn *pgx.Conn, b Backup) error {
	if _, err := conn.Exec(ctx, `SELECT calltrail.remove_backup($1, $2, $3)`, b.Path, b.At, b.Octets); err != nil {
		return fmt.Errorf("retention.backups: %s is not removed, for it cannot be written down: %w", b.Path, err)
	}
	if err := os.Remove(b.Path); err != nil {
		return fmt.Errorf("retention.backups: %w", err)
	}
	return nil
}
