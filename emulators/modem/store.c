/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages kept on the SIM and in the modem, and the commands that read them (27.005, 3.2.2, 3.4.2,
 * 3.4.3, 3.5.4, 4.1, 4.2).
 */
#include "emulators/modem/at.h"

#include <stdio.h>
#include <string.h>

enum { STAT_ALL = 4, HEX_CAP = 2 * PDU_CAP + 1, HEAD_CAP = 256, TEXT_CAP = 1024 };

static const char *const memory_names[MEMORIES] = { "SM", "ME", "SR" };

const char *phone_memory_name(unsigned memory)
{
	return memory_names[memory];
}

unsigned phone_memory_find(const struct phone *phone, const char *name)
{
	for (unsigned i = 0; i < MEMORIES; i++)
		if (strcmp(name, memory_names[i]) == 0 && strstr(phone->profile->memories, name))
			return i;
	return MEMORIES;
}

struct phone_slot *phone_store_free(struct phone *phone, unsigned memory, unsigned *index_out)
{
	struct phone_memory *at = &phone->memories[memory];

	for (unsigned i = 0; i < at->size; i++)
		if (!at->slot[i].used) {
			*index_out = i + 1;
			return &at->slot[i];
		}
	return NULL;
}

struct phone_slot *phone_store_at(struct phone *phone, unsigned memory, int index)
{
	struct phone_memory *at = &phone->memories[memory];

	return index >= 1 && (unsigned)index <= at->size ? &at->slot[index - 1] : NULL;
}

void phone_store_put(struct phone_slot *slot, enum slot_stat stat, const void *smsc,
		     size_t smsc_len, const void *tpdu, size_t len)
{
	*slot = (struct phone_slot){ .used = true,
				     .stat = (uint8_t)stat,
				     .smsc_len = (uint8_t)smsc_len,
				     .len = (uint8_t)(smsc_len + len) };
	memcpy(slot->pdu, smsc, smsc_len);
	if (len)
		memcpy(slot->pdu + smsc_len, tpdu, len);
}

unsigned phone_store_used(const struct phone *phone, unsigned memory)
{
	const struct phone_memory *at = &phone->memories[memory];
	unsigned used = 0;

	for (unsigned i = 0; i < at->size; i++)
		used += at->slot[i].used;
	return used;
}

/* ---- +CPMS ---- */

static void list_memories(struct phone *phone)
{
	char list[64] = "(";

	for (unsigned i = 0; i < MEMORIES; i++)
		if (strstr(phone->profile->memories, memory_names[i]))
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\"%s\"",
				 list[1] ? "," : "", memory_names[i]);
	phone_info(phone, "+CPMS: %s),%s),%s)", list, list, list);
}

static void say_memories(struct phone *phone, bool names)
{
	char text[128] = "";

	for (unsigned i = 0; i < 3; i++) {
		size_t len = strlen(text);

		if (names)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"%s\"",
						i ? "," : "", memory_names[phone->memory[i]]);
		snprintf(text + len, sizeof(text) - len, "%s%u,%u", names || i ? "," : "",
			 phone_store_used(phone, phone->memory[i]),
			 phone->memories[phone->memory[i]].size);
	}
	phone_info(phone, "+CPMS: %s", text);
}

int at_memory(struct phone *phone, const struct phone_command *command, enum at_form form,
	      const struct at_params *params)
{
	unsigned chosen[3] = { phone->memory[0], phone->memory[1], phone->memory[2] };
	char name[8];

	(void)command;
	if (form == AT_TEST)
		list_memories(phone);
	if (form == AT_READ)
		say_memories(phone, true);
	if (form != AT_SET)
		return AT_OK;
	for (unsigned i = 0; i < 3; i++) {
		if (!at_text(params, i, name, sizeof(name)))
			return AT_CMS + CMS_NOT_ALLOWED;
		if (name[0])
			chosen[i] = phone_memory_find(phone, name);
		if (chosen[i] == MEMORIES)
			return AT_CMS + CMS_NOT_ALLOWED;
	}
	memcpy(phone->memory, chosen, sizeof(chosen));
	say_memories(phone, false);
	return AT_OK;
}

/* ---- Reading ---- */

static void show_pdu(struct phone *phone, const char *head, const struct phone_slot *slot)
{
	char hex[HEX_CAP];

	(void)fg_tpdu_hex(slot->pdu, slot->len, hex, sizeof(hex));
	phone_info(phone, "%s%d,,%d", head, slot->stat, slot->len - slot->smsc_len);
	phone_info_octets(phone, hex, strlen(hex));
}

static void show_text(struct phone *phone, const char *start, const struct phone_slot *slot,
		      bool list)
{
	char head[HEAD_CAP], text[TEXT_CAP];
	size_t text_len = 0;

	if (!phone_text_show(phone, slot, list, head, sizeof(head), text, sizeof(text), &text_len))
		return;
	phone_info(phone, "%s%s", start, head);
	if (text_len || !list)
		phone_info_octets(phone, text, text_len);
}

static void show(struct phone *phone, const char *start, struct phone_slot *slot, bool list)
{
	if (phone->format == 0)
		show_pdu(phone, start, slot);
	else
		show_text(phone, start, slot, list);
	if (slot->stat == SLOT_UNREAD)
		slot->stat = SLOT_READ;
}

