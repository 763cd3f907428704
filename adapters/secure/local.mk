# adapters/secure: see Makefile.am
