# gateway/parent: see Makefile.am
