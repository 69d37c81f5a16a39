package bundle

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a headless Chromium of the distribution, with a profile of its own and no way out: its proxy is a port where nobody listens.
func browser(t *testing.T) context.Context {
	t.Helper()
	exe, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") != "" {
			t.Fatal("chromium is not there: .ci/programs installs it")
		}
		t.Skip("chromium is not there")
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(exe), chromedp.UserDataDir(profile(t)), chromedp.NoFirstRun, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("headless", "new"), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.ProxyServer("127.0.0.1:9"), chromedp.WindowSize(1000, 1200), chromedp.WSURLReadTimeout(time.Minute))
	t.Cleanup(stop)
	ctx, quit := chromedp.NewContext(allocator)
	t.Cleanup(quit)
	ctx, done := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(done)
	return ctx
}

// profile is a folder for a browser. Processes of it that outlive the first one for a moment still write there, so it is removed
// until it is gone.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "browser") //nolint:usetesting // T.TempDir fails the test when somebody writes while it is removed
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := os.RemoveAll(dir)
		for try := 0; err != nil && try < 100; try++ {
			time.Sleep(100 * time.Millisecond)
			err = os.RemoveAll(dir)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return dir
}

// shape is what the browser made of a circle, and of the bar beside it.
type shape struct {
	Letter        string
	KM            float64
	Width, Height float64
	BarKM, Bar    float64
}

const shapes = `[...document.querySelectorAll('svg.map')].flatMap(svg => [...svg.querySelectorAll('.circle')].map(c => ({
	Letter: c.dataset.letter, KM: +c.dataset.km, Width: c.getBBox().width * svg.clientWidth / svg.viewBox.baseVal.width,
	Height: c.getBBox().height * svg.clientWidth / svg.viewBox.baseVal.width,
	BarKM: +svg.querySelector('.scale').dataset.km, Bar: svg.querySelector('.bar').getBBox().width * svg.clientWidth / svg.viewBox.baseVal.width})))`

// The page as a court sees it: from a file, without a network, on the screen and on paper.
func TestPageInABrowser(t *testing.T) {
	k := newKeys(t)
	data, _ := whole(t, k)
	dir := t.TempDir()
	for _, f := range mustUnpack(t, data) {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx := browser(t)
	var mu sync.Mutex
	var asked []string
	chromedp.ListenTarget(ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, e.Request.URL)
		}
	})
	open := "file://" + filepath.Join(dir, "page.html")
	var text string
	var circles []shape
	var order []string
	var script, refused bool
	var screen []byte
	err := chromedp.Run(ctx, network.Enable(), chromedp.Navigate(open),
		chromedp.Evaluate(`document.body.innerText`, &text),
		chromedp.Evaluate(shapes, &circles),
		chromedp.Evaluate(`[...document.querySelectorAll('svg.timeline g.call')].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
			.map(g => g.dataset.n + ':' + (g.querySelector('rect').getBoundingClientRect().left > g.querySelector('text').getBoundingClientRect().right))`, &order),
		chromedp.Evaluate(`document.scripts.length > 0`, &script),
		// The policy in the file: what somebody put into it could not look for anything either.
		chromedp.Evaluate(`new Promise(done => { document.addEventListener('securitypolicyviolation', () => done(true)); const i = new Image(); i.onload = () => done(false);
			i.src = 'http://192.0.2.1/x.png'; document.body.append(i); setTimeout(() => done(false), 3000) })`, &refused, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		chromedp.FullScreenshot(&screen, 90),
	)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "page.jpg", screen)
	mu.Lock()
	for _, url := range asked {
		if url != open && url != "http://192.0.2.1/x.png" {
			t.Errorf("the page asked for %s", url)
		}
	}
	mu.Unlock()
	if script || !refused {
		t.Errorf("script %v; a picture from elsewhere was refused: %v", script, refused)
	}
	for _, want := range []string{
		"3 calls that match the request", "A call that showed the number +912225550100 was made to +911205550170.", "Where the caller was is NOT known",
		"a hosting company's machine (Example Hosting B.V.)", "Superintendent of Police", "CB/2026/4471", "22 November 2026, 09:58:43 IST (2026-11-22 04:28:43 UTC)",
		"blind from 10:02:00 to 10:03:00 IST", "Who spoke. A number can be shown", "Not drawn: the place of 1 end",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if got := strings.Join(order, " "); got != "1:true 2:true 3:true" {
		t.Errorf("the timeline, from top to bottom, bars right of the words: %s", got)
	}
	if len(circles) < 4 {
		t.Errorf("%d circles are drawn", len(circles))
	}
	for _, c := range circles {
		// Each is as high as its radius says, by the bar that stands beside it; a fifth of a pixel is rounding of coordinates. In a picture of
		// a third of the earth it is as wide only near the middle latitude; nearer by, everywhere.
		want := 2 * c.KM * c.Bar / c.BarKM
		wide := 0.4
		if want > 50 {
			wide = 0.02
		}
		if c.KM != 20 || math.Abs(c.Height-want) > max(want*0.02, 0.2) || math.Abs(c.Width-want) > want*wide {
			t.Errorf("circle %s of %v km is %.2f by %.2f pixels, its scale makes it %.2f", c.Letter, c.KM, c.Width, c.Height, want)
		}
	}
	onPaper(ctx, t, dir, "annexe-foreign.html", 1, 1)
	onPaper(ctx, t, dir, "page.html", 2, 6)
	onPaper(ctx, t, dir, "certificate-63-4.html", 1, 3)
}

// onPaper prints a file on A4 and counts the pages.
func onPaper(ctx context.Context, t *testing.T, dir, name string, least, most int) {
	t.Helper()
	var pdf []byte
	err := chromedp.Run(ctx, chromedp.Navigate("file://"+filepath.Join(dir, name)),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			pdf, _, err = page.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(true).Do(ctx)
			return err
		}))
	if err != nil {
		t.Fatal(err)
	}
	keep(t, strings.TrimSuffix(name, ".html")+".pdf", pdf)
	if n := len(regexp.MustCompile(`/Type\s*/Page[^s]`).FindAll(pdf, -1)); n < least || n > most {
		t.Errorf("%s has %d pages on A4, want %d to %d", name, n, least, most)
	}
	if !bytes.Contains(pdf, []byte("595")) { // A4 is 595 points wide
		t.Errorf("%s is not A4", name)
	}
}

// keep leaves what was made for people to look at.
func keep(t *testing.T, name string, data []byte) {
	t.Helper()
	if dir := os.Getenv("CALLTRAIL_KEEP_BUNDLE"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(fmt.Errorf("keep: %w", err))
		}
	}
}
