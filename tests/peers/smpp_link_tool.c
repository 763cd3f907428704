/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The smpp adapter on the command line: smpp_link_tool PORT DESTINATION TEXT [MARK_TLV
 * [KEY=VALUE ...]]. KEY is one of the words of links in fallgate.conf, or ca for a PEM file. Sends the text, waits for its outcome and for as many reports as it has parts, unbinds, prints one JSON
 * object. Exit code 1 when they do not come within ten seconds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "tests/adapters/recorder.h"

enum { WAIT_MS = 10000 };

static void print(const struct recorder *recorder)
{
	const struct fg_job_outcome *outcome = recorder_outcome(recorder, 1);

	printf("{\"outcome\":%d,\"rc\":\"%s\",\"code\":%u,\"refs\":[", (int)outcome->outcome,
	       fg_rc_name(outcome->rc), outcome->carrier_code);
	for (unsigned i = 0; i < outcome->parts; i++)
		printf("%s\"%s\"", i ? "," : "", outcome->ref[i]);
	printf("],\"reports\":[");
	for (unsigned i = 0; i < recorder->reports_count; i++)
		printf("%s{\"ref\":\"%s\",\"state\":%u,\"destination\":\"%s\"}", i ? "," : "",
		       recorder->reports[i].ref, recorder->reports[i].state,
		       recorder->reports[i].destination);
	printf("]}\n");
}

/* The words that the tests change. */
static bool set(struct recorder *recorder, struct fg_conf_links *conf, const char *word)
{
	const struct {
		const char *key;
		char *at;
		size_t size;
	} words[] = {
		{ "bind", conf->bind, sizeof(conf->bind) },
		{ "long_text", conf->long_text, sizeof(conf->long_text) },
		{ "alphabet", conf->alphabet, sizeof(conf->alphabet) },
		{ "tls", conf->tls, sizeof(conf->tls) },
		{ "tls_name", conf->tls_name, sizeof(conf->tls_name) },
	};
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : 0;

	if (len == 2 && memcmp(word, "ca", 2) == 0) {
		fg_host_set_file(recorder->host, FG_FILE_LINK_CA, open(value + 1, O_RDONLY));
		return true;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].key) != len || memcmp(words[i].key, word, len) != 0)
			continue;
		snprintf(words[i].at, words[i].size, "%s", value + 1);
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	void *ctx = talloc_new(NULL);
	struct recorder *recorder = recorder_new(ctx);
	struct fg_loop *loop = fg_loop_new(ctx);
	struct fg_conf_links conf;
	struct timeval turn = { 0, 20000 };
	unsigned given = 0, stored = 0;
	uint64_t end_ms;

	if (argc < 4 || !loop)
		return 2;
	recorder_conf("smpp", &conf);
	conf.port = atoi(argv[1]);
	conf.mark_tlv = argc > 4 ? strtol(argv[4], NULL, 0) : 0;
	for (int i = 5; i < argc; i++)
		if (!set(recorder, &conf, argv[i]))
			return 2;
	snprintf(conf.system_id, sizeof(conf.system_id), "fallgate");
	end_ms = fg_clock_mono_ms(fg_loop_clock(loop)) + WAIT_MS;
	if (fg_host_open(recorder->host, fg_adapter_find("smpp"), loop, &conf) != FG_OK)
		return 2;
	while (!recorder->drained && fg_clock_mono_ms(fg_loop_clock(loop)) < end_ms) {
		const struct fg_job_outcome *outcome = recorder_outcome(recorder, 1);

		event_base_loopexit(fg_loop_base(loop), &turn);
		fg_loop_step(loop, true);
		if (recorder->state.up && !given++)
			recorder_give(recorder, 1, argv[2], argv[3]);
		while (stored < recorder->reports_count)
			fg_host_stored(recorder->host, recorder->reports[stored++].token);
		if (outcome &&
		    (outcome->outcome != FG_OUTCOME_ACCEPTED || stored >= outcome->parts))
			fg_host_drain(recorder->host);
	}
	if (recorder_outcome(recorder, 1))
		print(recorder);
	fg_host_close(recorder->host);
	given = recorder->drained;
	talloc_free(ctx);
	return given ? 0 : 1;
}
