#!/usr/bin/env bash
# The tokens and certificates by which a farm's programs know each other (deploy/keys.sh makes them), as Secrets on standard
# output; nothing is kept:
#
#     deploy/kubernetes/secrets.sh | kubectl apply -f -
#     deploy/kubernetes/secrets.sh farm.example.com 203.0.113.7 | kubectl apply -f -    # further names of the coordinator
#     deploy/kubernetes/secrets.sh --tokens | kubectl apply -f -                        # certificates are cert-manager's
#
# The namespaces have to be there. Run again, it makes all of them anew, and who has read the old ones has to be restarted.
set -euo pipefail
umask 077

only_tokens=
if [ "${1:-}" = --tokens ]; then
  only_tokens=yes
  shift
fi
keys=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/keys.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# The last two: by `kubectl port-forward`.
"$keys" "$dir" mrt-coordinator.mrt.svc mrt-coordinator.mrt.svc.cluster.local "$@" localhost 127.0.0.1 >&2

# secret NAMESPACE NAME TYPE KEY=FILE...
secret() {
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  namespace: %s\n  name: %s\n' "$1" "$2"
  printf '  labels:\n    app.kubernetes.io/part-of: mrt\ntype: %s\ndata:\n' "$3"
  shift 3
  for pair; do
    printf '  %s: %s\n' "${pair%%=*}" "$(base64 <"$dir/${pair#*=}" | tr -d '\n')"
  done
}

secret mrt mrt-tokens Opaque tokens=coordinator/tokens submit=client/token
secret mrt-workers mrt-worker Opaque token=worker/token
if [ -z "$only_tokens" ]; then
  secret mrt mrt-tls kubernetes.io/tls tls.crt=coordinator/tls.crt tls.key=coordinator/tls.key ca.crt=client/ca.crt
  secret mrt-workers mrt-worker-tls Opaque ca.crt=worker/ca.crt
fi
