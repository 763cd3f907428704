# gateway/parent: the process table. The program fallgated links every role; tests/parent links main.c with roles of its own.
noinst_LIBRARIES += %D%/libfgparent.a
%C%_libfgparent_a_SOURCES = %D%/check.c %D%/check.h %D%/files.c %D%/files.h %D%/notify.c %D%/notify.h \
	%D%/parent.c %D%/parent.h %D%/roles.h %D%/spawn.c %D%/spawn.h
%C%_libfgparent_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(TALLOC_CFLAGS)
FG_PARENT_LIBS = %D%/libfgparent.a lib/ipc/libfgipc.a lib/base/libfgbase.a lib/wire/libfgwire.a lib/crypto/libfgcrypto.a \
	lib/base/libfgmin.a $(CONFIG_LIBS) $(SECCOMP_LIBS) $(EVENT_LIBS) $(OSMOCORE_LIBS) $(TALLOC_LIBS) $(SODIUM_LIBS)
