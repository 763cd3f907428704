/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cases that every engine of the store passes, one or more for each clause of store.h.
 */
#pragma once

#include "tests/store/store_support.h"

enum { STORE_CASES_MAX = 64 };

/*! Put the cases for an engine at cases_out, which has room for STORE_CASES_MAX. \return how many. */
size_t store_conformance_cases(const struct store_factory *factory, struct CMUnitTest *cases_out);

/*! Those of the clauses (conformance_clauses.c), without their factory. */
size_t store_clause_cases(struct CMUnitTest *cases_out);
int store_case_setup(void **state);
int store_case_teardown(void **state);

/*! The cases of conformance_relay.c: messages of applications. */
void a_relay_is_put_once_and_read_back_in_the_order_of_its_rows(void **state);
void a_relay_changes_in_place_and_its_body_goes_when_told(void **state);
void a_relay_that_ended_is_kept_until_it_is_dropped(void **state);
void a_key_belongs_to_one_message_until_it_expires(void **state);
void a_relay_outside_its_bounds_is_refused(void **state);

/*! The case of model.c: random submits answer as a model in memory does. */
void random_submits_answer_as_the_model_does(void **state);
