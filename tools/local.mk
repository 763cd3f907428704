# tools: see Makefile.am
EXTRA_DIST += %D%/gen-table
