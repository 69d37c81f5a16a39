package faults

// Table is the list. Numbers are those that issues, commits and tests use.
var Table = []Fault{
	{
		Number: 1, Title: "kill -9 of sensor and store at random moments under load",
		Must: "I; ready again in 5 s with 1 GB of spool",
		Tests: []string{
			"store/spool TestKill", "cmd/calltrail TestReplayToKafkaKilled", "cmd/calltrail TestReplayToPostgresKilled",
			"cmd/calltrail TestStoreKilled", "cmd/calltrail TestStoreFromSpoolKilled", "cmd/calltrail TestAlertsKilled", "cmd/calltrail TestLiveCrashes", "cmd/calltrail TestLiveRestart",
			"cmd/calltrail TestLiveReadyWithFullSpool",
		},
		Controls: []string{
			"store/spool TestKillIsNoticed", "cmd/calltrail TestStoreKilledIsNoticed", "cmd/calltrail TestAlertsKilledIsNoticed", "store TestPumpAcknowledgingEarlyIsNoticed",
			"cmd/calltrail TestSpoiltPathIsNoticed",
		},
		Long: []string{"CALLTRAIL_CRASHES=1000"},
	},
	{
		Number: 2, Title: "power loss: un-fsynced octets dropped, sectors torn and reordered (a simulated disk)",
		Must:     "every acknowledged record comes back; nothing older than the group commit, 100 ms, is lost",
		Tests:    []string{"store/spool TestPowerLoss", "store/spool TestPowerLossAndFailingSync", "store/spool TestPowerLossWindow"},
		Controls: []string{"store/spool TestPowerLossIsNoticed", "store/spool TestPowerLossWindowIsNoticed"},
		Long:     []string{"CALLTRAIL_SEEDS=100000"},
	},
	{
		Number: 3, Title: "a segment cut at every octet, every bit of it flipped",
		Must: "only a torn tail is cut; damage in the middle is kept apart and reported as a gap, later records stay",
		Tests: []string{
			"store/spool TestFlipEveryBit", "store/spool TestFlipInUnprovedCommit", "store/spool TestTruncateNewest", "store/spool TestTruncateOlder",
			"store/spool TestTruncateOnly", "store/spool TestSegmentMissing", "store/spool TestUnreadableSector",
		},
		Controls: []string{"store/spool TestFlipIsNoticed"},
	},
	{
		Number: 4, Title: "fsync fails with EIO: by strace in a real process, and on the simulated disk",
		Must:  "never acknowledged; written again in a new segment; the failed file is not synced again",
		Tests: []string{"store/spool TestFailedSyncOfTheKernel", "store/spool TestFailedSync", "store/spool TestPowerLossAndFailingSync"},
		Controls: []string{
			"store/spool TestFailedSyncOfTheKernelIsNoticed", "store/spool TestPowerLossIsNoticed/failed_fsync_called_again",
		},
	},
	{
		Number: 5, Title: "disk full: a small file system under a live sensor",
		Must:     "no crash, nothing unacknowledged deleted, what could not be kept is said, recovery in 10 s",
		Tests:    []string{"store/spool TestDiskFull", "cmd/calltrail TestLiveFullDisk"},
		Controls: []string{"store/spool TestDiskFullIsNoticed"},
	},
	{
		Number: 6, Title: "Kafka away for long: the broker frozen, then killed",
		Must:     "memory flat, capture untouched, drains at 5 times the live rate or more",
		Tests:    []string{"store/kafka TestFaults/broker_away"},
		Controls: []string{"store/kafka TestFaults/broker_away,_control"},
	},
	{
		Number: 7, Title: "lost acknowledgements, half-open, reset and slow connections",
		Must:     "I; resends counted",
		Tests:    []string{"store/kafka TestFaults/connections", "store/kafka TestEntriesReachPostgresOnce"},
		Controls: []string{"store/kafka TestFaults/connections,_control", "store/kafka TestFaults/early_commit,_control"},
		Long:     []string{"CALLTRAIL_CUTS=1000"},
	},
	{
		Number: 8, Title: "rolling restart of three brokers, min.insync.replicas 2",
		Must:     "I",
		Tests:    []string{"store/kafka TestRollingRestart", "store/kafka TestLeaderDies/all_in-sync_replicas"},
		Controls: []string{"store/kafka TestLeaderDies/control"},
	},
	{
		Number: 9, Title: "records expired in the topic before they were read",
		Must:     "the gap is seen, asked for on the resend topic and answered from the spool: whole in 60 s",
		Tests:    []string{"store/kafka TestFaults/expired_records"},
		Controls: []string{"store/kafka TestFaults/expired_records,_control"},
	},
	{
		Number: 10, Title: "an octet flipped in the broker's log",
		Must:     "the hash check refuses it, an alarm, sent again",
		Tests:    []string{"store/kafka TestFaults/flipped_octet", "store/postgres TestFlippedOctet"},
		Controls: []string{"store/postgres TestFlippedOctetIsNoticed"},
	},
	{
		Number: 11, Title: "Postgres killed; the connection cut at COMMIT",
		Must: "I",
		Tests: []string{
			"store/kafka TestFaults/postgres_dies/kafka", "store/kafka TestFaults/postgres_dies/direct", "store/postgres TestConnectionKilled",
		},
		Controls: []string{
			"store/kafka TestFaults/postgres_dies/control:_an_error_is_success", "store/kafka TestFaults/postgres_dies/control:_nothing_tells_what_is_there",
		},
		Long: []string{"CALLTRAIL_CUTS=1000"},
	},
	{
		Number: 12, Title: "Postgres' disk full, a missing partition, a lock held, a poison record",
		Must: "no offset is committed; the poison record goes to quarantine, the rest lands",
		Tests: []string{
			"store/kafka TestFaults/postgres_trouble/kafka", "store/kafka TestFaults/postgres_trouble/direct",
			"store/postgres TestPoison", "store/postgres TestPartitionsAreMadeWhenNeeded",
		},
		Controls: []string{"store/kafka TestFaults/postgres_trouble/control:_an_error_is_success"},
	},
	{
		Number: 13, Title: "stores join and leave the group all the time",
		Must:     "I",
		Tests:    []string{"store/kafka TestFaults/rebalances"},
		Controls: []string{"store/kafka TestFaults/early_commit,_control"},
	},
	{
		Number: 14, Title: "a flood of INVITEs at 10 times the rate, a scan of a /16, a storm of fragments; Postgres at a tenth of the rate",
		Must: "memory under its cap; established calls recorded to the packet; every eviction counted and recorded",
		Tests: []string{
			"cmd/calltrail TestLiveFlood", "cdr/pipeline TestFlood", "cdr/pipeline TestHostileCase6Flood",
			"cdr/dialog TestFloodSparesTheEstablished", "decode/reassembly TestFragmentFloodMemory", "decode/reassembly TestStreamMemory",
			"store/kafka TestFaults/postgres_slow",
		},
		Controls: []string{"cdr/dialog TestFloodIsNoticed", "store/kafka TestFaults/postgres_slow/control"},
		Long:     []string{"CALLTRAIL_TEST_FLOOD=60s"},
	},
	{
		Number: 15, Title: "bad packets: every decoder on its corpus (and fuzzed: `make fuzz`), captures with flipped bits",
		Must:     "no panic, no allocation without bound, no goroutine left behind",
		Tests:    []string{"decode/... Fuzz*", "capture/... Fuzz*", "cdr/pipeline TestCorruptSignalling", "cdr/pipeline TestTortureRecords"},
		Controls: []string{"decode/fuzzbound TestCheck"},
		Long:     []string{"CALLTRAIL_BAD_CAPTURES=100000"},
	},
	{
		Number: 16, Title: "the same traffic in random pieces, by any number of workers",
		Must:     "seen = decoded + ignored + dropped, exactly; the same records",
		Tests:    []string{"cdr/pipeline TestPiecesGiveTheRecordsOfTheWhole", "cdr/pipeline TestWorkersGiveTheSameRecords", "cdr/pipeline TestAnyCarriageGivesTheSameRecords"},
		Controls: []string{"cdr/pipeline TestMissingCountsAreNoticed", "cdr/pipeline TestFlippedTruthIsNoticed"},
	},
	{
		Number: 17, Title: "the reader stopped until its ring overflows; a tap down and gone",
		Must:     "the coverage says how many packets the kernel dropped; reopened in 2 s",
		Tests:    []string{"cmd/calltrail TestLiveStoppedReader", "cmd/calltrail TestLiveInterface"},
		Controls: []string{"cmd/calltrail TestLiveStoppedReaderIsNoticed"},
	},
	{
		Number: 18, Title: "the clock jumps by an hour and by ten years",
		Must:     "durations never negative, no record refused for want of a partition",
		Tests:    []string{"cmd/calltrail TestClockJumps", "cdr/pipeline TestClockJumpsLive", "cdr/pipeline TestClockSetBack"},
		Controls: []string{"cmd/calltrail TestClockJumpsAreNoticed", "cdr/pipeline TestClockJumpsLiveAreNoticed"},
	},
	{
		Number: 19, Title: "rows edited, deleted, the tail cut, the head rolled back, by the database's owner",
		Must:     "`calltrail verify` names the first bad number, every time",
		Tests:    []string{"store/postgres TestVerify"},
		Controls: []string{"store/postgres TestVerify/controls"},
		Long:     []string{"CALLTRAIL_MUTATIONS=1000"},
	},
	{
		Number: 20, Title: "wrong CA, expired certificate, plain text, wrong SCRAM password",
		Must:     "fails closed, records stay on the spool",
		Tests:    []string{"store/kafka TestAccess", "store/postgres TestTransport", "store/postgres TestUnprotectedTransport"},
		Controls: []string{"store/kafka TestAccess/control"},
	},
	{
		Number: 21, Title: "each role and each object of the database, partitions included, every right tried; grants given by mistake",
		Must: "denied unless listed; what is shown has an audit row under the person's own name",
		Tests: []string{
			"store/postgres/access TestPrivilegeMatrix", "store/postgres/access TestMistakenGrantShowsNothing", "store/postgres/access TestStoreAsWriter",
			"store/postgres/access TestOwnServer/persons_of_a_directory",
		},
		Controls: []string{"store/postgres/access TestPrivilegeMatrix/is_noticed", "store/postgres/access TestMistakenGrantShowsNothing/without_row_security"},
	},
	{
		Number: 22, Title: "a soak of mixed faults",
		Must:     "I; the slope of the heap about 0, goroutines and descriptors stable",
		Tests:    []string{"cmd/calltrail TestLiveSoak", "cdr/pipeline TestHeapStaysFlat"},
		Controls: []string{"cmd/calltrail TestLiveSoakIsNoticed", "cdr/pipeline TestGrowingHeapIsNoticed"},
		Long:     []string{"CALLTRAIL_SOAK=30m", "CALLTRAIL_SOAK_SIMULATED=6h"},
	},
}
