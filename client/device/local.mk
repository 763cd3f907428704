# client/device: see Makefile.am
