# gateway/decide: see Makefile.am
