# docs: see Makefile.am
EXTRA_DIST += %D%/benchmarks.md %D%/decision-table.md %D%/models/downgrade.pml
dist_man_MANS += %D%/man/fallgate.1
dist_man_MANS += %D%/man/fallgate-smsc.1
