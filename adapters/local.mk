# adapters: the host of a link and all CLEAR adapters, one archive.
noinst_LIBRARIES += %D%/libfgsdk.a
%C%_libfgsdk_a_SOURCES = %D%/adapter.h %D%/adapters.def %D%/find.c %D%/host.c %D%/host.h %D%/link_main.c \
	%D%/sdk.c %D%/sdk.h
%C%_libfgsdk_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(SODIUM_CFLAGS)
# PEM files for TLS: for adapters of both sides.
noinst_LIBRARIES += %D%/libfgpem.a
%C%_libfgpem_a_SOURCES = %D%/pem.c %D%/pem.h
%C%_libfgpem_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_SSL_CFLAGS)
