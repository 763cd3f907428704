# gateway/vault: see Makefile.am
