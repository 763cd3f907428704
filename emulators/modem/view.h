/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What fallgate-modem shows: the phone's side, for people or as JSON lines.
 */
#pragma once

#include "emulators/modem/phone.h"

struct view {
	bool json, colour;
	bool many; /*!< several modems: each line says which */
};

void view_message(const struct view *view, unsigned modem, const struct phone_message *message);
void view_event(const struct view *view, unsigned modem, const struct phone_event *event);