/* <stat> as a number or, in the text mode, as words; -1: wrong. */
static int read_stat(const struct phone *phone, const struct at_params *params)
{
	static const char *const words[] = { "REC UNREAD", "REC READ", "STO UNSENT", "STO SENT",
					     "ALL" };
	char text[16];
	int stat = SLOT_UNREAD;

	if (phone->format == 0)
		return at_number(params, 0, 0, STAT_ALL, &stat) ? stat : -1;
	if (!at_text(params, 0, text, sizeof(text)))
		return -1;
	if (!text[0])
		return stat;
	for (int i = 0; i <= STAT_ALL; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -1;
}

int at_list(struct phone *phone, const struct phone_command *command, enum at_form form,
	    const struct at_params *params)
{
	struct phone_memory *memory = &phone->memories[phone->memory[0]];
	int stat = read_stat(phone, params);
	char start[32];

	(void)command;
	if (form == AT_TEST) {
		phone_info(phone, phone->format == 0 ? "+CMGL: (0-4)"
						     : "+CMGL: (\"REC UNREAD\",\"REC READ\",\"STO "
						       "UNSENT\",\"STO SENT\",\"ALL\")");
		return AT_OK;
	}
	if (stat < 0)
		return AT_CMS + (phone->format == 0 ? CMS_PDU : CMS_TEXT);
	for (unsigned i = 0; i < memory->size; i++) {
		if (!memory->slot[i].used || (stat != STAT_ALL && memory->slot[i].stat != stat))
			continue;
		snprintf(start, sizeof(start), "+CMGL: %u,", i + 1);
		show(phone, start, &memory->slot[i], true);
	}
	return AT_OK;
}

int at_read(struct phone *phone, const struct phone_command *command, enum at_form form,
	    const struct at_params *params)
{
	struct phone_slot *slot;
	int index = 0;

	(void)command;
	if (form == AT_TEST)
		return AT_OK;
	if (!at_number(params, 0, 0, PHONE_STORE_MAX, &index))
		return AT_CMS + CMS_INDEX;
	slot = phone_store_at(phone, phone->memory[0], index);
	if (!slot)
		return AT_CMS + CMS_INDEX;
	if (slot->used) {
		show(phone, "+CMGR: ", slot, false);
		return AT_OK;
	}
	if (!(phone->profile->quirks & QUIRK_EMPTY_PLACE))
		return AT_CMS + CMS_INDEX;
	phone_info(phone, "+CMGR: 0,,0");
	return AT_OK;
}

/* ---- Deleting ---- */

static void delete_slot(struct phone *phone, struct phone_slot *slot)
{
	if (slot->used)
		phone->counters.deleted++;
	slot->used = false;
}

/* <delflag> of 3.5.4: 1 read, 2 and sent, 3 and unsent, 4 all */
static void delete_many(struct phone *phone, int flag)
{
	struct phone_memory *memory = &phone->memories[phone->memory[0]];

	for (unsigned i = 0; i < memory->size; i++) {
		struct phone_slot *slot = &memory->slot[i];

		if (flag == 4 || slot->stat == SLOT_READ ||
		    (flag >= 2 && slot->stat == SLOT_SENT) ||
		    (flag >= 3 && slot->stat == SLOT_UNSENT))
			delete_slot(phone, slot);
	}
}

static void list_indexes(struct phone *phone)
{
	const struct phone_memory *memory = &phone->memories[phone->memory[0]];
	char list[900] = "";
	size_t len = 0;

	for (unsigned i = 0; i < memory->size; i++)
		if (memory->slot[i].used)
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%u",
						len ? "," : "", i + 1);
	phone_info(phone, "+CMGD: (%s),(0-4)", list);
}

int at_delete(struct phone *phone, const struct phone_command *command, enum at_form form,
	      const struct at_params *params)
{
	int index = 0, flag = 0;
	struct phone_slot *slot;

	(void)command;
	if (form == AT_TEST) {
		list_indexes(phone);
		return AT_OK;
	}
	if (!at_number(params, 0, 0, PHONE_STORE_MAX, &index) || !at_number(params, 1, 0, 4, &flag))
		return AT_CMS + CMS_INDEX;
	if (flag > 0) {
		delete_many(phone, flag);
		return AT_OK;
	}
	slot = phone_store_at(phone, phone->memory[0], index);
	if (!slot)
		return AT_CMS + CMS_INDEX;
	delete_slot(phone, slot);
	return AT_OK;
}

/* ---- The SIM as a whole ---- */

void phone_sim_full(struct phone *phone, bool full)
{
	/* an old DELIVER from 15550123: "old" */
	static const uint8_t old[] = { 0x04, 0x08, 0x91, 0x51, 0x55, 0x10, 0x32, 0x00, 0x00, 0x42,
				       0x10, 0x10, 0x21, 0x00, 0x00, 0x00, 0x03, 0x6F, 0x36, 0x19 };
	static const uint8_t none = 0;
	unsigned index;
	struct phone_slot *slot;

	if (full)
		while ((slot = phone_store_free(phone, MEMORY_SM, &index)))
			phone_store_put(slot, SLOT_READ, &none, 1, old, sizeof(old));
	else
		for (unsigned i = 0; i < phone->memories[MEMORY_SM].size; i++)
			phone->memories[MEMORY_SM].slot[i].used = false;
	phone_route(phone);
	phone_flush(phone);
}
