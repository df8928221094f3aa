# Sourced by the scripts that compile a kernel: ccache set up so that a clone in any
# directory hits it, and everything that would make two builds differ nailed down.
# shellcheck shell=bash disable=SC2034

export CCACHE_DIR=$CACHE/ccache
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-4G}
# The kernel is compiled with O=, so sources have absolute names; both directories lie
# under TOP, and names under CCACHE_BASEDIR are hashed relative to the object directory.
export CCACHE_BASEDIR=$TOP
export CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=time_macros
export CCACHE_COMPILERCHECK=content

export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026'
export KBUILD_BUILD_USER=ghostswap KBUILD_BUILD_HOST=localhost KBUILD_BUILD_VERSION=1

# LOCALVERSION= (even empty) stops setlocalversion from adding a "+" for a git tree.
KMAKE_VARS=("CC=ccache gcc" "HOSTCC=ccache gcc" LOCALVERSION=)
