# shellcheck shell=bash
# A Debian 12 under its own systemd, for deploy/packages/test: made by debootstrap, booted by systemd-nspawn. Sourced.

# base prints the path of the archive of a fresh Debian 12, made once and kept.
base() {
	local archive=$PWD/.dev/packages/debian12.tar made
	if [ ! -e "$archive" ]; then
		mkdir -p "${archive%/*}"
		made=$(mktemp -d "${archive%/*}/debootstrap.XXXXXX")
		debootstrap --variant=minbase --include=systemd-sysv,dbus,procps bookworm "$made" >"$archive.log" 2>&1 ||
			{ tail -n 20 "$archive.log" >&2; rm -rf "$made"; return 1; }
		rm -rf "$made"/var/cache/apt/archives/*.deb "$made"/var/lib/apt/lists/*
		chmod 0755 "$made" # it becomes /
		tar -C "$made" -cf "$archive.part" .
		mv "$archive.part" "$archive"
		rm -rf "$made"
	fi
	printf '%s\n' "$archive"
}

# boot starts the container on $tree and waits until its systemd has started everything. It shares this host's network (the
# store's servers are on loopback), not its processes. nspawn's own filter forbids adjtimex unless it is told otherwise; the
# unit's filter is what is tested.
boot() {
	systemd-nspawn --quiet --directory="$tree" --boot --machine="calltrail-$$" --register=no --keep-unit --link-journal=no \
		--resolv-conf=off --timezone=off --system-call-filter='adjtimex clock_adjtime' </dev/null >"$work/boot.log" 2>&1 &
	nspawn=$!
	wait_for 'the container has an init' 20 leader
	leader=$(pgrep -P "$nspawn")
	wait_for 'its systemd answers' 60 booted
}

leader() { pgrep -P "$nspawn" >/dev/null; }

booted() {
	case $(in_it systemctl is-system-running 2>/dev/null) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

# in_it runs a command within.
in_it() {
	nsenter --target "$leader" --mount --uts --ipc --pid --cgroup -- \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 SYSTEMD_PAGER=cat "$@"
}

# halt ends the container in good order, or by force after 30 s.
halt() {
	[ -n "${nspawn:-}" ] || return 0
	kill -TERM "$nspawn" 2>/dev/null || true
	for _ in $(seq 150); do
		kill -0 "$nspawn" 2>/dev/null || break
		sleep 0.2
	done
	kill -KILL "$nspawn" 2>/dev/null || true
	wait "$nspawn" 2>/dev/null || true
	nspawn=
}

# wait_for WHAT SECONDS COMMAND: until the command succeeds.
wait_for() {
	local what=$1 end=$((SECONDS + $2))
	shift 2
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "not within its time: $what"
		sleep 0.2
	done
}

# ok WHAT COMMAND: the command has to succeed.
ok() {
	local what=$1
	shift
	"$@" || fail "not so: $what"
	printf '  ok: %s\n' "$what"
}

# is WHAT WANT GOT
is() {
	[ "$2" = "$3" ] || fail "$1: \"$3\", want \"$2\""
	printf '  ok: %s\n' "$1"
}

fail() {
	printf 'packages: FAILED: %s\n' "$*" >&2
	if [ -n "${nspawn:-}" ]; then
		in_it journalctl --no-pager -n 40 -u calltrail-sensor -u calltrail-store >&2 || true
	fi
	exit 1
}

# property UNIT NAME prints one of its properties.
property() { in_it systemctl show --value --property="$2" "$1"; }

# logged UNIT TEXT: whether the unit's journal has it.
logged() { in_it journalctl --no-pager --quiet -u "$1" | grep -F -- "$2" >/dev/null; } # not -q: it would end the pipe early
