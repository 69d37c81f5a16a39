package attest

import (
	"crypto/sha256"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"calltrail/decode/passport"
)

// Verifier checks PASSporTs with the newest readable set of certificates. All methods may be called from any goroutine.
type Verifier struct {
	cfg     Config
	current atomic.Pointer[set]

	mu    sync.Mutex // one reload at a time
	tried []certFile // as the folder was when it was last read
	there bool       // it could be listed then

	results           [NumReasons]atomic.Uint64
	reloads, failures atomic.Uint64
}

// set is the certificates of one reading of the folder, with what was found out by them. It is never changed, only replaced.
type set struct {
	byURL  map[string]*certificate
	forAll []*certificate
	recent recent
}

// New reads the folder. It starts nothing; see [Verifier.Run] for reloading.
func New(cfg Config) (*Verifier, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	v := &Verifier{cfg: cfg}
	v.current.Store(&set{})
	if cfg.Dir == "" {
		return v, nil
	}
	if err := v.load(); err != nil {
		return nil, err
	}
	return v, nil
}

// load reads the folder and puts it to use; on an error what was there stays.
func (v *Verifier) load() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	files, err := list(v.cfg.Dir)
	v.tried, v.there = files, err == nil
	if err != nil {
		return err
	}
	s := &set{byURL: make(map[string]*certificate), recent: recent{seed: maphash.MakeSeed()}}
	for i := range files {
		c, err := files[i].read()
		if err != nil {
			return err
		}
		if files[i].key == "" {
			s.forAll = append(s.forAll, c)
		} else {
			s.byURL[files[i].key] = c
		}
	}
	v.current.Store(s)
	return nil
}

// changed: the folder is not as it was when it was last read. One that cannot be listed has changed only if it could be then,
// so that a missing folder is reported once.
func (v *Verifier) changed() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	files, err := list(v.cfg.Dir)
	if there := err == nil; !there || !v.there {
		return there != v.there
	}
	return !slices.EqualFunc(files, v.tried, func(a, b certFile) bool {
		return a.path == b.path && a.size == b.size && a.time.Equal(b.time)
	})
}

// Call is what a call's own header fields say.
type Call struct {
	// Callers are whom they name for the caller, any of whom may be meant: the numbers (E.164 with its plus sign) or
	// SIP URIs of P-Asserted-Identity and From. A number without plus sign may agree, but never differ: nobody knows where
	// it is to be dialled.
	Callers []string
	// Callees are likewise those of To and the Request-URI.
	Callees []string
	// At is the packet time of the INVITE, nanoseconds since 1970-01-01T00:00:00Z.
	At int64
}

// Verify checks a PASSporT against the call that carried it. The same arguments give the same result as long as the
// certificates are the same. What was signed by whom is remembered for the last 4096 PASSporTs, so that each revision of
// a record does not cost a signature.
func (v *Verifier) Verify(p *passport.Passport, c Call) Result {
	r := v.reason(p, &c)
	v.results[r].Add(1)
	return resultOf(r)
}

func (v *Verifier) reason(p *passport.Passport, c *Call) Reason {
	s := v.current.Load()
	if len(s.byURL)+len(s.forAll) == 0 {
		return NoCertificate
	}
	f := s.signer(p)
	switch {
	case !f.holds && f.cert != nil && f.cert.validAt(p.IAT):
		return SignatureInvalid
	case !f.holds:
		return UnknownCertificate // or a newer one than the folder has
	case !f.cert.validAt(p.IAT):
		return CertificateTime
	case p.Orig.TN != "" && !f.cert.numbers.cover(p.Orig.TN):
		return NumberNotCovered
	case age(c.At, p.IAT) > v.cfg.MaxAge:
		return Stale
	}
	orig := compare([]string{p.Orig.TN}, []string{p.Orig.URI}, c.Callers)
	dest := compare(p.Dest.TN, p.Dest.URI, c.Callees)
	switch {
	case orig == differs:
		return OrigDiffers
	case dest == differs:
		return DestDiffers
	case orig == unknown:
		return OrigUnknown
	case dest == unknown:
		return DestUnknown
	}
	return Verified
}

// age is how far the packet's time is from the time of issue, either way; of years it says only that they are many.
func age(at, iat int64) time.Duration {
	seconds := at/int64(time.Second) - iat
	if seconds > maxMaxAge || seconds < -maxMaxAge {
		return maxMaxAge * time.Second
	}
	return time.Duration(at - iat*int64(time.Second)).Abs()
}

// finding is who signed a PASSporT: cert, when holds; otherwise cert is the one it names, nil when the folder has none such.
type finding struct {
	cert  *certificate
	holds bool
}

// signer finds the certificate that signed p.
func (s *set) signer(p *passport.Passport) finding {
	digest := sha256.Sum256(p.Signed)
	slot := s.recent.slot(&p.Signature)
	if e := slot.Load(); e != nil && e.digest == digest && e.signature == p.Signature && e.x5u == p.X5U {
		return e.finding
	}
	f := s.find(p, &digest)
	slot.Store(&entry{digest: digest, signature: p.Signature, x5u: p.X5U, finding: f})
	return f
}

func (s *set) find(p *passport.Passport, digest *[32]byte) finding {
	if len(s.byURL) > 0 {
		if c := s.byURL[keyOf(p.X5U)]; c != nil {
			return finding{c, c.signed(digest, &p.Signature)}
		}
	}
	for _, c := range s.forAll {
		if c.signed(digest, &p.Signature) {
			return finding{c, true}
		}
	}
	return finding{}
}

// Stats counts since New.
type Stats struct {
	Certificates int                // in use
	Results      [NumReasons]uint64 // of Verify, by Reason
	Reloads      uint64             // changed folders read and put to use
	Failures     uint64             // attempts to read a changed folder that failed
}

// Stats returns the counters.
func (v *Verifier) Stats() Stats {
	s := v.current.Load()
	st := Stats{Certificates: len(s.byURL) + len(s.forAll), Reloads: v.reloads.Load(), Failures: v.failures.Load()}
	for i := range v.results {
		st.Results[i] = v.results[i].Load()
	}
	return st
}
