package attest

// Reason is what a Result rests on.
type Reason uint8

// Reasons, in the order in which they are looked for.
const (
	Verified           Reason = iota // the signature holds, and all that it covers agrees with the call
	NoCertificate                    // not checked: there is no certificate at all
	UnknownCertificate               // not checked: none of the certificates signed it, and none is the one it names
	SignatureInvalid                 // failed: the certificate that it names did not sign it
	CertificateTime                  // failed: the certificate was not valid yet, or any more, when it was issued
	NumberNotCovered                 // failed: the certificate is for other numbers (RFC 8226 section 9)
	Stale                            // failed: issued too long before the call, or after it (RFC 8224 section 6.2.2)
	OrigDiffers                      // failed: it is of another caller (RFC 8224 section 6.2.1)
	DestDiffers                      // failed: it is of another callee: cut from another call
	OrigUnknown                      // not checked: the call's header fields name no caller to compare with
	DestUnknown                      // not checked: likewise the callee
)

// NumReasons is the number of Reason values: the length of an array indexed by one.
const NumReasons = int(DestUnknown) + 1

var reasons = [NumReasons]string{
	Verified: "verified", NoCertificate: "no_certificate", UnknownCertificate: "unknown_certificate",
	SignatureInvalid: "signature_invalid", CertificateTime: "certificate_time", NumberNotCovered: "number_not_covered",
	Stale: "stale", OrigDiffers: "orig_differs", DestDiffers: "dest_differs", OrigUnknown: "orig_unknown",
	DestUnknown: "dest_unknown",
}

// String names r for a record or a counter: snake_case.
func (r Reason) String() string {
	if int(r) >= len(reasons) {
		return ""
	}
	return reasons[r]
}

// Result is what was found out about a PASSporT. Of one that was not Checked nothing is known, either way.
type Result struct {
	Verified bool
	Checked  bool
	Reason   Reason
}

func resultOf(r Reason) Result {
	switch r {
	case Verified:
		return Result{Verified: true, Checked: true}
	case NoCertificate, UnknownCertificate, OrigUnknown, DestUnknown:
		return Result{Reason: r}
	default:
		return Result{Checked: true, Reason: r}
	}
}
