# A target: fuzz_targets gets tests/fuzz/<name>_fuzz, its _SOURCES tests/fuzz/<name>_fuzz.c $(fuzz_main), its corpus
# a folder tests/fuzz/corpus/<name> with at least one file.
if FUZZING
fuzz_main = tests/fuzz/fuzz.h
fuzz_link_flags = -fsanitize=fuzzer
else
fuzz_main = tests/fuzz/replay.c tests/fuzz/fuzz.h
fuzz_link_flags =
endif
fuzz_targets =
fuzz_wire_libs = lib/wire/libfgwire.a lib/base/libfgmin.a
fuzz_targets += tests/fuzz/alphabet_fuzz tests/fuzz/udh_fuzz tests/fuzz/smpp_pdu_fuzz tests/fuzz/dlr_text_fuzz
fuzz_targets += tests/fuzz/tpdu_fuzz
tests_fuzz_tpdu_fuzz_SOURCES = tests/fuzz/tpdu_fuzz.c $(fuzz_main)
tests_fuzz_tpdu_fuzz_LDADD = $(fuzz_wire_libs)
tests_fuzz_tpdu_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
tests_fuzz_alphabet_fuzz_SOURCES = tests/fuzz/alphabet_fuzz.c $(fuzz_main)
tests_fuzz_alphabet_fuzz_LDADD = $(fuzz_wire_libs)
tests_fuzz_alphabet_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
tests_fuzz_udh_fuzz_SOURCES = tests/fuzz/udh_fuzz.c $(fuzz_main)
tests_fuzz_udh_fuzz_LDADD = $(fuzz_wire_libs)
tests_fuzz_udh_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
tests_fuzz_smpp_pdu_fuzz_SOURCES = tests/fuzz/smpp_pdu_fuzz.c $(fuzz_main)
tests_fuzz_smpp_pdu_fuzz_LDADD = $(fuzz_wire_libs)
tests_fuzz_smpp_pdu_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
tests_fuzz_dlr_text_fuzz_SOURCES = tests/fuzz/dlr_text_fuzz.c $(fuzz_main)
tests_fuzz_dlr_text_fuzz_LDADD = $(fuzz_wire_libs)
tests_fuzz_dlr_text_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)

fuzz_targets += tests/fuzz/ipc_frame_fuzz
tests_fuzz_ipc_frame_fuzz_SOURCES = tests/fuzz/ipc_frame_fuzz.c $(fuzz_main)
tests_fuzz_ipc_frame_fuzz_LDADD = lib/ipc/libfgipc.a lib/base/libfgmin.a
tests_fuzz_ipc_frame_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)

fuzz_targets += tests/fuzz/conf_fuzz
tests_fuzz_conf_fuzz_SOURCES = tests/fuzz/conf_fuzz.c $(fuzz_main)
tests_fuzz_conf_fuzz_LDADD = lib/base/libfgbase.a lib/base/libfgmin.a $(CONFIG_LIBS)
tests_fuzz_conf_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)

fuzz_targets += tests/fuzz/note_fuzz
tests_fuzz_note_fuzz_SOURCES = tests/fuzz/note_fuzz.c $(fuzz_main)
tests_fuzz_note_fuzz_LDADD = $(FG_CRYPTO_LIBS)
tests_fuzz_note_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/consent_fuzz tests/fuzz/proto_fuzz
fuzz_proto_libs = lib/proto/libfgproto.a lib/crypto/libfgcrypto.a lib/base/libfgmin.a $(PROTOBUF_C_LIBS) $(SODIUM_LIBS)
tests_fuzz_consent_fuzz_SOURCES = tests/fuzz/consent_fuzz.c $(fuzz_main)
tests_fuzz_consent_fuzz_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
tests_fuzz_consent_fuzz_LDADD = $(fuzz_proto_libs)
tests_fuzz_consent_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
tests_fuzz_proto_fuzz_SOURCES = tests/fuzz/proto_fuzz.c $(fuzz_main)
tests_fuzz_proto_fuzz_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
tests_fuzz_proto_fuzz_LDADD = $(fuzz_proto_libs)
tests_fuzz_proto_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)

EXTRA_DIST += tests/fuzz/corpus
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
fuzz_targets += tests/fuzz/facts_text_fuzz
tests_fuzz_facts_text_fuzz_SOURCES = tests/fuzz/facts_text_fuzz.c $(fuzz_main)
tests_fuzz_facts_text_fuzz_LDADD = gateway/decide/libfgdecide.a
tests_fuzz_facts_text_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)

