#!/bin/sh
# Lets the machines that are being installed reach the network behind this one: IP forwarding and
# address translation (NAT) from one interface to another.
#
#   forward.sh on [IN_IFACE OUT_IFACE]    from the machines' interface to the one with the way out
#   forward.sh off                        undoes exactly what "on" did
#
# Without interfaces: OUT_IFACE is that of the default route, IN_IFACE the only other one with an
# address. Uses nftables, or iptables where there is no nft. Only these two interfaces
# forward, and only answers come back in. What was changed is kept in /run until "off"; after a
# reboot nothing is left to undo.
set -eu

STATE=/run/bootd-forward
NAME=bootd_forward # of the nftables table, and of the iptables chain

complain() {
	echo "forward.sh: $*" >&2
	exit 1
}

usage() {
	echo "usage: forward.sh on [IN_IFACE OUT_IFACE] | forward.sh off" >&2
	exit 2
}

default_route_interface() {
	ip -4 route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1
}

# The interfaces with an IPv4 address beside the loopback and $1, a line each.
other_interfaces() {
	ip -4 -o address show | awk -v out="$1" '$2 != "lo" && $2 != out { print $2 }' | sort -u
}

# The networks at the interface $1, as ADDRESS/LENGTH, a line each.
networks_at() {
	ip -4 route show dev "$1" proto kernel scope link | awk '{ print $1 }' | sort -u
}

# Fails unless $1 is an interface whose name can be written into rules as it is.
check_interface() {
	case $1 in
	'' | *[!A-Za-z0-9_.@-]*) complain "'$1' is no name of an interface" ;;
	esac
	[ -d "/sys/class/net/$1" ] || complain "there is no interface $1; see: ip link"
}

