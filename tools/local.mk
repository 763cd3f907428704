# tools: what developers run; see CONTRIBUTING.md.
EXTRA_DIST += %D%/bench %D%/bench.py %D%/bench_growth.py %D%/bench_modem.py %D%/bench_row.py %D%/bench_smpp.py %D%/bootstrap %D%/check %D%/check-layers %D%/check.py %D%/fuzz %D%/gen-conf-man %D%/gen-states \
	%D%/gen-table %D%/packages.txt %D%/quickstart %D%/quickstart.py tests/mutants.txt .ci/run
