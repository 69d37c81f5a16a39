package bundle

// howTo is how-to-verify.txt.
const howTo = `How to check this bundle

With the program: calltrail verify bundle.zip --keys FILE
FILE is the operator's file of keys. Get it from the operator, not with the bundle: nothing in a
bundle says whose key is to be believed. Neither a network nor a database is needed. Exit status 0:
all holds; 4: something does not, and the line before says what.

With other programs:
1. sha256sum of each file is the one in manifest.json. answer_sha256 there is that of answer.jsonl,
   and the one the audit of the log keeps for this answer.
2. manifest.sig holds an Ed25519 signature (RFC 8032, base64) of these octets, each line ended by one
   line feed: "calltrail-bundle-v1", name, at, SHA-256 of manifest.json in hexadecimal. name and at are
   those of manifest.sig. The key is the operator's key of use "evidence" with this name.
3. Each line of records.jsonl, without its line feed, has the SHA-256 that chain.jsonl calls its leaf.
4. In chain.jsonl each hash = SHA-256(hash of the entry before | epoch | seq | leaf): hashes as 32 octets,
   numbers as 8 octets, most significant first. Where a stretch begins, prev_hash is the hash before.
5. heads.jsonl has the hash of one entry of each stretch, signed by the sensor: Ed25519 of the lines
   "calltrail-chain-head-v1", sensor, epoch, seq, hash in hexadecimal, each ended by one line feed.
   The key is the operator's key of use "sensor" with the sensor's name.
6. head-events.jsonl has the coverage events in which the sensor signed; they are entries of the chain.

So a record that was changed afterwards has another leaf, therefore another hash, therefore not the
hash the sensor signed. Who holds the evidence key, but not the sensor's, cannot hide that.
`
