# Sourced by the scripts that compile: ccache set up so that a clone in any directory hits it.
# shellcheck shell=bash

export CCACHE_DIR=$CACHE/ccache
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-4G}
# The kernel is compiled with O=, so sources have absolute names; both directories lie
# under TOP, and names under CCACHE_BASEDIR are hashed relative to the object directory.
export CCACHE_BASEDIR=$TOP
export CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=time_macros
export CCACHE_COMPILERCHECK=content
