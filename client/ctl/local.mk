# client/ctl: see Makefile.am
