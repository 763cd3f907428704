# emulators/smsc: see Makefile.am
