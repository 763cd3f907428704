# adapters/secure: the listener for devices; sealed side, so never libfgsdk.a.
noinst_LIBRARIES += %D%/libfgsecure.a
%C%_libfgsecure_a_SOURCES = %D%/upgrade.c %D%/upgrade.h %D%/ws.c %D%/ws.h
%C%_libfgsecure_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) $(PROTOBUF_C_CFLAGS)
