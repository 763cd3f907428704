# client/device: ISC, for applications: no libosmocore. device.h is where to start, example.c shows its use.
noinst_LIBRARIES += %D%/libfallgatedevice.a
%C%_libfallgatedevice_a_SOURCES = %D%/connection.c %D%/connection.h %D%/device.c %D%/device.h %D%/e2e.c %D%/e2e.h \
	%D%/pairing.c %D%/pairing.h \
	%D%/session.c %D%/session.h %D%/session_internal.h %D%/session_consent.c %D%/session_keys.c %D%/session_order.c \
	%D%/session_receive.c %D%/session_send.c \
	%D%/state.c %D%/state.h %D%/state.proto %D%/trust.c %D%/trust.h %D%/verify.c %D%/verify.h \
	%D%/ws_client.c %D%/ws_client.h
nodist_%C%_libfallgatedevice_a_SOURCES = %D%/state.pb-c.h
%C%_libfallgatedevice_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(EVENT_SSL_CFLAGS) $(PROTOBUF_C_CFLAGS)
# Generated code is not ours to warn about.
noinst_LIBRARIES += %D%/libfgdevicestate.a
nodist_%C%_libfgdevicestate_a_SOURCES = %D%/state.pb-c.c %D%/state.pb-c.h
%C%_libfgdevicestate_a_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
%C%_libfgdevicestate_a_CFLAGS = $(AM_CFLAGS) -Wno-conversion -Wno-sign-conversion -Wno-shadow
BUILT_SOURCES += %D%/state.pb-c.h
CLEANFILES += %D%/state.pb-c.c %D%/state.pb-c.h
%D%/state.pb-c.c: %D%/state.pb-c.h
	@:
%D%/state.pb-c.h: $(top_srcdir)/%D%/state.proto
	$(AM_V_GEN)$(MKDIR_P) %D% && $(PROTOC_C) --c_out=$(top_builddir) --proto_path=$(top_srcdir) $(top_srcdir)/%D%/state.proto
FG_DEVICE_LIBS = %D%/libfallgatedevice.a %D%/libfgdevicestate.a lib/proto/libfgproto.a $(FG_CRYPTO_LIBS) \
	$(PROTOBUF_C_LIBS) $(EVENT_LIBS) $(EVENT_SSL_LIBS) $(WSLAY_LIBS)

check_PROGRAMS += %D%/example
%C%_example_SOURCES = %D%/example.c
%C%_example_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(PROTOBUF_C_CFLAGS)
%C%_example_LDADD = $(FG_DEVICE_LIBS)

# What applications install: one archive of all that the library needs of this tree, the headers by their paths here, and a .pc file.
lib_LIBRARIES = libfallgatedevice.a
libfallgatedevice_a_SOURCES =
libfallgatedevice_a_LIBADD = $(%C%_libfallgatedevice_a_OBJECTS) $(%C%_libfgdevicestate_a_OBJECTS) \
	$(lib_proto_libfgproto_a_OBJECTS) $(lib_crypto_libfgcrypto_a_OBJECTS) $(lib_base_libfgmin_a_OBJECTS)
fallgatedir = $(includedir)/fallgate
nobase_dist_fallgate_HEADERS = %D%/device.h %D%/pairing.h %D%/state.h %D%/trust.h %D%/verify.h lib/base/error.h lib/base/errors.def \
	lib/base/id.h lib/crypto/crypto.h lib/crypto/hkdf.h lib/crypto/hpke.h lib/crypto/merkle.h lib/crypto/note.h \
	lib/crypto/sign.h lib/proto/signed.h
nobase_nodist_fallgate_HEADERS = %D%/state.pb-c.h lib/proto/fallgate.pb-c.h
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = %D%/fallgate-device.pc
EXTRA_DIST += %D%/fallgate-device.pc.in

# After `make install` (and in distcheck): does a stranger's program build with what pkg-config says?
installcheck-local:
	PKG_CONFIG_PATH='$(DESTDIR)$(pkgconfigdir)' && export PKG_CONFIG_PATH && \
	$(CC) $(CFLAGS) $(FG_SANITIZE) -o installed-example $(top_srcdir)/%D%/example.c \
		$$($(PKG_CONFIG) --define-variable=prefix='$(DESTDIR)$(prefix)' --cflags --libs fallgate-device) && \
	rm -f installed-example
