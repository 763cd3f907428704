/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The smpp adapter: the account of a link (account.h) on as many connections (socket.h) as its
 * configuration says, driven by one timer. At the end of each loop turn in which something happened
 * the host hears what has changed, and the timer is set to what is due next.
 */
#include "adapters/smpp/socket.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "adapters/smpp/tls.h"
#include "lib/base/log.h"

enum { SOCKETS_MAX = 32 };

struct smpp_link {
	struct fg_smpp_place place;
	SSL_CTX *next_tls; /* prepared, not adopted */
	struct fg_smpp_account *account;
	struct fg_smpp_socket *sockets[SOCKETS_MAX];
	unsigned count;
	struct event *timer, *turn;
};

static uint64_t now_ms(const struct smpp_link *link)
{
	return fg_clock_mono_ms(fg_loop_clock(link->place.loop));
}

static void set_timer(struct smpp_link *link, uint64_t now)
{
	uint64_t next = fg_smpp_account_next_ms(link->account), due;
	struct timeval tv;

	for (unsigned i = 0; i < link->count; i++) {
		due = fg_smpp_socket_next_ms(link->sockets[i]);
		next = due < next ? due : next;
	}
	if (next == UINT64_MAX) {
		event_del(link->timer);
		return;
	}
	next = next > now ? next - now : 0;
	tv.tv_sec = (time_t)(next / 1000);
	tv.tv_usec = (suseconds_t)(next % 1000 * 1000);
	event_add(link->timer, &tv);
}

static void sockets_tick(struct smpp_link *link)
{
	for (unsigned i = 0; i < link->count; i++)
		fg_smpp_socket_tick(link->sockets[i], now_ms(link));
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct smpp_link *link = arg;

	(void)fd;
	(void)what;
	sockets_tick(link);
	fg_smpp_account_turn_end(link->account, now_ms(link));
	set_timer(link, now_ms(link));
}

static void turn_later(void *arg)
{
	struct smpp_link *link = arg;

	event_active(link->turn, 0, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct smpp_link *link = arg;

	(void)fd;
	(void)what;
	fg_smpp_account_tick(link->account, now_ms(link));
	turn_later(link);
}

static int link_destroy(struct smpp_link *link)
{
	for (unsigned i = 0; i < link->count; i++)
		talloc_free(link->sockets[i]); /* before what they use */
	if (link->place.dns)
		evdns_base_free(link->place.dns, 0);
	if (link->timer)
		event_free(link->timer);
	if (link->turn)
		event_free(link->turn);
	SSL_CTX_free(link->place.tls);
	SSL_CTX_free(link->next_tls);
	return 0;
}

static bool add_socket(struct smpp_link *link, enum fg_smpp_kind kind)
{
	link->sockets[link->count] = fg_smpp_socket_new(link, &link->place, link->account, kind);
	return link->sockets[link->count] && ++link->count;
}

static bool add_sockets(struct smpp_link *link)
{
	const struct fg_conf_links *conf = link->place.conf;
	bool pair = strcmp(conf->bind, "tx+rx") == 0, ok = true;
	enum fg_smpp_kind kind = strcmp(conf->bind, "trx") == 0  ? FG_SMPP_TRX
				 : strcmp(conf->bind, "rx") == 0 ? FG_SMPP_RX
								 : FG_SMPP_TX;

	for (int64_t i = 0; i < conf->binds && ok; i++)
		ok = add_socket(link, kind) && (!pair || add_socket(link, FG_SMPP_RX));
	return ok;
}

static enum fg_rc read_codes(struct smpp_link *link)
{
	int fd = fg_host_file_take(link->place.host, FG_FILE_LINK_CODES);
	enum fg_rc rc;

	if (fd < 0)
		return *link->place.conf->vendor_codes ? FG_E_STATE : FG_OK;
	rc = fg_smpp_account_codes(link->account, fd);
	close(fd);
	return rc;
}

static enum fg_rc link_begin(struct smpp_link *link)
{
	const struct fg_conf_links *conf = link->place.conf;
	struct event_base *base = fg_loop_base(link->place.loop);
	enum fg_rc rc = FG_OK;

	if (strcmp(conf->tls, "on") == 0)
		rc = fg_smpp_tls_new(link->place.host, conf, &link->place.tls);
	if (rc != FG_OK)
		return rc;
	link->timer = event_new(base, -1, 0, on_timer, link);
	link->turn = event_new(base, -1, 0, on_turn, link);
	link->account = fg_smpp_account_new(link, link->place.host, conf, now_ms(link));
	if (!link->timer || !link->turn || !link->account)
		return FG_E_NO_MEMORY;
	rc = read_codes(link);
	if (rc != FG_OK)
		return rc;
	fg_smpp_account_codes_adopt(link->account, true);
	if (!add_sockets(link))
		return FG_E_NO_MEMORY;
	sockets_tick(link);
	set_timer(link, now_ms(link));
	return FG_OK;
}

static enum fg_rc smpp_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			    const struct fg_conf_links *conf, void **adapter_out)
{
	struct smpp_link *link = talloc_zero(ctx, struct smpp_link);
	enum fg_rc rc;

