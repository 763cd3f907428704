# adapters/smpp: see Makefile.am
