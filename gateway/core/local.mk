# gateway/core: see Makefile.am
