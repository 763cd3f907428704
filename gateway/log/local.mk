# gateway/log: see Makefile.am
