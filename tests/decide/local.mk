# tests/decide: see tests/local.mk
