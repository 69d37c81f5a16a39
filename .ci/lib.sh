# Sourced by the scripts of this folder.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
export root
# Programs that .ci/programs has unpacked.
PATH=$root/.dev/chrony/usr/sbin:$PATH

# tool NAME ARGS: a tool of the versions pinned in .ci/tools/go.mod.
tool() { go tool -modfile=.ci/tools/go.mod "$@"; }

# part NAME COMMAND ARGS: run a part of the check, and say how long it took.
part() {
	local name=$1 start=$SECONDS
	shift
	printf '\n=== %s\n' "$name"
	"$@"
	local took=$((SECONDS - start))
	parts+=("$(printf '%-28s %2d min %02d s' "$name" $((took / 60)) $((took % 60)))")
}
