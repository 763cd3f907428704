# lib/crypto: ISC, on libsodium and lib/base/libfgmin.a only, since applications embed it.
noinst_LIBRARIES += %D%/libfgcrypto.a
%C%_libfgcrypto_a_SOURCES = %D%/aead.c %D%/aead.h %D%/base64.c %D%/base64.h %D%/clear.c %D%/clear.h %D%/crypto.c %D%/crypto.h \
	%D%/hkdf.c %D%/hkdf.h %D%/hpke.c %D%/hpke.h %D%/hpke_internal.h %D%/merkle.c %D%/merkle.h \
	%D%/note.c %D%/note.h %D%/secretfile.c %D%/secretfile.h %D%/secretfile_internal.h \
	%D%/password.c %D%/password.h %D%/sign.c %D%/sign.h
%C%_libfgcrypto_a_CPPFLAGS = $(AM_CPPFLAGS) $(SODIUM_CFLAGS)
FG_CRYPTO_LIBS = %D%/libfgcrypto.a lib/base/libfgmin.a $(SODIUM_LIBS)
