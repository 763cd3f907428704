#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Verifies each property of docs/models/downgrade.pml over every interleaving, and that each seeded bug is caught by its property.
# TAP on standard output; skipped where spin or a compiler is missing.
set -u

model=${FG_SRCDIR:-.}/docs/models/downgrade.pml
properties="consented logged_first once told reasoned pin_kept"
bugs="NOCONSENT:consented OUTAGE:reasoned PIN:pin_kept LOG:logged_first USED:once WITHDRAW:once"
number=0

if ! command -v spin >/dev/null || ! command -v gcc >/dev/null; then
	echo "1..0 # SKIP spin or gcc is not installed"
	exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
model=$(cd "$(dirname "$model")" && pwd)/downgrade.pml
cd "$work" || exit 1

# build NAME [spin option]: a verifier in ./NAME
build() {
	name=$1
	shift
	spin "$@" -a "$model" >spin.log 2>&1 && gcc -w -O1 -DSAFETY -DMEMLIM=2000 -o "$name" pan.c 2>>spin.log
}

# result SENTENCE CONDITION...
result() {
	sentence=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $sentence"
	else
		echo "not ok $number - $sentence"
		sed 's/^/# /' spin.log
	fi
}

verified() {
	"./$1" -m100000 -N "$2" >spin.log 2>&1
	grep -q "errors: 0" spin.log && ! grep -q "max search depth too small\|out of memory" spin.log
}

caught() {
	"./$1" -m100000 -N "$2" >spin.log 2>&1
	grep -q "assertion violated" spin.log
}

echo 1..12
build sound || echo "Bail out! the model does not compile"
for property in $properties; do
	result "the model keeps: $property" verified sound "$property"
done
for bug in $bugs; do
	build "${bug%%:*}" "-DBUG_${bug%%:*}" || echo "Bail out! the model does not compile"
	result "the seeded bug ${bug%%:*} breaks ${bug##*:}" caught "${bug%%:*}" "${bug##*:}"
done
