# shellcheck shell=bash disable=SC2034
# Where the development servers keep their things, and how they are asked about. Sourced by up, down and status.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
state=$root/.dev
env_file=$state/env

# Postgres refuses to run as root, and nothing here needs root: as root both servers run as this account, which the
# package postgresql-15 makes.
service_user=postgres

say() { printf 'dev: %s\n' "$*" >&2; }
die() {
	local status=$1
	shift
	say "$*"
	exit "$status"
}

# as_service runs a command as the account of the servers; setpriv executes it in place, so a process id stays true.
as_service() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid="$service_user" --regid="$service_user" --init-groups -- \
			env --chdir="$data" HOME="$data" "$@"
	else
		"$@"
	fi
}

# choose_data sets data: the folder of both servers' files. That is .dev/ unless the account of the servers cannot
# enter it (a checkout under /root, say); outside says so.
choose_data() {
	data=$state/data outside=no
	if [ "$(id -u)" = 0 ] && id "$service_user" >/dev/null 2>&1; then
		if ! setpriv --reuid="$service_user" --regid="$service_user" --init-groups -- test -x "$state" -a -r "$here"; then
			data=/var/tmp/calltrail-dev-$(printf '%s' "$root" | sha256sum | cut -c1-12)
			outside=yes
		fi
	fi
}

# postgres_bin prints the folder of the newest Postgres of at least version 15, or fails.
postgres_bin() {
	local dir best='' version best_version=14
	for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
		[ -x "$dir/initdb" ] || continue
		version=$(printf '%s' "$dir" | tr -dc '0-9')
		if [ "$version" -gt "$best_version" ]; then best=$dir best_version=$version; fi
	done
	if [ -z "$best" ] && command -v initdb >/dev/null; then
		version=$(initdb --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
		[ "$version" -lt 15 ] || best=$(dirname "$(command -v initdb)")
	fi
	[ -n "$best" ] && printf '%s\n' "$best"
}

# java_ready says whether a Java of at least version 17 is installed.
java_ready() {
	command -v java >/dev/null || return 1
	local version
	version=$(java -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p' | head -n 1)
	[ "${version:-0}" -ge 17 ]
}

# missing prints what the named server lacks on this machine, one word each.
missing() {
	case $1 in
	postgres) postgres_bin >/dev/null || echo postgresql-15 ;;
	kafka)
		java_ready || echo java-17
		[ -e "$state/kafka-jars/complete" ] || command -v mvn >/dev/null || echo maven
		;;
	esac
}

# kafka_pid prints the broker's process id while it runs. The command line is compared, so the file of a run that was
# killed does not mislead when the number was given to another process.
kafka_pid() {
	local pid
	pid=$(cat "$data/kafka.pid" 2>/dev/null) || return 1
	grep -qzxF "$data/kafka.properties" "/proc/$pid/cmdline" 2>/dev/null || return 1
	printf '%s\n' "$pid"
}

# postgres_pid prints the postmaster's process id while it runs.
postgres_pid() {
	local pid
	pid=$(head -n 1 "$data/postgres/postmaster.pid" 2>/dev/null) || return 1
	grep -qzxF "$data/postgres" "/proc/$pid/cmdline" 2>/dev/null || return 1
	printf '%s\n' "$pid"
}

# port_open says whether something listens on a loopback port.
port_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port prints a port nobody listens on, below the range the kernel gives to outgoing connections.
free_port() {
	local port
	for _ in $(seq 100); do
		port=$((20000 + RANDOM % 12000))
		if ! port_open "$port"; then
			printf '%s\n' "$port"
			return
		fi
	done
	die 1 "no free port between 20000 and 32000"
}

# recorded_port prints the port a server was given last time.
recorded_port() { cat "$data/$1.port" 2>/dev/null; }
