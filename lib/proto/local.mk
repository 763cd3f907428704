# lib/proto: the device protocol. The C of fallgate.proto is made by protoc-c in the build tree.
noinst_LIBRARIES += %D%/libfgproto.a
%C%_libfgproto_a_SOURCES = %D%/fallgate.proto %D%/signed.c %D%/signed.h \
	%D%/consent.c %D%/consent.h %D%/view.c %D%/view.h %D%/leaf.c %D%/leaf.h %D%/capsule.c %D%/capsule.h \
	%D%/suite1.c %D%/suite1.h
nodist_%C%_libfgproto_a_SOURCES = %D%/fallgate.pb-c.c %D%/fallgate.pb-c.h
%C%_libfgproto_a_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
# Generated code is not ours to warn about.
%C%_libfgproto_a_CFLAGS = $(AM_CFLAGS) -Wno-conversion -Wno-sign-conversion -Wno-shadow
BUILT_SOURCES += %D%/fallgate.pb-c.h
CLEANFILES += %D%/fallgate.pb-c.c %D%/fallgate.pb-c.h
%D%/fallgate.pb-c.c: %D%/fallgate.pb-c.h
	@:
%D%/fallgate.pb-c.h: $(top_srcdir)/%D%/fallgate.proto
	$(AM_V_GEN)$(MKDIR_P) %D% && $(PROTOC_C) --c_out=$(top_builddir) --proto_path=$(top_srcdir) $(top_srcdir)/%D%/fallgate.proto
