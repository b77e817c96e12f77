#!/bin/sh
# Makes what the parties of a farm know each other by, one directory for each:
#
#   DIR/coordinator/  tls.crt, tls.key   its certificate, for these names
#                     tokens             whom it lets in
#                     coordinator.toml   its settings: where these are, and the password of its database
#   DIR/worker/       ca.crt, token      the role `work`
#   DIR/client/       ca.crt, token      the role `submit`
#   DIR/state/        password           of the coordinator's PostgreSQL
#
# The authority that signs the certificate is made for it and thrown away: nothing else can be signed by it. What is there
# stays, unless --renew is said; the password stays always, since the database has been made with it.
set -eu
umask 077

usage() {
	echo "usage: $(basename "$0") [--renew] DIR NAME...   (names and addresses by which the coordinator is reached)" >&2
	exit 2
}

renew=
if [ "${1-}" = --renew ]; then
	renew=1
	shift
fi
[ $# -ge 2 ] || usage
dir=$1
shift

readonly DAYS=825 SOON=2592000 # 30 days
mkdir -p "$dir/coordinator" "$dir/worker" "$dir/client" "$dir/state"

if [ -e "$dir/coordinator/coordinator.toml" ] && [ -z "$renew" ]; then
	for file in coordinator/tls.crt coordinator/tls.key coordinator/tokens worker/ca.crt worker/token client/ca.crt client/token state/password; do
		if [ ! -s "$dir/$file" ]; then
			echo "error: $dir/$file is gone, and belongs to what is left; make all anew by --renew" >&2
			exit 1
		fi
	done
	if ! openssl x509 -noout -checkend "$SOON" -in "$dir/coordinator/tls.crt" >/dev/null; then
		echo "warning: the coordinator's certificate ends soon ($(openssl x509 -noout -enddate -in "$dir/coordinator/tls.crt")); make all anew by --renew" >&2
	fi
	echo "keys are there"
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dir=$(cd "$dir" && pwd)
cd "$work"

names=
for name; do
	case $name in
	*:*) kind=IP ;;
	*[!0-9.]*) kind=DNS ;;
	*) kind=IP ;;
	esac
	names="$names${names:+, }$kind:$name"
done

cat >config <<EOF
[req]
prompt = no
distinguished_name = subject
[subject]
CN = mrt farm
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[coordinator]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $names
EOF
# sign ARGUMENT...: OpenSSL, which says much; shown where it fails.
sign() {
	openssl "$@" 2>said && return
	cat said >&2
	exit 1
}

# key FILE: what `openssl req` makes a new key of.
key() {
	echo "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1"
}

# shellcheck disable=SC2046
sign req -x509 -new $(key ca.key) -config config -extensions authority -days "$DAYS" -out ca.crt
# shellcheck disable=SC2046
sign req -new $(key tls.key) -config config -out tls.csr
sign x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days "$DAYS" -extfile config \
	-extensions coordinator -out tls.crt

openssl rand -hex 32 >work
openssl rand -hex 32 >submit
printf 'work %s\nsubmit %s\n' "$(cat work)" "$(cat submit)" >tokens

# put FILE PLACE: in one step, so that nobody reads half of it.
put() {
	cp "$1" "$dir/$2.new"
	mv "$dir/$2.new" "$dir/$2"
}

# Its file is read by the user of the database's own image; nobody else is given the directory.
if [ ! -s "$dir/state/password" ]; then
	openssl rand -hex 32 >password
	put password state/password
	chmod 444 "$dir/state/password"
fi
put ca.crt worker/ca.crt
put work worker/token
put ca.crt client/ca.crt
put submit client/token
put tls.crt coordinator/tls.crt
put tls.key coordinator/tls.key
put tokens coordinator/tokens
# Last: by it all is there.
cat >settings <<EOF
tls-cert = "/etc/mrt/tls.crt"
tls-key = "/etc/mrt/tls.key"
tokens = "/etc/mrt/tokens"
database-url = "postgres://mrt:$(cat "$dir/state/password")@state/mrt"
EOF
put settings coordinator/coordinator.toml
echo "made keys for $names"
