# adapters/secure: the listener for devices; sealed side, so never libfgsdk.a.
noinst_LIBRARIES += %D%/libfgsecure.a
%C%_libfgsecure_a_SOURCES = %D%/upgrade.c %D%/upgrade.h %D%/ws.c %D%/ws.h %D%/tls.c %D%/tls.h \
	%D%/conn.c %D%/conn.h %D%/listener.c %D%/listener.h %D%/secure_main.c %D%/secure.h
%C%_libfgsecure_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS) \
	$(PROTOBUF_C_CFLAGS)
FG_SECURE_LIBS = adapters/secure/libfgsecure.a adapters/libfgpem.a lib/ipc/libfgipc.a lib/proto/libfgproto.a $(FG_CRYPTO_LIBS) \
	lib/base/libfgbase.a lib/base/libfgmin.a $(WSLAY_LIBS) $(EVENT_SSL_LIBS) $(EVENT_LIBS) $(PROTOBUF_C_LIBS) \
	$(OSMOCORE_LIBS) $(TALLOC_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS)
