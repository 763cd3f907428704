/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * submit_multi: each destination is a message of its own, and the answer comes when all of them are answered. It has the id of the first
 * that was taken; each receipt has its message's own, its destination, and user_message_reference.
 */
#include "adapters/smpp_server/server.h"

#include <stdlib.h>
#include <string.h>

struct app_multi *app_multi_new(struct app_server *server, const struct fg_smpp_pdu *pdu)
{
	size_t count = pdu->multi.dests.count, n = 0, at = 0;
	struct app_multi *multi = calloc(1, sizeof(*multi) + count * sizeof(multi->dests[0]));
	struct fg_smpp_dest dest;

	if (!multi)
		return NULL;
	multi->unsuccess = malloc(count * FG_SMPP_UNSUCCESS_MAX);
	if (!multi->unsuccess) {
		free(multi);
		return NULL;
	}
	multi->sequence = pdu->sequence;
	for (; n < count && fg_smpp_dest_next(&pdu->multi.dests, &at, &dest); n++) {
		multi->dests[n].ton = dest.ton;
		multi->dests[n].npi = dest.npi;
		if (dest.address.len > 0) /* at most 20, by the codec */
			memcpy(multi->dests[n].address, dest.address.at, dest.address.len);
	}
	TAILQ_INSERT_TAIL(&server->multis, multi, entry);
	return multi;
}

void app_multi_free(struct app_server *server, struct app_multi *multi)
{
	TAILQ_REMOVE(&server->multis, multi, entry);
	free(multi->unsuccess);
	free(multi);
}

void app_multi_not_taken(struct app_multi *multi, uint8_t n, uint32_t status)
{
	const struct fg_smpp_dest dest = { 1, multi->dests[n].ton, multi->dests[n].npi,
					   fg_smpp_text(multi->dests[n].address) };

	multi->unsuccess_len += fg_smpp_unsuccess_put(
		&dest, status, multi->unsuccess + multi->unsuccess_len, FG_SMPP_UNSUCCESS_MAX);
	multi->not_taken++;
}

static void answer(struct app_session *session, const struct app_multi *multi)
{
	struct fg_smpp_pdu pdu;
	char id[FG_ID_TEXT_LEN + 1] = "";

	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	pdu.command = FG_SMPP_SUBMIT_MULTI_RESP;
	pdu.sequence = multi->sequence;
	if (multi->has_id)
		fg_id_text(&multi->id, id);
	pdu.multi_resp.message_id = fg_smpp_text(id);
	pdu.multi_resp.unsuccess.count = multi->not_taken;
	pdu.multi_resp.unsuccess.octets =
		(struct fg_smpp_bytes){ multi->unsuccess, multi->unsuccess_len };
	app_session_send(session, &pdu);
}

void app_multi_given(struct app_session *session, struct app_multi *multi)
{
	if (multi->left > 0)
		return;
	answer(session, multi);
	app_multi_free(session->server, multi);
}

void app_multi_taken(struct app_server *server, struct app_pending *pending,
		     const struct fg_id *message_id, uint32_t status)
{
	struct app_multi *multi = pending->multi;

	if (status != 0) {
		app_multi_not_taken(multi, pending->dest, status);
	} else if (!multi->has_id) {
		multi->has_id = true;
		multi->id = *message_id;
	}
	if (--multi->left > 0)
		return;
	if (pending->session)
		answer(pending->session, multi);
	app_multi_free(server, multi);
}
