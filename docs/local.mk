# docs: what is read; the man pages are in docs/man.
EXTRA_DIST += %D%/architecture.md %D%/benchmarks.md %D%/protocol.md %D%/threats.md %D%/adapters.md %D%/operations.md \
	%D%/decision-table.md %D%/attacks.md %D%/models/downgrade.pml \
	%D%/decisions/README.md %D%/decisions/0001-frames-from-one-table.md %D%/decisions/0002-trust-file-by-the-parent.md \
	%D%/decisions/0003-vault-restarts-its-links.md %D%/decisions/0004-leaf-layout.md \
	%D%/decisions/0005-recovery-by-repeating.md %D%/decisions/0006-static-libraries.md \
	%D%/decisions/0007-files-by-descriptor.md %D%/decisions/0008-legs-in-order.md \
	%D%/decisions/0009-refused-leg-keeps-its-number.md %D%/decisions/0010-senders-queue-in-the-jobs-commit.md \
	%D%/decisions/0011-receipts-in-batches.md %D%/decisions/0012-prekeys-signed-one-by-one.md \
	%D%/decisions/0013-seal-keys.md %D%/decisions/0014-tcp-nodelay.md %D%/decisions/0015-view-batches.md \
	%D%/decisions/0016-messages-of-applications-in-memory.md \
	%D%/decisions/0017-throttled-submits.md %D%/decisions/0018-id-bases.md %D%/decisions/0019-kept-pages.md \
	%D%/decisions/0020-reload.md %D%/decisions/0021-copies-for-devices.md \
	%D%/decisions/0028-tp-status.md
dist_man_MANS += %D%/man/fallgate.1 %D%/man/fallgate-smsc.1 %D%/man/fallgated.8 %D%/man/fallgate.conf.5 \
	%D%/man/policy.conf.5 %D%/man/fallgate-decision.7
