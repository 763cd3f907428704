#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The decision reads no clock, allocates nothing and does no I/O: what its archive leaves undefined is compared with an allow-list, and
# what its files include with another. TAP on standard output.
set -u

archive=${FG_BUILDDIR:-.}/gateway/decide/libfgdecide.a
folder=${FG_SRCDIR:-.}/gateway/decide
allowed='^(mem[a-z]*|str[a-z]*|fg_rc_[a-z_]*|__(mem|str)[a-z]*_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$'
headers='^(gateway/decide/.*|lib/base/error\.h|stdint\.h|stdbool\.h|stddef\.h|string\.h)$'

report() {
	if [ -z "$3" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		printf '# %s\n' $3
	fi
}

undefined() {
	nm "$archive" | awk '$1 == "U" { want[$2] } NF == 3 { have[$3] } END { for (s in want) if (!(s in have)) print s }' |
		grep -Ev "$allowed"
}

echo 1..2
if nm "$archive" | grep -q '__asan_\|__ubsan_'; then
	echo "ok 1 - the archive needs only mem*, str* and fg_rc_* # SKIP built with sanitizers"
else
	report 1 "the archive needs only mem*, str* and fg_rc_*" "$(undefined)"
fi
report 2 "the files include only their own headers and four of libc" \
	"$(sed -n 's/^#include [<"]\(.*\)[>"]$/\1/p' "$folder"/*.[ch] | sort -u | grep -Ev "$headers")"
