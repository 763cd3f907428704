# gateway/store: the contract, the engine on SQLite, and its schema as plain SQL.
noinst_LIBRARIES += %D%/libfgstore.a
%C%_libfgstore_a_SOURCES = %D%/store.c %D%/store.h %D%/restore.c %D%/sqlite.c %D%/sqlite.h %D%/sqlite_db.c \
	%D%/sqlite_commit.c %D%/sqlite_ops.c %D%/sqlite_ops.h %D%/sqlite_read.c %D%/sqlite_relay.c
nodist_%C%_libfgstore_a_SOURCES = %D%/schema-1.inc %D%/schema-2.inc
%C%_libfgstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OSMOCORE_CFLAGS) $(SQLITE_CFLAGS)
FG_STORE_LIBS = gateway/store/libfgstore.a lib/base/libfgbase.a lib/base/libfgmin.a $(SQLITE_LIBS) $(EVENT_LIBS) \
	$(OSMOCORE_LIBS) $(TALLOC_LIBS) -lpthread

fg_store_schemas = %D%/schema-1.inc %D%/schema-2.inc
BUILT_SOURCES += $(fg_store_schemas)
CLEANFILES += $(fg_store_schemas)
EXTRA_DIST += %D%/schema-1.sql %D%/schema-2.sql
fg_store_quote = mkdir -p %D% && sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/'
%D%/schema-1.inc: %D%/schema-1.sql
	$(AM_V_GEN)$(fg_store_quote) $(top_srcdir)/%D%/schema-1.sql > $@.tmp && mv $@.tmp $@
%D%/schema-2.inc: %D%/schema-2.sql
	$(AM_V_GEN)$(fg_store_quote) $(top_srcdir)/%D%/schema-2.sql > $@.tmp && mv $@.tmp $@
# For a make of one target in a fresh folder, where nothing has built BUILT_SOURCES.
%D%/libfgstore_a-sqlite_db.$(OBJEXT): $(fg_store_schemas)
