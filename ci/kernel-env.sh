# Sourced by the scripts that compile a kernel: everything that would make two builds of the
# same source differ is nailed down.
# shellcheck shell=bash disable=SC2034

. "$CI/ccache-env.sh"

export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026'
export KBUILD_BUILD_USER=ghostswap KBUILD_BUILD_HOST=localhost KBUILD_BUILD_VERSION=1

# LOCALVERSION= (even empty) stops setlocalversion from adding a "+" for a git tree.
KMAKE_VARS=("CC=ccache gcc" "HOSTCC=ccache gcc" LOCALVERSION= KCFLAGS=-g1)
