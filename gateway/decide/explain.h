/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Why, for people: which row of the built-in table decided and what made it hold, each rule that
 * was tried and why it did not match, each link and what keeps the message off it, and which single
 * change would make it end to end.
 */
#pragma once

#include "gateway/decide/policy.h"

/*! Explain the decision that fg_decide(policy, facts) gives.
 *  \param[in]  link_names  one for each of facts.links, or NULL: then links are numbers; borrowed.
 *  \param[out] out         plain text lines, always ended by NUL, cut when cap is too small.
 *  \param[out] len_out     length without the NUL, set on success.
 *  \return FG_OK; FG_E_SPACE when the text was cut: 8 KiB hold any but the tried rules, each of
 * which adds up to 256 bytes. Pure; no names of sender or recipient are written. O(rules + links).
 */
enum fg_rc fg_explain(const struct fg_policy *policy, const struct fg_facts *facts,
		      const char *const *link_names, char *out, size_t cap, size_t *len_out);
