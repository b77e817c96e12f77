#!/bin/bash
# Entry point of mrt's stand-ins for the official images of MySQL and MariaDB: Debian's server behind the same
# documented contract (environment, data directory, initialisation files, port, arguments), so that nobody needs to
# tell them apart. It starts a socket-only server for the initialisation, as the official images do: whoever waits
# for readiness has to wait for a login over TCP.
set -euo pipefail
shopt -s nullglob

fail() {
	printf 'error: %s\n' "$@" >&2
	exit 1
}

# MariaDB's image takes MySQL's names too, and prefers its own.
if command -v mariadbd >/dev/null; then
	engine=MariaDB server=mariadbd client=mariadb prefixes=(MARIADB MYSQL)
	zone_loader=(mariadb-tzinfo-to-sql --skip-write-binlog)
else
	engine=MySQL server=mysqld client=mysql prefixes=(MYSQL)
	zone_loader=(mysql_tzinfo_to_sql)
fi
socket=/run/mysqld/mysqld.sock

# setting NAME VARIABLE: sets VARIABLE from the environment's NAME behind one of the prefixes, or from the file that
# the same with _FILE behind it names; empty when there is none. Files of initialisation find it in the environment.
setting() {
	local prefix name file_name value=''
	for prefix in "${prefixes[@]}"; do
		name="${prefix}_$1" file_name="${prefix}_$1_FILE"
		if [ -n "${!name-}" ] && [ -n "${!file_name-}" ]; then
			fail "both $name and $file_name are set; set one of them"
		fi
		if [ -n "${!name-}" ]; then
			value=${!name}
			break
		elif [ -n "${!file_name-}" ]; then
			value=$(<"${!file_name}")
			export "$name=$value"
			break
		fi
	done
	printf -v "$2" '%s' "$value"
}

# The last --datadir among the arguments, or else the configured one.
data_directory() {
	local dir=/var/lib/mysql argument previous=''
	while IFS= read -r argument; do
		case $previous in
			--datadir) dir=$argument ;;
		esac
		case $argument in
			--datadir=*) dir=${argument#*=} ;;
		esac
		previous=$argument
	done < <(
		my_print_defaults mysqld server mariadb mariadbd
		[ $# = 0 ] || printf '%s\n' "$@"
	)
	printf '%s' "$dir"
}

# A string as an SQL literal, and a name as an SQL identifier.
literal() {
	local text=${1//\\/\\\\}
	printf "'%s'" "${text//\'/\'\'}"
}

identifier() {
	printf '`%s`' "${1//\`/\`\`}"
}

run_sql() {
	MYSQL_PWD=$root_password "$client" --no-defaults --user=root --protocol=socket --socket="$socket" \
		--default-character-set=utf8mb4 --comments "$@"
}

create_data() {
	case $engine in
		# The zone may be one that is not loaded yet.
		MySQL) "$server" "$@" --initialize-insecure --default-time-zone=SYSTEM ;;
		MariaDB)
			mariadb-install-db --auth-root-authentication-method=normal --skip-test-db "$@" --datadir="$data" \
				--default-time-zone=SYSTEM >/dev/null
			;;
	esac
}

