# lib/ipc: see Makefile.am
