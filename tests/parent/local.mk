# tests/parent: see tests/local.mk
