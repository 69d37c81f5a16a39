package config

// Access is for the persons who ask, approve and audit. Each logs in to Postgres as himself.
type Access struct {
	// DSN is a libpq connection string or URL; without a user it is the name of who runs the program. Empty (default): that of
	// Postgres, without its user and password. It holds no password in the file.
	DSN string `yaml:"dsn"`
	// PasswordFile holds the person's password and nothing else; not readable by others. Empty (default): it is asked for at the
	// terminal.
	PasswordFile string `yaml:"password_file"`
	// Zone is the time zone of times that name none. Default Asia/Kolkata.
	Zone string `yaml:"zone"`
}

// Retention is for `calltrail retention`: how long is kept, and with what key a deletion is signed. The database has a period, a grace
// and a notice of its own that only its owner changes; these here can lengthen the period, never shorten it.
type Retention struct {
	// Period is how long records are kept, whole days counted from their UTC day. Default 730d, the two years of the licence.
	Period Duration `yaml:"period"`
	// AllowShorter accepts a Period of less than 730d, for laboratories and other laws. Default false.
	AllowShorter bool `yaml:"allow_shorter"`
	// Grace is how many whole days beyond Period pass before anything is deleted. Default 7d.
	Grace Duration `yaml:"grace"`
	// Notice is how many whole days pass between the notice of a deletion and the deletion. Default 7d.
	Notice Duration `yaml:"notice"`
	// Backups are folders of copies of the database; files directly in them that are older than Period and Grace are removed. Absolute
	// paths. Default none.
	Backups []string `yaml:"backups"`
	// KeyFile holds the Ed25519 private key that signs deletions, made by `calltrail key init --key-file`; mode 0600. Empty (default):
	// nothing can be deleted.
	KeyFile string `yaml:"key_file"`
}

// LeastRetention is the least period that is accepted without AllowShorter: two years (docs/law.md).
const LeastRetention = Duration(730 * day)

// Evidence is for `calltrail export`: who answers an agency, and with what key the answer is signed.
type Evidence struct {
	// KeyFile holds the Ed25519 private key that signs bundles, made by `calltrail key init --key-file`; mode 0600. Empty (default): bundles
	// cannot be made.
	KeyFile string `yaml:"key_file"`
	// Provider is the operator's name: in the bundle, and as the name the key is trusted by (calltrail key trust --use evidence --name).
	Provider string `yaml:"provider"`
	// Address of the provider.
	Address string `yaml:"address"`
	// Officer who signs the certificate of section 63(4), and his designation.
	Officer     string `yaml:"officer"`
	Designation string `yaml:"designation"`
	// DeviceMake, DeviceModel, DeviceSerial and DeviceMAC name the computer of the database in Part A of that certificate.
	DeviceMake   string `yaml:"device_make"`
	DeviceModel  string `yaml:"device_model"`
	DeviceSerial string `yaml:"device_serial"`
	DeviceMAC    string `yaml:"device_mac"`
	// Template is the form of the tables: dot-ipdr (default) or dot-cdr.
	Template string `yaml:"template"`
	// TemplateFile holds a form of the operator's own, JSON, which is used instead of Template (docs/evidence.md); at most 256 KiB. Empty
	// (default): none.
	TemplateFile string `yaml:"template_file"`
	// AnchorFile is where `calltrail anchor` keeps heads when no --file is given. Empty (default): none.
	AnchorFile string `yaml:"anchor_file"`
	// AnchorTopic is the Kafka topic where `calltrail anchor` keeps them too, calltrail.anchors.v1 say. Empty (default): none.
	AnchorTopic string `yaml:"anchor_topic"`
}
