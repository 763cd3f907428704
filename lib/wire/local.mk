# lib/wire: bytes in, values out. Links lib/base/libfgmin.a only; no allocation, no clock, no socket.
noinst_LIBRARIES += %D%/libfgwire.a
%C%_libfgwire_a_SOURCES = %D%/utf8.c %D%/utf8.h %D%/alphabet.c %D%/alphabet.h %D%/gsm7.def %D%/national.c %D%/national.h %D%/national.def \
	%D%/udh.c %D%/udh.h \
	%D%/smpp.c %D%/smpp.h %D%/smpp_pdu.def %D%/smpp_dump.c \
	%D%/smpp_text.c %D%/smpp_text.h %D%/smpp_tlv.c %D%/smpp_tlv.h %D%/smpp_tlv.def \
	%D%/smpp_status.c %D%/smpp_status.h %D%/smpp_status.def \
	%D%/dlr.c %D%/dlr.h \
	%D%/tpdu.c %D%/tpdu.h %D%/tpdu_internal.h %D%/tpdu_address.c %D%/tpdu_text.c %D%/tpdu_time.c \
	%D%/tpdu_status.c %D%/tpdu_status.def \
	%D%/cms.c %D%/cms.h %D%/cms.def \
	%D%/at.c %D%/at.h
