#!/bin/sh
# Makes ./configure from configure.ac, for a tree fresh from version control.
set -e
cd "$(dirname "$0")"
exec autoreconf --force --install "$@"
