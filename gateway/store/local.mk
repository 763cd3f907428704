# gateway/store: see Makefile.am
