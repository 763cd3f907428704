# adapters/loop: see Makefile.am
