#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# docs/decision-table.md is what table.def says.
echo 1..1
if said=$("${PYTHON3:-python3}" "${FG_SRCDIR:-.}/tools/gen-table" --check 2>&1); then
	echo "ok 1 - the page of the decision table is up to date"
else
	echo "not ok 1 - the page of the decision table is up to date"
	echo "# $said"
fi