accounts() {
	local host pattern
	cat <<-SQL
		SET SESSION sql_log_bin = 0;
		SET SESSION sql_mode = '';
		ALTER USER 'root'@'localhost' IDENTIFIED BY $(literal "$root_password");
		DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1', 'root'@$(literal "$HOSTNAME");
	SQL
	if [ "$root_host" != localhost ]; then
		host=$(literal "$root_host")
		cat <<-SQL
			CREATE USER 'root'@$host IDENTIFIED BY $(literal "$root_password");
			GRANT ALL ON *.* TO 'root'@$host WITH GRANT OPTION;
		SQL
	fi
	if [ -n "$database" ]; then
		echo "CREATE DATABASE IF NOT EXISTS $(identifier "$database");"
	fi
	if [ -n "$user" ]; then
		echo "CREATE USER $(literal "$user")@'%' IDENTIFIED BY $(literal "$password");"
		if [ -n "$database" ]; then
			# In a grant, _ and % of a database's name stand for other characters.
			pattern=${database//\\/\\\\} pattern=${pattern//_/\\_} pattern=${pattern//%/\\%}
			echo "GRANT ALL ON $(identifier "$pattern").* TO $(literal "$user")@'%';"
		fi
	fi
}

initialise() {
	local file process
	create_data "$@"
	# The caller's own arguments go first, so that the socket-only ones win.
	"$server" "$@" --skip-networking --default-time-zone=SYSTEM --socket="$socket" --event-scheduler=OFF &
	process=$!
	# There is no password yet.
	until root_password='' run_sql --execute='DO 0' 2>/dev/null; do
		kill -0 "$process" 2>/dev/null || fail "$engine does not start to be initialised"
		sleep 0.05
	done
	if [ -z "$skip_zones" ]; then
		# It warns of files there that hold no time zone.
		"${zone_loader[@]}" /usr/share/zoneinfo 2>/dev/null | root_password='' run_sql mysql
	fi
	accounts | root_password='' run_sql

	local in_database=()
	[ -z "$database" ] || in_database=("$database")
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
			*.sh)
				if [ -x "$file" ]; then "$file"; else . "$file"; fi
				;;
			*.sql) run_sql "${in_database[@]}" <"$file" ;;
			*.sql.gz) gunzip --stdout "$file" | run_sql "${in_database[@]}" ;;
			*.sql.bz2) bunzip2 --stdout "$file" | run_sql "${in_database[@]}" ;;
			*.sql.xz) xz --decompress --stdout "$file" | run_sql "${in_database[@]}" ;;
			*.sql.zst) zstd --decompress --stdout "$file" | run_sql "${in_database[@]}" ;;
			*) echo "$0: $file is left alone" ;;
		esac
	done
	if [ -n "$expire" ]; then
		run_sql --execute="ALTER USER 'root'@$(literal "$root_host") PASSWORD EXPIRE"
	fi

	kill "$process"
	wait "$process" || fail "$engine does not end well after its initialisation"
	echo 'initialisation is complete; the server starts now'
}

[ "${1-}" != "" ] || set -- "$server"
case $1 in
	-*) set -- "$server" "$@" ;;
esac
case $1 in
	mysqld | mariadbd) ;;
	*) exec "$@" ;;
esac
for argument in "$@"; do
	case $argument in
		-\? | --help | --print-defaults | -V | --version) exec "$@" ;;
	esac
done

data=$(data_directory "${@:2}")
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$data" /run/mysqld
	find "$data" /run/mysqld \! -user mysql -exec chown mysql '{}' +
	exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi

if [ ! -d "$data/mysql" ]; then
	setting ROOT_PASSWORD root_password
	setting ROOT_HOST root_host
	setting ALLOW_EMPTY_PASSWORD allow_empty
	setting RANDOM_ROOT_PASSWORD random
	setting ONETIME_PASSWORD expire
	setting DATABASE database
	setting USER user
	setting PASSWORD password
	setting INITDB_SKIP_TZINFO skip_zones
	: "${root_host:=%}"
	if [ "$engine" = MariaDB ] && [ -z "$allow_empty" ]; then
		# Its own name of it differs from MySQL's by more than the prefix.
		setting ALLOW_EMPTY_ROOT_PASSWORD allow_empty
	fi
	prefix=${prefixes[0]}
	if [ -n "$random" ]; then
		root_password=$(head -c 24 /dev/urandom | base64)
		echo "GENERATED ROOT PASSWORD: $root_password"
	elif [ -z "$root_password" ] && [ -z "$allow_empty" ]; then
		fail 'the database is not initialised and no password option is set' \
			"set ${prefix}_ROOT_PASSWORD, ${prefix}_RANDOM_ROOT_PASSWORD or ${prefix}_ALLOW_EMPTY_PASSWORD"
	fi
	if [ "$user" = root ]; then
		fail "${prefix}_USER is for another user than root, who is there anyway"
	fi
	if [ -n "$user" ] && [ -z "$password" ]; then
		fail "${prefix}_USER is set and ${prefix}_PASSWORD is not"
	fi
	initialise "${@:2}"
fi
exec "$@"
