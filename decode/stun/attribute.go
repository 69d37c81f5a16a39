package stun

// Attribute types, under the names of IANA's registry of STUN attributes. Those whose value Parse reads come first in each
// range. Vendors' own types, which are in no registry, stand with the rules that know them, in decode/app.
const (
	// Comprehension-required, 0x0000-0x7fff.

	AttrMappedAddress     uint16 = 0x0001 // MAPPED-ADDRESS, RFC 8489 section 14.1
	AttrUsername          uint16 = 0x0006 // USERNAME, RFC 8489 section 14.3
	AttrErrorCode         uint16 = 0x0009 // ERROR-CODE, RFC 8489 section 14.8
	AttrChannelNumber     uint16 = 0x000c // CHANNEL-NUMBER, RFC 8656 section 18.1
	AttrLifetime          uint16 = 0x000d // LIFETIME, RFC 8656 section 18.2
	AttrXORPeerAddress    uint16 = 0x0012 // XOR-PEER-ADDRESS, RFC 8656 section 18.3
	AttrData              uint16 = 0x0013 // DATA, RFC 8656 section 18.4
	AttrRealm             uint16 = 0x0014 // REALM, RFC 8489 section 14.9
	AttrXORRelayedAddress uint16 = 0x0016 // XOR-RELAYED-ADDRESS, RFC 8656 section 18.5
	AttrXORMappedAddress  uint16 = 0x0020 // XOR-MAPPED-ADDRESS, RFC 8489 section 14.2

	AttrResponseAddress         uint16 = 0x0002 // RESPONSE-ADDRESS, RFC 3489 section 11.2.2
	AttrChangeRequest           uint16 = 0x0003 // CHANGE-REQUEST, RFC 5780 section 7.2
	AttrSourceAddress           uint16 = 0x0004 // SOURCE-ADDRESS, RFC 3489 section 11.2.5
	AttrChangedAddress          uint16 = 0x0005 // CHANGED-ADDRESS, RFC 3489 section 11.2.3
	AttrPassword                uint16 = 0x0007 // PASSWORD, RFC 3489 section 11.2.7; never read
	AttrMessageIntegrity        uint16 = 0x0008 // MESSAGE-INTEGRITY, RFC 8489 section 14.5
	AttrUnknownAttributes       uint16 = 0x000a // UNKNOWN-ATTRIBUTES, RFC 8489 section 14.13
	AttrReflectedFrom           uint16 = 0x000b // REFLECTED-FROM, RFC 3489 section 11.2.11
	AttrNonce                   uint16 = 0x0015 // NONCE, RFC 8489 section 14.10
	AttrRequestedAddressFamily  uint16 = 0x0017 // REQUESTED-ADDRESS-FAMILY, RFC 8656 section 18.6
	AttrEvenPort                uint16 = 0x0018 // EVEN-PORT, RFC 8656 section 18.7
	AttrRequestedTransport      uint16 = 0x0019 // REQUESTED-TRANSPORT, RFC 8656 section 18.8
	AttrDontFragment            uint16 = 0x001a // DONT-FRAGMENT, RFC 8656 section 18.9
	AttrMessageIntegritySHA256  uint16 = 0x001c // MESSAGE-INTEGRITY-SHA256, RFC 8489 section 14.6
	AttrPasswordAlgorithm       uint16 = 0x001d // PASSWORD-ALGORITHM, RFC 8489 section 14.12
	AttrUserhash                uint16 = 0x001e // USERHASH, RFC 8489 section 14.4
	AttrReservationToken        uint16 = 0x0022 // RESERVATION-TOKEN, RFC 8656 section 18.10
	AttrPriority                uint16 = 0x0024 // PRIORITY, RFC 8445 section 7.1.1
	AttrUseCandidate            uint16 = 0x0025 // USE-CANDIDATE, RFC 8445 section 7.1.2
	AttrPadding                 uint16 = 0x0026 // PADDING, RFC 5780 section 7.6
	AttrResponsePort            uint16 = 0x0027 // RESPONSE-PORT, RFC 5780 section 7.5
	AttrConnectionID            uint16 = 0x002a // CONNECTION-ID, RFC 6062 section 6.2.1
	AttrAdditionalAddressFamily uint16 = 0x8000 // ADDITIONAL-ADDRESS-FAMILY, RFC 8656 section 18.11

	// Comprehension-optional, 0x8000-0xffff.

	AttrXORMappedOld   uint16 = 0x8020 // XOR-MAPPED-ADDRESS as drafts of RFC 5389 and [MS-TURN] number it
	AttrSoftware       uint16 = 0x8022 // SOFTWARE, RFC 8489 section 14.14
	AttrResponseOrigin uint16 = 0x802b // RESPONSE-ORIGIN, RFC 5780 section 7.3
	AttrOtherAddress   uint16 = 0x802c // OTHER-ADDRESS, RFC 5780 section 7.4

	AttrPasswordAlgorithms uint16 = 0x8002 // PASSWORD-ALGORITHMS, RFC 8489 section 14.11
	AttrAlternateDomain    uint16 = 0x8003 // ALTERNATE-DOMAIN, RFC 8489 section 14.16
	AttrICMP               uint16 = 0x8004 // ICMP, RFC 8656 section 18.13
	AttrAlternateServer    uint16 = 0x8023 // ALTERNATE-SERVER, RFC 8489 section 14.15
	AttrFingerprint        uint16 = 0x8028 // FINGERPRINT, RFC 8489 section 14.7
	AttrICEControlled      uint16 = 0x8029 // ICE-CONTROLLED, RFC 8445 section 7.1.3
	AttrICEControlling     uint16 = 0x802a // ICE-CONTROLLING, RFC 8445 section 7.1.3
)
