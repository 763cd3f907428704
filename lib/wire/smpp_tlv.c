/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/smpp_tlv.h"

#include "lib/wire/smpp.h"

enum form_row {
#define FG_SMPP_TLV(NAME, tag, name, kind, min, max, dump) ROW_##NAME,
#include "lib/wire/smpp_tlv.def"
#undef FG_SMPP_TLV
};

static const struct fg_smpp_tlv_form forms[] = {
#define FG_SMPP_TLV(NAME, tag, name, kind, min, max, dump)                                         \
	[ROW_##NAME] = { #name, FG_SMPP_TLV_KIND_##kind, min, max, FG_SMPP_TLV_DUMP_##dump },
#include "lib/wire/smpp_tlv.def"
#undef FG_SMPP_TLV
};

const struct fg_smpp_tlv_form *fg_smpp_tlv_form_find(uint16_t tag)
{
	switch (tag) {
#define FG_SMPP_TLV(NAME, tag, name, kind, min, max, dump)                                         \
	case tag:                                                                                  \
		return &forms[ROW_##NAME];
#include "lib/wire/smpp_tlv.def"
#undef FG_SMPP_TLV
	default:
		return NULL;
	}
}

bool fg_smpp_tlv_len_allowed(uint16_t tag, size_t len)
{
	const struct fg_smpp_tlv_form *form = fg_smpp_tlv_form_find(tag);

	return form ? len >= form->min && len <= form->max : len <= UINT16_MAX;
}

const struct fg_smpp_tlv *fg_smpp_tlv_find(const struct fg_smpp_pdu *pdu, uint16_t tag)
{
	for (unsigned i = 0; i < pdu->tlvs.count; i++)
		if (pdu->tlvs.list[i].tag == tag)
			return &pdu->tlvs.list[i];
	return NULL;
}

uint32_t fg_smpp_tlv_value(const struct fg_smpp_tlv *tlv)
{
	uint32_t value = 0;

	if (!tlv->at)
		return tlv->number;
	for (size_t i = 0; i < tlv->len; i++)
		value = value << 8 | tlv->at[i];
	return value;
}

bool fg_smpp_tlv_number(const struct fg_smpp_pdu *pdu, uint16_t tag, uint32_t *number_out)
{
	const struct fg_smpp_tlv_form *form = fg_smpp_tlv_form_find(tag);
	const struct fg_smpp_tlv *tlv = fg_smpp_tlv_find(pdu, tag);

	if (!tlv || !form || form->kind != FG_SMPP_TLV_KIND_INT)
		return false;
	*number_out = fg_smpp_tlv_value(tlv);
	return true;
}

bool fg_smpp_tlv_bytes(const struct fg_smpp_pdu *pdu, uint16_t tag, struct fg_smpp_bytes *bytes_out)
{
	const struct fg_smpp_tlv_form *form = fg_smpp_tlv_form_find(tag);
	const struct fg_smpp_tlv *tlv = fg_smpp_tlv_find(pdu, tag);
	size_t len;

	if (!tlv || !tlv->at)
		return false;
	len = tlv->len;
	if (form && form->kind == FG_SMPP_TLV_KIND_CSTRING && len > 0 && tlv->at[len - 1] == 0)
		len--;
	*bytes_out = (struct fg_smpp_bytes){ tlv->at, len };
	return true;
}

static enum fg_rc append(struct fg_smpp_pdu *pdu, const struct fg_smpp_tlv *tlv)
{
	if (pdu->tlvs.count >= FG_SMPP_TLVS_MAX)
		return FG_E_SPACE;
	pdu->tlvs.list[pdu->tlvs.count++] = *tlv;
	return FG_OK;
}

enum fg_rc fg_smpp_tlv_add(struct fg_smpp_pdu *pdu, uint16_t tag, const void *at, size_t len)
{
	if (!fg_smpp_tlv_len_allowed(tag, len))
		return FG_E_PDU_FIELD;
	/* Without octets number would count, so an empty value points at something. */
	return append(pdu, &(struct fg_smpp_tlv){ tag, (uint16_t)len, len ? at : "", 0 });
}

enum fg_rc fg_smpp_tlv_add_number(struct fg_smpp_pdu *pdu, uint16_t tag, uint32_t number)
{
	const struct fg_smpp_tlv_form *form = fg_smpp_tlv_form_find(tag);

	if (!form || form->kind != FG_SMPP_TLV_KIND_INT)
		return FG_E_ARG;
	if (form->max < sizeof(number) && number >> (8 * form->max) != 0)
		return FG_E_ARG;
	return append(pdu, &(struct fg_smpp_tlv){ tag, form->max, NULL, number });
}
