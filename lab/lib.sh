# What the recording scripts share: two network namespaces joined by a cable, rangewatch listening on it, and a clean end.
#
#   source "$(dirname "$0")/../lib.sh"
#   lab_cable                      # namespaces client (192.0.2.0/24) and server (198.51.100.0/24, 203.0.113.0/24)
#   lab_record iodine-null "dns-tunnel: iodine" "$(iodine -v 2>&1 | head -1)"
#   lab_mark                       # the activity begins now
#   in_client …; in_server …
#   lab_keep                       # ends the recording and writes its line of the manifest
#
# Nothing leaves the namespaces: they have no way out. All addresses and names are of the documentation ranges (RFC 5737, RFC 3849,
# RFC 2606, RFC 6761). Every process that is started here is bounded in time and ended by its id.
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin  # Debian's tools, and the Python that has their modules
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
name=$(basename "$here")
out=${1:-$root/build/lab}/$name
rangewatch=${RANGEWATCH:-$root/build/release/rangewatch}
work=$(mktemp -d)
tag=rw$$
client_ns=$tag-c server_ns=$tag-s
client_device=$tag-a server_device=$tag-b
pids=()
recorder=

[[ $(id -u) == 0 ]] || { echo "lab: network namespaces need root" >&2; exit 2; }
[[ -x $rangewatch ]] || { echo "lab: build the program first (make build); it records" >&2; exit 2; }
mkdir -p "$out"

# Ends what was started: asks, waits two seconds, then kills whatever still lives in the two namespaces.
lab_end() {
  local pid
  disown -a 2>/dev/null || true  # no word of bash about each
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for _ in {1..40}; do
    [[ -n $(lab_processes) ]] || break
    sleep 0.05
  done
  for pid in $(lab_processes); do kill -9 "$pid" 2>/dev/null || true; done
  pids=()
}
lab_processes() {
  ip netns pids "$client_ns" 2>/dev/null || true
  ip netns pids "$server_ns" 2>/dev/null || true
}
lab_cleanup() {
  [[ -z $recorder ]] || kill "$recorder" 2>/dev/null || true
  lab_end
  ip netns del "$client_ns" 2>/dev/null || true
  ip netns del "$server_ns" 2>/dev/null || true
  rm -rf "$work"
}
trap lab_cleanup EXIT
trap 'exit 130' INT TERM

in_client() { ip netns exec "$client_ns" "$@"; }
in_server() { ip netns exec "$server_ns" "$@"; }
# Starts a program that serves during the recording; 40 s is more than any recording takes.
serve() { timeout -k 1 40 ip netns exec "$server_ns" "$@" >>"$work/log" 2>&1 & pids+=($!); }
serve_client() { timeout -k 1 40 ip netns exec "$client_ns" "$@" >>"$work/log" 2>&1 & pids+=($!); }

lab_cable() {
  local ns device
  ip netns add "$client_ns"
  ip netns add "$server_ns"
  ip link add "$client_device" netns "$client_ns" type veth peer name "$server_device" netns "$server_ns"
  for ns in "$client_ns" "$server_ns"; do
    device=$client_device
    [[ $ns == "$server_ns" ]] && device=$server_device
    ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    # Segments as they would be on a wire, not merged by the kernel.
    ip netns exec "$ns" ethtool -K "$device" tx off rx off tso off gso off gro off >/dev/null 2>&1 || true
    ip netns exec "$ns" ip link set lo up
    ip netns exec "$ns" ip link set "$device" up
  done
  for host in 10 11 12; do in_client ip address add "192.0.2.$host/24" dev "$client_device"; done
  for address in 198.51.100.53/24 198.51.100.80/24 203.0.113.25/24 203.0.113.67/24; do
    in_server ip address add "$address" dev "$server_device"
  done
  for network in 198.51.100.0/24 203.0.113.0/24; do in_client ip route add "$network" dev "$client_device"; done
  in_server ip route add 192.0.2.0/24 dev "$server_device"
}

# lab_record NAME LABEL TOOL: what the client's cable carries from now on.
lab_record() {
  recording=$1 label=$2 tool=$3
  rm -f "$out/$recording.pcap"
  : >"$work/recorder.log"
  # Its own lake is thrown away: the recording is what is kept.
  ip netns exec "$client_ns" "$rangewatch" listen pcap "$client_device" --record "$out/$recording.pcap" --duration 60s \
    --lake "$work/lake-$recording" --format ndjson >>"$work/recorder.log" 2>&1 &
  recorder=$!
  for _ in {1..100}; do
    grep -q '^listening' "$work/recorder.log" && break
    kill -0 "$recorder" 2>/dev/null || { cat "$work/recorder.log" >&2; exit 1; }
    sleep 0.05
  done
  lab_mark
}
# The labelled activity begins now: time to detection counts from here.
lab_mark() { began=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ); }

lab_keep() {
  sleep 0.3
  kill -TERM "$recorder"
  wait "$recorder" || { cat "$work/recorder.log" >&2; exit 1; }
  recorder=
  local size
  size=$(stat -c %s "$out/$recording.pcap")
  # One line per recording, replaced when it is recorded again.
  (
    flock 9
    touch "$out/../MANIFEST.tsv"
    { grep -v "^$name/$recording.pcap	" "$out/../MANIFEST.tsv" | grep -v '^path	' || true
      printf '%s\t%s\t%s\t%s\t%s\n' "$name/$recording.pcap" "$size" "$label" "$began" "$tool"; } | sort >"$out/../MANIFEST.new"
    { printf 'path\tbytes\tlabel\tactivity start\ttool\n'; cat "$out/../MANIFEST.new"; } >"$out/../MANIFEST.tsv"
    rm -f "$out/../MANIFEST.new"
  ) 9>"$work/manifest.lock"
  echo "recorded $name/$recording.pcap: $size bytes, $label; $(tail -n 1 "$work/recorder.log")"
}

# Whether this recording was asked for; all are when none is named.
lab_wanted=()
lab_want() {
  local one
  ((${#lab_wanted[@]} == 0)) && return 0
  for one in "${lab_wanted[@]}"; do [[ $one == "$1" ]] && return 0; done
  return 1
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}
version_of() { dpkg-query -W -f='${Package} ${Version}' "$1"; }
# Bytes that look like documents rather than zeros, the same in each run.
some_text() { seq -f 'line %06g of a made-up report' 1 10000 2>/dev/null | head -c "$1" || true; }  # head ends seq early
