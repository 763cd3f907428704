# lib/wire: bytes in, values out. Links lib/base/libfgmin.a only; no allocation, no clock, no socket.
noinst_LIBRARIES += %D%/libfgwire.a
%C%_libfgwire_a_SOURCES = %D%/utf8.c %D%/utf8.h %D%/alphabet.c %D%/alphabet.h %D%/gsm7.def \
	%D%/udh.c %D%/udh.h
