# tests/log: its program shares the fixture of tests/vault and is listed there.
