#!/bin/bash
# Entry point of mrt's stand-in for the official PostgreSQL image: Debian's PostgreSQL behind the same documented
# contract (environment, data directory, initialisation files, port, arguments), so that nobody needs to tell them
# apart. It starts a socket-only server for the initialisation, as the official image does: whoever waits for
# readiness has to wait for a login over TCP.
set -euo pipefail
shopt -s nullglob

fail() {
	printf 'error: %s\n' "$@" >&2
	exit 1
}

# setting NAME DEFAULT: exports NAME from itself, from the file that NAME_FILE names, or from the default.
setting() {
	local name=$1 file_name="$1_FILE" value=${2-}
	if [ -n "${!name-}" ] && [ -n "${!file_name-}" ]; then
		fail "both $name and $file_name are set; set one of them"
	fi
	if [ -n "${!name-}" ]; then
		value=${!name}
	elif [ -n "${!file_name-}" ]; then
		value=$(<"${!file_name}")
	fi
	export "$name=$value"
	unset "$file_name"
}

prepare_directories() {
	mkdir -p "$PGDATA" /var/run/postgresql
	if [ "$(id -u)" = 0 ]; then
		find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
		[ -z "${POSTGRES_INITDB_WALDIR-}" ] || install -d -o postgres -m 0700 "$POSTGRES_INITDB_WALDIR"
		chmod 03775 /var/run/postgresql
	fi
	chmod 0700 "$PGDATA" || true
}

create_cluster() {
	local arguments=(--pgdata="$PGDATA" --username="$POSTGRES_USER" --encoding=UTF8)
	[ -z "${POSTGRES_INITDB_WALDIR-}" ] || arguments+=(--waldir="$POSTGRES_INITDB_WALDIR")
	# The variable holds several arguments, with shell quoting.
	eval "arguments+=(${POSTGRES_INITDB_ARGS-})"
	if [ -n "$POSTGRES_PASSWORD" ]; then
		arguments+=(--pwfile=/dev/fd/3)
	fi
	initdb "${arguments[@]}" 3< <(printf '%s\n' "$POSTGRES_PASSWORD")

	local method=${POSTGRES_HOST_AUTH_METHOD:-}
	[ -n "$method" ] || method=$(postgres -D "$PGDATA" -C password_encryption "$@")
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
	printf "\nlisten_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
}

run_sql() {
	PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --quiet --username "$POSTGRES_USER" "$@"
}

initialise() {
	export PGPASSWORD=${PGPASSWORD-$POSTGRES_PASSWORD}
	# The caller's own arguments go first, so that the socket-only ones win.
	pg_ctl --pgdata="$PGDATA" --wait start -o "$(printf '%q ' "$@" -c listen_addresses= -p 5432)"

	if [ "$POSTGRES_DB" != postgres ]; then
		run_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
	fi
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
			*.sh)
				if [ -x "$file" ]; then "$file"; else . "$file"; fi
				;;
			*.sql) run_sql --dbname "$POSTGRES_DB" --file "$file" ;;
			*.sql.gz) gunzip --stdout "$file" | run_sql --dbname "$POSTGRES_DB" ;;
			*.sql.xz) xz --decompress --stdout "$file" | run_sql --dbname "$POSTGRES_DB" ;;
			*) echo "$0: $file is left alone" ;;
		esac
	done

	pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
	unset PGPASSWORD
	echo 'initialisation is complete; the server starts now'
}

[ "${1-}" != "" ] || set -- postgres
case $1 in
	-*) set -- postgres "$@" ;;
esac
[ "$1" = postgres ] || exec "$@"
for argument in "$@"; do
	case $argument in
		-\? | --help | --describe-config | -V | --version) exec "$@" ;;
	esac
done

prepare_directories
if [ "$(id -u)" = 0 ]; then
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

setting POSTGRES_PASSWORD
setting POSTGRES_USER postgres
setting POSTGRES_DB "$POSTGRES_USER"
setting POSTGRES_INITDB_ARGS
: "${POSTGRES_HOST_AUTH_METHOD:=}"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
		fail 'the database is not initialised and POSTGRES_PASSWORD is not set' \
			'give the superuser a password with -e POSTGRES_PASSWORD=..., or allow every connection with -e POSTGRES_HOST_AUTH_METHOD=trust'
	fi
	create_cluster "${@:2}"
	initialise "${@:2}"
fi
exec "$@"
