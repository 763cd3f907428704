# tests/flows: the whole system, run by tools/check with pytest (tests/support/gateway.py tests/support/carriers.py starts it).
EXTRA_DIST += tests/pytest.ini tests/support/gateway.py tests/support/carriers.py tests/support/kannel.py tests/support/modem.py tests/support/application.py tests/support/capture.py tests/support/faults.py %D%/announce_test.py %D%/backup_test.py %D%/contract_test.py %D%/example_test.py %D%/explain_code_test.py %D%/flow_test.py %D%/help_test.py \
	%D%/failover_test.py %D%/hold_test.py %D%/modem_test.py %D%/national_test.py %D%/operate_test.py %D%/options_test.py %D%/policy_test.py %D%/passphrase_test.py %D%/probe_test.py %D%/query_test.py %D%/relay_test.py %D%/smpp_tls_test.py %D%/undelivered_test.py
EXTRA_DIST += %D%/emulators_test.py