	if (!link)
		return FG_E_NO_MEMORY;
	talloc_set_destructor(link, link_destroy);
	link->place = (struct fg_smpp_place){
		.host = host, .loop = loop, .conf = conf, .turn = turn_later, .arg = link
	};
	*adapter_out = link;
	rc = link_begin(link);
	if (rc != FG_OK)
		talloc_free(link);
	return rc;
}

static enum fg_rc smpp_job(void *adapter, const struct fg_job *job)
{
	struct smpp_link *link = adapter;
	enum fg_rc rc = fg_smpp_account_job(link->account, job, now_ms(link));

	turn_later(link);
	return rc;
}

static void smpp_stored(void *adapter, uint64_t token)
{
	struct smpp_link *link = adapter;

	fg_smpp_account_stored(link->account, token);
	turn_later(link);
}

static void smpp_taken(void *adapter, uint64_t token, const struct fg_id *message_id, enum fg_rc rc)
{
	struct smpp_link *link = adapter;

	(void)message_id;
	fg_smpp_account_taken(link->account, token, rc);
	turn_later(link);
}

static void smpp_reach(void *adapter, bool there)
{
	struct smpp_link *link = adapter;

	if (!there)
		fg_smpp_account_abandon(link->account);
	turn_later(link);
}

static enum fg_rc smpp_prepare(void *adapter, const struct fg_conf *next,
			       char why[static FG_ADAPTER_WHY_MAX])
{
	struct smpp_link *link = adapter;
	const struct fg_conf_links *conf = link->place.conf;
	enum fg_rc rc = FG_OK;

	(void)next; /* a link whose keys changed is a new process */
	if (strcmp(conf->tls, "on") == 0)
		rc = fg_smpp_tls_new(link->place.host, conf, &link->next_tls);
	if (rc != FG_OK) {
		snprintf(why, FG_ADAPTER_WHY_MAX, "tls_ca, tls_certificate or tls_key: %s%s",
			 fg_rc_text(rc),
			 *conf->tls_certificate ? ": are the two of one pair?" : "");
		return rc;
	}
	rc = read_codes(link);
	if (rc != FG_OK)
		snprintf(why, FG_ADAPTER_WHY_MAX, "vendor_codes: %s", fg_rc_text(rc));
	return rc;
}

/* Connections have what they need of the old files by themselves; the next ones get the new. */
static void smpp_adopt(void *adapter, bool adopt)
{
	struct smpp_link *link = adapter;

	fg_smpp_account_codes_adopt(link->account, adopt);
	if (adopt && link->next_tls) {
		SSL_CTX_free(link->place.tls);
		link->place.tls = link->next_tls;
	} else {
		SSL_CTX_free(link->next_tls);
	}
	link->next_tls = NULL;
}

static void smpp_drain(void *adapter)
{
	struct smpp_link *link = adapter;

	for (unsigned i = 0; i < link->count; i++)
		fg_smpp_socket_drain(link->sockets[i]);
	fg_smpp_account_drain(link->account, now_ms(link));
	turn_later(link);
}

static void smpp_close(void *adapter)
{
	struct smpp_link *link = adapter;

	for (unsigned i = 0; i < link->count; i++)
		fg_smpp_socket_close(link->sockets[i]);
	talloc_free(link);
}

const struct fg_adapter_ops fg_adapter_smpp = {
	.name = "smpp",
	.open = smpp_open,
	.job = smpp_job,
	.stored = smpp_stored,
	.taken = smpp_taken,
	.prepare = smpp_prepare,
	.adopt = smpp_adopt,
	.reach = smpp_reach,
	.drain = smpp_drain,
	.close = smpp_close,
};
