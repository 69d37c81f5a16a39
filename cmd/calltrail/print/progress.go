package print

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressAfter is how long a run may take before it shows its progress.
const progressAfter = time.Second

// progressStep is how many octets pass between two looks at the clock.
const progressStep = 256 << 10

// Progress shows how far a long input has been read. It writes nothing for a short one, and nothing when its output is
// not a terminal. It is not for concurrent use.
type Progress struct {
	w       io.Writer // nil: silent
	total   int64
	done    int64
	pending int64
	start   time.Time
	now     func() time.Time
	bar     *progressbar.ProgressBar
}

// NewProgress shows the reading of total octets on f. A total below 0 is unknown: the bar only counts.
func NewProgress(f File, total int64) *Progress {
	var w io.Writer
	if OptionsFor(f).Terminal {
		w = f
	}
	return newProgress(w, total, time.Now)
}

func newProgress(w io.Writer, total int64, now func() time.Time) *Progress {
	return &Progress{w: w, total: total, start: now(), now: now}
}

// Add counts n more octets.
func (p *Progress) Add(n int64) {
	if p.w == nil {
		return
	}
	p.pending += n
	if p.pending < progressStep {
		return
	}
	p.done += p.pending
	p.pending = 0
	if p.bar == nil {
		if p.now().Sub(p.start) < progressAfter {
			return
		}
		p.bar = progressbar.NewOptions64(p.total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription("reading"),
			progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionUseANSICodes(true),
		)
	}
	_ = p.bar.Set64(p.done) // a bar that cannot be drawn is no reason to stop
}

// Close takes the bar away, so that what is written next stands on a line of its own.
func (p *Progress) Close() {
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar = nil
	}
	p.w = nil
}
