# lib/crypto: see Makefile.am
