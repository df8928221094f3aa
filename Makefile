# The front door: every target only calls a program with a name.

FLAVOR ?= release
PREFIX ?= /usr/local
DESTDIR ?=
export KSRC

.DEFAULT_GOAL := help
.PHONY: help demo check check-fleet bench kernel tools image suites fuzz tree patches check-series install clean deps

help:			## this list
	@ci/help $(firstword $(MAKEFILE_LIST))

demo: deps		## swap a real workload to a ghost device in a VM, show what happened
	@ci/demo

check: deps		## every test, from host units to the patched kernels under stress
	@ci/check

check-fleet: deps	## the fleet under chaos: four slurmd on loopback, hosts that die (4 minutes)
	@ci/check-fleet

bench: deps		## the benchmarks: guest instructions, base and release kernel in one run
	@ci/bench

kernel: deps		## build one kernel: FLAVOR=release, debug or base
	@ci/build-kernel $(FLAVOR)

tools: deps		## build swapadm, rig and the guest programs into build/host
	@ci/tools

image: deps		## make the root image that the VMs use
	@ci/image

suites: deps		## build the kernel's selftests that rig/plans/suites.ini runs
	@ci/suites

fuzz: deps		## fuzz what reads foreign bytes, a minute each (needs clang)
	@ci/fuzz 60

tree: deps		## build/linux = base commit and one commit a patch (KSRC= another base)
	@ci/tree

patches: deps		## export the commits of build/linux to patches/
	@ci/patches

check-series: deps	## does every patch apply, export, build and please checkpatch?
	@ci/check-series

install: tools		## install swapadm (DESTDIR=, PREFIX=)
	@ci/install "$(DESTDIR)" "$(PREFIX)"

clean:			## remove what can be made again; the tree is kept while it holds work
	@ci/clean

deps:
	@ci/deps
