# Sourced by the scripts that make commits or patches: the same bytes for everybody,
# whatever the user's own git configuration says.
# shellcheck shell=bash

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=ghostswap GIT_AUTHOR_EMAIL=ghostswap@localhost
export GIT_COMMITTER_NAME=ghostswap GIT_COMMITTER_EMAIL=ghostswap@localhost
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# The series, in order, without the cover letter.
series() {
	find "$PATCHES" -maxdepth 1 -name '[0-9][0-9][0-9][0-9]-*.patch' ! -name '0000-*' | sort
}

# apply_series DIR PATCH...: one commit a patch, on what DIR has checked out.
apply_series() {
	local dir=$1
	shift
	[ $# -gt 0 ] || return 0
	git -C "$dir" am -q -3 --committer-date-is-author-date "$@"
}

# export_series DIR RANGE OUT: the inverse of apply_series.
export_series() {
	git -C "$1" -c diff.algorithm=histogram -c core.abbrev=12 format-patch -q \
		--no-numbered --zero-commit --no-signature --no-base --no-thread --stat=72 \
		--find-renames -o "$3" "$2"
}

# touched PATCH...: the files that patches touch, as anchored patterns for sparse-checkout.
touched() {
	echo /COPYING
	[ $# -eq 0 ] || sed -n 's,^diff --git a/\(.*\) b/\(.*\),/\1\n/\2,p' "$@" | sort -u
}

# New sources that git does not track yet. Not by git status: the .gitignore of Debian's
# source hides every file.
untracked_sources() {
	git -C "$1" ls-files --others -- '*.[chS]' '*.rst' '*.yaml' '*.sh' '*/Kconfig*' '*/Makefile' '*/[a-z]*-*' |
		grep -v -e '\.mod\.c$' -e '\.o$' -e '\.cmd$' -e '\.a$' || :
}

# Uncommitted changes, new sources included; empty when there are none.
dirt() {
	git -C "$1" status --porcelain --untracked-files=no
	untracked_sources "$1"
}
