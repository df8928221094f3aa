# Names and small helpers that every script here shares; sourced, not run.
# shellcheck shell=bash disable=SC2034

CI=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$CI")
BUILD=${BUILD:-$TOP/build}
CACHE=${GHOSTSWAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ghostswap}
PATCHES=${PATCHES:-$TOP/patches}
TREE=${TREE:-$BUILD/linux}
JOBS=${JOBS:-$(nproc)}

export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*"; }
warn() { printf '%s: warning: %s\n' "${0##*/}" "$*" >&2; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}