choose_interfaces() {
	if [ $# -eq 2 ]; then
		IN=$1 OUT=$2
	else
		OUT=$(default_route_interface)
		[ -n "$OUT" ] || complain "there is no default route: name IN_IFACE and OUT_IFACE"
		IN=$(other_interfaces "$OUT")
		[ "$(echo "$IN" | wc -w)" -eq 1 ] ||
			complain "name IN_IFACE and OUT_IFACE: beside $OUT, which has the default route," \
				"the interfaces with an address are:" "$(echo "${IN:-none}" | tr '\n' ' ')"
	fi
	check_interface "$IN"
	check_interface "$OUT"
	[ "$IN" != "$OUT" ] || complain "IN_IFACE and OUT_IFACE are the same, $IN"
	NETWORKS=$(networks_at "$IN")
	[ -n "$NETWORKS" ] || complain "$IN has no IPv4 address: give it one first"
}

choose_tool() {
	if command -v nft >/dev/null && nft list tables >/dev/null 2>&1; then
		TOOL=nft
	elif command -v iptables >/dev/null && iptables -w -t nat -S >/dev/null 2>&1; then
		TOOL=iptables
	else
		complain "neither nft nor iptables works here: install nftables"
	fi
}

forwarding_of() {
	echo "/proc/sys/net/ipv4/conf/$1/forwarding"
}

# Whether $1 forwards only because of us: then nothing else is to pass through it.
is_opened_by_us() {
	grep -qx "forwarding $1" "$STATE"
}

# One table of our own, so that "off" removes one thing. A chain of ours cannot allow what another
# firewall's chain drops: warn_of_firewall says so.
nft_rules() {
	echo "create table ip $NAME"
	echo "table ip $NAME {"
	echo "	chain forward {"
	echo "		type filter hook forward priority filter; policy accept;"
	echo "		iifname \"$IN\" oifname \"$OUT\" accept"
	echo "		iifname \"$OUT\" oifname \"$IN\" ct state established,related accept"
	for interface in "$IN" "$OUT"; do
		! is_opened_by_us "$interface" || echo "		iifname \"$interface\" drop"
	done
	echo "	}"
	echo "	chain postrouting {"
	echo "		type nat hook postrouting priority srcnat; policy accept;"
	for network in $NETWORKS; do
		echo "		ip saddr $network oifname \"$OUT\" masquerade"
	done
	echo "	}"
	echo "}"
}

nft_on() {
	nft_rules | nft -f -
}

nft_off() {
	! nft list table ip $NAME >/dev/null 2>&1 || nft delete table ip $NAME
}

warn_of_firewall() {
	nft list chains ip 2>/dev/null | grep -q 'hook forward .*policy drop' || return 0
	echo "forward.sh: another firewall here drops what is forwarded, and may go on doing so;" \
		"allow $IN to $OUT there; see: nft list ruleset" >&2
}

# Chains of our own too, before all other rules, so that a policy of DROP does not matter.
iptables_on() {
	iptables -w -N $NAME
	iptables -w -A $NAME -i "$IN" -o "$OUT" -j ACCEPT
	iptables -w -A $NAME -i "$OUT" -o "$IN" -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	for interface in "$IN" "$OUT"; do
		! is_opened_by_us "$interface" || iptables -w -A $NAME -i "$interface" -j DROP
	done
	iptables -w -t nat -N $NAME
	for network in $NETWORKS; do
		iptables -w -t nat -A $NAME -s "$network" -o "$OUT" -j MASQUERADE
	done
	iptables -w -I FORWARD -j $NAME
	iptables -w -t nat -I POSTROUTING -j $NAME
}

# What is there of the chain in table $1, called from $2; what is not there was never made.
iptables_remove() {
	! iptables -w -t "$1" -C "$2" -j $NAME 2>/dev/null || iptables -w -t "$1" -D "$2" -j $NAME
	iptables -w -t "$1" -S $NAME >/dev/null 2>&1 || return 0
	iptables -w -t "$1" -F $NAME
	iptables -w -t "$1" -X $NAME
}

iptables_off() {
	iptables_remove filter FORWARD
	iptables_remove nat POSTROUTING
}

# The list of what is to be undone, written before anything is done, so that nothing is forgotten
# if we are killed on the way. Making it anew fails where it exists: only one "on" can win.
write_state() {
	content="tool $TOOL"
	for interface in "$IN" "$OUT"; do
		[ "$(cat "$(forwarding_of "$interface")")" = 1 ] ||
			content="$content
forwarding $interface"
	done
	(umask 077 && set -C && echo "$content" >"$STATE") 2>/dev/null ||
		complain "it is on already, or $STATE cannot be written; see: forward.sh off"
}

undo() {
	tool=''
	while read -r what name; do
		case $what in
		tool) tool=$name ;;
		forwarding)
			# The interface may be gone by now.
			[ ! -e "$(forwarding_of "$name")" ] || echo 0 >"$(forwarding_of "$name")"
			;;
		esac
	done <"$STATE"
	case $tool in
	nft) nft_off ;;
	iptables) iptables_off ;;
	*) complain "$STATE is not ours or is damaged: remove it, then look at: nft list ruleset" ;;
	esac
	rm "$STATE"
}

turn_on() {
	[ ! -e "$STATE" ] || complain "it is on already; turn it off first: forward.sh off"
	choose_interfaces "$@"
	choose_tool
	[ "$TOOL" != nft ] || ! nft list table ip $NAME >/dev/null 2>&1 ||
		complain "the table $NAME is there already: nft delete table ip $NAME"
	[ "$TOOL" != iptables ] || ! iptables -w -S $NAME >/dev/null 2>&1 ||
		complain "the chain $NAME is there already; see: iptables -S"
	write_state
	trap 'undo; complain "it did not work; all is as before"' EXIT
	trap 'exit 1' HUP INT TERM
	"${TOOL}_on"
	# Last, so that nothing is forwarded before the rules are there.
	for interface in "$IN" "$OUT"; do
		echo 1 >"$(forwarding_of "$interface")"
	done
	trap - EXIT HUP INT TERM
	[ "$TOOL" != nft ] || warn_of_firewall
	echo "forwarding from $IN to $OUT, by $TOOL"
}

turn_off() {
	[ -e "$STATE" ] || complain "it is not on"
	undo
	echo "forwarding is off, and all is as it was before"
}

[ "$(id -u)" -eq 0 ] || complain "this needs root: run it with sudo"
case ${1-}:$# in
on:1 | on:3) shift && turn_on "$@" ;;
off:1) turn_off ;;
*) usage ;;
esac
