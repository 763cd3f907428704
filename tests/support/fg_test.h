/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What every unit test includes: cmocka in the order it wants, and a few assertions in our own words.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <stdbool.h>
#include <stdio.h>
#include <cmocka.h>
#include "lib/base/error.h"

/*! Fails with the error's name instead of a number. */
#define assert_rc(expected, call)                                                                  \
	do {                                                                                       \
		enum fg_rc assert_rc_got_ = (call);                                                \
		if (assert_rc_got_ != (expected))                                                  \
			fail_msg("%s gave %s, not %s", #call, fg_rc_name(assert_rc_got_),          \
				 fg_rc_name(expected));                                            \
	} while (0)

#define assert_ok(call) assert_rc(FG_OK, call)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/*! Read a hex string (spaces allowed) into out; returns the number of bytes. Fails the test on anything else. */
size_t fg_test_unhex(const char *hex, uint8_t *out, size_t cap);

/*! A new empty folder below $TMPDIR, removed by fg_test_rmdir(); the caller frees the path with free(). */
char *fg_test_tmpdir(void);
void fg_test_rmdir(char *path_take);
