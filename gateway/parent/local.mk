# gateway/parent: the process table. The program fallgated links every role; tests/parent links main.c with roles of its own.
noinst_LIBRARIES += %D%/libfgparent.a
%C%_libfgparent_a_SOURCES = %D%/check.c %D%/check.h %D%/child_files.c %D%/devices.c %D%/devices.h %D%/files.c %D%/files.h %D%/notify.c %D%/notify.h \
	%D%/parent.c %D%/parent.h %D%/parent_internal.h %D%/reload.c %D%/reload.h %D%/roles.h %D%/spawn.c %D%/spawn.h
%C%_libfgparent_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
FG_PARENT_LIBS = %D%/libfgparent.a lib/ipc/libfgipc.a lib/base/libfgbase.a lib/wire/libfgwire.a lib/crypto/libfgcrypto.a \
	lib/base/libfgmin.a $(CONFIG_LIBS) $(SECCOMP_LIBS) $(EVENT_LIBS) $(OSMOCORE_LIBS) $(TALLOC_LIBS) $(SODIUM_LIBS)

sbin_PROGRAMS += fallgated
fallgated_SOURCES = %D%/main.c
fallgated_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
fallgated_LDADD = %D%/libfgparent.a gateway/core/libfgcore.a gateway/vault/libfgvault.a gateway/log/libfglog.a \
	gateway/log/libfgchain.a adapters/secure/libfgsecure.a $(FG_ADAPTER_LIBS) gateway/decide/libfgdecide.a \
	$(FG_STORE_LIBS) lib/proto/libfgproto.a lib/wire/libfgwire.a lib/ipc/libfgipc.a lib/base/libfgbase.a \
	$(FG_CRYPTO_LIBS) $(WSLAY_LIBS) $(EVENT_SSL_LIBS) $(PROTOBUF_C_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS) \
	$(EVENT_LIBS) $(OSMOCORE_LIBS) $(TALLOC_LIBS) $(SODIUM_LIBS) $(SQLITE_LIBS)
