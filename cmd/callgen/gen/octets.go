package gen

// low8, low16 and low32 are a number's lowest bits: what a header field of that width holds.

func low8(n int) byte { return byte(n & 0xff) }

func low16(n int) uint16 { return uint16(n & 0xffff) }

func low32(n int64) uint32 { return uint32(n & 0xffff_ffff) }
