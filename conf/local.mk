# conf: the files that an operator begins with, installed as examples. fallgate.conf is generated from lib/base/conf.def
# (tests/base/conf_test.c).
examplesdir = $(docdir)/examples
dist_examples_DATA = %D%/fallgate.conf %D%/policy.conf %D%/examples/beside-smsc.conf %D%/examples/with-modem.conf
EXTRA_DIST += %D%/systemd/fallgated.service.in
CLEANFILES += %D%/systemd/fallgated.service
noinst_DATA = %D%/systemd/fallgated.service
if SYSTEMD
systemdsystemunit_DATA = %D%/systemd/fallgated.service
endif
%D%/systemd/fallgated.service: %D%/systemd/fallgated.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D%/systemd && sed -e 's#[@]sbindir@#$(sbindir)#g' -e 's#[@]bindir@#$(bindir)#g' -e 's#[@]sysconfdir@#$(sysconfdir)#g' \
		$(top_srcdir)/%D%/systemd/fallgated.service.in > $@.tmp && mv $@.tmp $@
