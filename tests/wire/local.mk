# tests/wire: see tests/local.mk
