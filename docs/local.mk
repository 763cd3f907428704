# docs: what is read; the man pages are in docs/man.
EXTRA_DIST += %D%/architecture.md %D%/benchmarks.md %D%/protocol.md %D%/threats.md %D%/adapters.md %D%/operations.md \
	%D%/decision-table.md %D%/attacks.md %D%/models/downgrade.pml %D%/decisions %D%/emulator-modem.md
dist_man_MANS += %D%/man/fallgate.1 %D%/man/fallgate-smsc.1 %D%/man/fallgate-modem.1 %D%/man/fallgated.8 %D%/man/fallgate.conf.5 \
	%D%/man/policy.conf.5 %D%/man/fallgate-decision.7
