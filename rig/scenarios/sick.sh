# shellcheck shell=bash
# Disks that fail in places, or are slow, made by device mapper. Sourced after lib.sh.

SICK_SEGMENT=512 # sectors

dm() { dmsetup --noudevrules --noudevsync "$@"; }

# dm_reload NAME: another table, from standard input, while it is in use
dm_reload() {
	dm reload "$1" && dm suspend --noflush --nolockfs "$1" && dm resume "$1"
}

# sick_disk NAME DEVICE: a disk on top of that one, healthy so far; its node is $sick_node
sick_disk() {
	local minor
	dm create "$1" --table "0 $(blockdev --getsz "$2") linear $2 0" || return 1
	minor=$(dm info -c --noheadings -o minor "$1")
	sick_node=/dev/dm-$((minor))
	wait_for 5 test -b "$sick_node"
}

# sick_set NAME DEVICE WHAT PERCENT: so many per cent of its segments, at random, fail from now on:
# WHAT is writes, reads, both, or any of these for each segment. The first one stays whole,
# swapon reads it. (The random numbers are drawn in this shell: no pipe, no $().)
sick_set() {
	local name=$1 under=$2 what=$3 percent=$4 at=0 len kind sectors table=
	sectors=$(blockdev --getsz "$under")
	while [ $at -lt "$sectors" ]; do
		len=$((sectors - at < SICK_SEGMENT ? sectors - at : SICK_SEGMENT))
		rnd 100
		if [ $at = 0 ] || [ $picked -ge "$percent" ]; then
			table+="$at $len linear $under $at"$'\n'
		else
			kind=$what
			if [ "$kind" = any ]; then
				rnd 3
				case $picked in 0) kind=writes ;; 1) kind=reads ;; *) kind=both ;; esac
			fi
			case $kind in
			writes) kind="1 error_writes" ;;
			reads) kind="1 error_reads" ;;
			both) kind="2 error_reads error_writes" ;;
			esac
			# Never up, always down.
			table+="$at $len flakey $under $at 0 1 $kind"$'\n'
		fi
		at=$((at + len))
	done
	dm_reload "$name" <<<"$table"
}

# sick_heal NAME DEVICE
sick_heal() { dm_reload "$1" <<<"0 $(blockdev --getsz "$2") linear $2 0"; }

# slow_disk NAME DEVICE MS: each read and write takes so long; its node is $sick_node
slow_disk() {
	sick_disk "$1" "$2"
	dm_reload "$1" <<<"0 $(blockdev --getsz "$2") delay $2 0 $3"
}

sick_remove() { dm remove --retry "$1"; }

# swap_device NODE FILE: a file of the device's directory in /sys/kernel/mm/swap
swap_device() {
	local d
	for d in /sys/kernel/mm/swap/device*; do
		if [ "$(cat "$d/path" 2>/dev/null)" = "$1" ]; then
			cat "$d/$2"
			return
		fi
	done
	return 1
}
