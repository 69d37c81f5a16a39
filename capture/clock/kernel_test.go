package clock

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestKernelState(t *testing.T) {
	for _, tt := range []struct {
		name string
		tx   unix.Timex
		want State
	}{
		{
			"nobody steers",
			unix.Timex{Status: unix.STA_UNSYNC, Maxerror: 16_000_000},
			State{Source: "system", MaxError: 16 * time.Second},
		},
		{
			"ntp daemon, clock 3 ms behind",
			unix.Timex{Status: unix.STA_PLL | unix.STA_NANO, Offset: 3_000_000, Maxerror: 1_500},
			State{Source: "system", Reference: "ntp", Synced: true, Offset: -3 * time.Millisecond, MaxError: 1500 * time.Microsecond},
		},
		{
			"microseconds, clock ahead",
			unix.Timex{Status: unix.STA_PLL, Offset: -40, Maxerror: 100},
			State{Source: "system", Reference: "ntp", Synced: true, Offset: 40 * time.Microsecond, MaxError: 100 * time.Microsecond},
		},
		{
			"a pulse",
			unix.Timex{Status: unix.STA_PLL | unix.STA_PPSTIME | unix.STA_PPSFREQ | unix.STA_PPSSIGNAL, Maxerror: 5},
			State{Source: "system", Reference: "pps", Synced: true, MaxError: 5 * time.Microsecond},
		},
		{
			"a pulse that is gone",
			unix.Timex{Status: unix.STA_PLL | unix.STA_PPSTIME, Maxerror: 5},
			State{Source: "system", Reference: "ntp", Synced: true, MaxError: 5 * time.Microsecond},
		},
		{
			"synchronised by who knows",
			unix.Timex{Maxerror: 5},
			State{Source: "system", Synced: true, MaxError: 5 * time.Microsecond},
		},
		{
			"a loop that has nothing to follow",
			unix.Timex{Status: unix.STA_PLL | unix.STA_UNSYNC, Maxerror: 5},
			State{Source: "system", MaxError: 5 * time.Microsecond},
		},
	} {
		if diff := cmp.Diff(tt.want, kernelState(&tt.tx)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// The kernel of this host answers, and as adjtimex(2) says it does.
func TestReadKernel(t *testing.T) {
	got, err := readKernel()
	if err != nil {
		t.Fatal(err)
	}
	if got.Source != SourceSystem || got.MaxError <= 0 || got.MaxError > 16*time.Second {
		t.Errorf("%+v; want the system clock with an error of up to 16 s, where the kernel stops counting", got)
	}
}
