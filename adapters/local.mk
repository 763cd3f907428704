# adapters: see Makefile.am
