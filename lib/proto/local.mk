# lib/proto: see Makefile.am
