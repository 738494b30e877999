/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Tries the card stack on a real reader, by hand or on vpcd: lists readers, looks at
 * the card, and with a PIN on standard input signs once; prints every APDU but the PIN.
 *
 *	card_try PROFILES [-c CACHE-FOLDER] [-s] [-l]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/b64.h"
#include "card/trace.h"
#include "drivers/drivers.h"
#include "means/find.h"

static unsigned apdus;

static void
on_trace(void *arg, const char *line)
{
	(void)arg;
	apdus += line[0] == '>';
	printf("%s\n", line);
}

static int
stop(enum err e, const char *what)
{
	printf("%s: %s: %s\n", what, err_word(e), err_trail());
	return 1;
}

static int
sign(struct means *m, const struct means_view *v, bool allow_last)
{
	AUTO(secret_wipe) struct secret pin = { .len = 0 };
	AUTO(buf_free) struct buf sig = BUF(1024), hex = BUF(4096);
	char line[SECRET_MAX + 1] = "";
	struct pin_state left;
	enum err e;

	if (fgets(line, sizeof(line), stdin) == NULL)
		return 1;
	line[strcspn(line, "\n")] = '\0';
	e = secret_set(&pin, cur_str(line));
	explicit_bzero(line, sizeof(line));
	if (e == ERR_OK)
		e = m->ops->sign(m, v, &pin, allow_last, cur_str("card_try"), &sig,
		    &left);
	printf("tries %d\n", left.tries);
	if (e != ERR_OK)
		return stop(e, "sign");
	hex_put(&hex, buf_view(&sig));
	printf("signature %zu bytes, %u apdus\n", sig.len, apdus);
	return 0;
}

static int
try_card(struct pcsc *p, const struct native_search *s, bool with_pin, bool allow_last)
{
	AUTO(means_view_free) struct means_view v = { .event_counter = 0 };
	AUTO(means_close) struct means *m = NULL;
	struct pcsc_reader_state found;
	struct reader *r = NULL;
	enum err e;

	if ((e = native_find(p, s, &found)) != ERR_OK)
		return stop(e, "find");
	if ((e = pcsc_connect(p, found.name, &r)) != ERR_OK ||
	    (e = trace_open(r, on_trace, NULL, &r)) != ERR_OK)
		return stop(e, "connect");
	if ((e = native_open(r, &s->o, &m)) != ERR_OK)
		return stop(e, "open");
	if ((e = m->ops->look(m, &v)) != ERR_OK)
		return stop(e, "look");
	printf("%s: driver %s, serial %s, certificate %zu bytes, %d tries, "
	    "PIN %zu to %zu, events %u, %u apdus\n", v.reader, v.driver, v.serial,
	    v.cert.len, v.pin.tries, v.pin_min, v.pin_max, v.event_counter, apdus);
	return with_pin ? sign(m, &v, allow_last) : 0;
}

int
main(int argc, char **argv)
{
	AUTO(card_cache_close) struct card_cache *cache = NULL;
	AUTO(profiles_free) struct profiles profiles = { .n = 0 };
	AUTO(pcsc_close) struct pcsc *p = NULL;
	struct native_search s = { .n_ignore = 0 };
	bool with_pin = false, allow_last = false;
	const char *folder = NULL;
	enum err e;
	int o;

	while ((o = getopt(argc, argv, "c:sl")) != -1) {
		if (o == 'c')
			folder = optarg;
		with_pin |= o == 's';
		allow_last |= o == 'l';
	}
	if (optind == argc ||
	    (e = profiles_load(argv[optind], NULL, getuid(), &profiles)) != ERR_OK)
		return optind == argc ? 2 : stop(e, "profiles");
	if (folder != NULL && (e = card_cache_open(folder, &cache)) != ERR_OK)
		return stop(e, "cache");
	if ((e = pcsc_open(&p)) != ERR_OK || (e = pcsc_prepare(p)) != ERR_OK)
		return stop(e, "pcscd");
	s.o = (struct native_options){ .profiles = profiles_list(&profiles),
	    .drivers = drivers_table, .cache = cache };
	return try_card(p, &s, with_pin, allow_last);
}
