# conf: the files that an operator begins with. fallgate.conf is generated from lib/base/conf.def (tests/base/conf_test.c).
EXTRA_DIST += %D%/fallgate.conf %D%/policy.conf %D%/systemd/fallgated.service