fuzz_targets += tests/fuzz/trust_fuzz
tests_fuzz_trust_fuzz_SOURCES = tests/fuzz/trust_fuzz.c $(fuzz_main)
tests_fuzz_trust_fuzz_LDADD = client/device/libfallgatedevice.a $(FG_CRYPTO_LIBS)
tests_fuzz_trust_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/probe_fuzz
tests_fuzz_probe_fuzz_SOURCES = tests/fuzz/probe_fuzz.c $(fuzz_main)
tests_fuzz_probe_fuzz_CPPFLAGS = $(AM_CPPFLAGS) $(TALLOC_CFLAGS)
tests_fuzz_probe_fuzz_LDADD = client/ctl/libfgprobe.a lib/wire/libfgwire.a lib/base/libfgmin.a $(TALLOC_LIBS)
tests_fuzz_probe_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/smpp_session_fuzz
tests_fuzz_smpp_session_fuzz_SOURCES = tests/fuzz/smpp_session_fuzz.c $(adapter_recorder) $(fuzz_main)
tests_fuzz_smpp_session_fuzz_CPPFLAGS = $(adapter_cppflags)
tests_fuzz_smpp_session_fuzz_LDADD = $(FG_ADAPTER_LIBS)
tests_fuzz_smpp_session_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/smpp_server_session_fuzz
tests_fuzz_smpp_server_session_fuzz_SOURCES = tests/fuzz/smpp_server_session_fuzz.c $(fuzz_main)
tests_fuzz_smpp_server_session_fuzz_CPPFLAGS = $(adapter_cppflags)
tests_fuzz_smpp_server_session_fuzz_LDADD = $(FG_ADAPTER_LIBS)
tests_fuzz_smpp_server_session_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/upgrade_fuzz tests/fuzz/ws_frame_fuzz
tests_fuzz_upgrade_fuzz_SOURCES = tests/fuzz/upgrade_fuzz.c $(fuzz_main)
tests_fuzz_upgrade_fuzz_LDADD = adapters/secure/libfgsecure.a lib/base/libfgmin.a $(EVENT_SSL_LIBS)
tests_fuzz_upgrade_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
tests_fuzz_ws_frame_fuzz_SOURCES = tests/fuzz/ws_frame_fuzz.c $(fuzz_main)
tests_fuzz_ws_frame_fuzz_LDADD = adapters/secure/libfgsecure.a lib/base/libfgmin.a $(WSLAY_LIBS) $(TALLOC_LIBS)
tests_fuzz_ws_frame_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)

fuzz_device_libs = $(FG_DEVICE_LIBS)
fuzz_targets += tests/fuzz/pairing_fuzz tests/fuzz/ws_client_fuzz
tests_fuzz_pairing_fuzz_SOURCES = tests/fuzz/pairing_fuzz.c $(fuzz_main)
tests_fuzz_pairing_fuzz_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS)
tests_fuzz_pairing_fuzz_LDADD = $(fuzz_device_libs)
tests_fuzz_pairing_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
tests_fuzz_ws_client_fuzz_SOURCES = tests/fuzz/ws_client_fuzz.c $(fuzz_main)
tests_fuzz_ws_client_fuzz_LDADD = $(fuzz_device_libs)
tests_fuzz_ws_client_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/smsc_session_fuzz
tests_fuzz_smsc_session_fuzz_SOURCES = tests/fuzz/smsc_session_fuzz.c $(fuzz_main)
tests_fuzz_smsc_session_fuzz_CPPFLAGS = $(adapter_cppflags)
tests_fuzz_smsc_session_fuzz_LDADD = $(FG_SMSC_LIBS)
tests_fuzz_smsc_session_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/relay_fuzz
tests_fuzz_relay_fuzz_SOURCES = tests/fuzz/relay_fuzz.c $(fuzz_main)
tests_fuzz_relay_fuzz_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUF_C_CFLAGS) $(TALLOC_CFLAGS)
tests_fuzz_relay_fuzz_LDADD = gateway/log/libfgchain.a gateway/decide/libfgdecide.a lib/base/libfgbase.a $(fuzz_proto_libs) $(TALLOC_LIBS)
tests_fuzz_relay_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/modem_at_fuzz
tests_fuzz_modem_at_fuzz_SOURCES = tests/fuzz/modem_at_fuzz.c $(fuzz_main)
tests_fuzz_modem_at_fuzz_CPPFLAGS = $(phone_cppflags)
tests_fuzz_modem_at_fuzz_LDADD = $(FG_PHONE_LIBS)
tests_fuzz_modem_at_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/at_line_fuzz
tests_fuzz_at_line_fuzz_SOURCES = tests/fuzz/at_line_fuzz.c $(fuzz_main)
tests_fuzz_at_line_fuzz_LDADD = $(fuzz_wire_libs)
tests_fuzz_at_line_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/modem_session_fuzz
tests_fuzz_modem_session_fuzz_SOURCES = tests/fuzz/modem_session_fuzz.c $(adapter_recorder) $(fuzz_main)
tests_fuzz_modem_session_fuzz_CPPFLAGS = $(adapter_cppflags)
tests_fuzz_modem_session_fuzz_LDADD = $(FG_ADAPTER_LIBS)
tests_fuzz_modem_session_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
fuzz_targets += tests/fuzz/join_fuzz
tests_fuzz_join_fuzz_SOURCES = tests/fuzz/join_fuzz.c tests/core/app.c tests/core/app.h $(fg_core_fixture) $(fuzz_main)
tests_fuzz_join_fuzz_CPPFLAGS = $(fg_core_cppflags)
tests_fuzz_join_fuzz_LDADD = $(fg_core_libs)
tests_fuzz_join_fuzz_LDFLAGS = $(AM_LDFLAGS) $(fuzz_link_flags)
