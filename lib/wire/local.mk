# lib/wire: see Makefile.am
